"""The way from the engine into a Ray cluster: what is refused, in one line each, and what nodes get of the project."""

import hashlib
import os
import socket

from engine.errors import ConfigError, in_one_line
from engine.paths import PROJECT
from engine.runs.protocol.cluster_address import require_answer, require_ray
from engine.store.workspace import Workspace

#: What the nodes need not have of the project.
_EXCLUDED = ["/tests", "/runs", "/assets/recordings", "/assets/docs", "/assets/*.png", "/.git", "/.ci"]


def namespace_of(workspace: Workspace) -> str:
    """Return the namespace of a workspace's actors: two workspaces share a cluster without meeting."""
    identity = f"{socket.gethostname()}:{workspace.path}"
    return f"skipscope-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def connect(address: str, namespace: str) -> str:
    """Connect this process; return the id of the node on which it works.

    Raises ConfigError in one line: no Ray, a wrong address, another version, a token that is missing or wrong, or no
    node of the cluster on this machine.
    """
    require_ray()
    host, port = require_answer(address)
    # Before Ray is loaded, which reads them once.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "error")
    import ray

    try:
        ray.init(
            address=f"{host}:{port}", namespace=namespace, log_to_driver=False, logging_level="ERROR",
            runtime_env={"working_dir": str(PROJECT), "excludes": _EXCLUDED},
        )  # fmt: skip
        node: str = ray.get_runtime_context().get_node_id()
    except Exception as error:
        raise ConfigError(_in_words(error, address)) from None
    return node


def _in_words(error: Exception, address: str) -> str:
    text = in_one_line(error)
    lowered = str(error).lower()
    if "version mismatch" in lowered:
        return f"the cluster at {address} has another version of Ray or Python than this machine: {text}"
    if "token" in lowered or "unauthenticated" in lowered:
        return f"the cluster at {address} refuses this machine: its token is missing or wrong (RAY_AUTH_TOKEN); {text}"
    if "raylet" in lowered or "node" in lowered:
        return f"this machine is no node of the cluster: `ray start --address {address}` here first; {text}"
    return f"the cluster at {address} cannot be used: {text}"
