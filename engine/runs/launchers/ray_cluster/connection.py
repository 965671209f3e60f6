"""The way from the engine into a Ray cluster: what is refused, in one line each, and what nodes get of the project."""

import hashlib
import os
import re
import socket
import subprocess
import sys

from engine.errors import ConfigError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.paths import PROJECT
from engine.runs.protocol.cluster_address import require_answer, require_ray
from engine.store.workspace import Workspace

#: How long Ray may take to connect.
CONNECT_S = 30.0
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
#: The last line of a traceback: "ModuleNotFoundError: No module named 'torch'".
_RAISED = re.compile(r"^\s*((?:\w+\.)*\w+(?:Error|Exception|Exit|Interrupt)\b.*)$", re.MULTILINE)
_PROBE = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
except BaseException as error:
    print(type(error).__name__, " ".join(str(error).split()))
    sys.exit(3)
"""
#: What a head node answers to another token, or to none.
_STRANGER = "InvalidAuthToken"
#: What the nodes need not have of the project.
_EXCLUDED = ["/tests", "/runs", "/assets/recordings", "/assets/docs", "/assets/*.png", "/.git", "/.ci"]


def namespace_of(workspace: Workspace) -> str:
    """Return the namespace of a workspace's actors: two workspaces share a cluster without meeting."""
    identity = f"{socket.gethostname()}:{workspace.path}"
    return f"skipscope-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def connect(address: str, namespace: str) -> str:
    """Connect this process, after ``try_out``; return the id of the node on which it works. Raises ConfigError."""
    host, port = _prepare(address)
    import ray

    try:
        ray.init(
            address=f"{host}:{port}", namespace=namespace, log_to_driver=False, logging_level="ERROR",
            runtime_env={"working_dir": str(PROJECT), "excludes": _EXCLUDED},
        )  # fmt: skip
        node: str = ray.get_runtime_context().get_node_id()
    except Exception as error:
        raise ConfigError(in_words(in_one_line(error), address)) from None
    return node


def try_out(address: str) -> None:
    """Connect once in a process that can be ended: with a wrong token or port Ray waits for minutes, or aborts.

    Raises ConfigError in one line: no Ray, a wrong address, another version, a token that is missing or wrong, or no
    node of the cluster on this machine.
    """
    host, port = _prepare(address)
    command = [sys.executable, "-c", _PROBE, f"{host}:{port}"]
    said: list[str] = []

    def listen() -> None:
        for line in probe.stdout or ():
            said.append(line.strip())
            if _STRANGER in line:  # which Ray repeats for twenty seconds
                probe.kill()

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as probe:
        listener = GuardedThread("probe", listen, said.append)
        listener.start()
        is_late = False
        try:
            probe.wait(CONNECT_S)
        except subprocess.TimeoutExpired:
            is_late = True
            probe.kill()
        listener.join()
    if probe.returncode:
        raise ConfigError(in_words("" if is_late or not said else said[-1], address))


def _prepare(address: str) -> tuple[str, int]:
    """Return host and port. Call it before Ray is loaded, which reads these settings once."""
    require_ray()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "error")
    return require_answer(address)


def in_words(text: str, address: str) -> str:
    """Return Ray's error in one line that says what to do."""
    lowered, text = text.lower(), text[:300]
    if not text or "failed to connect" in lowered:
        return f"what answers at {address} is no head of Ray, or does not accept this machine within {CONNECT_S:g} s"
    if "version mismatch" in lowered:
        return f"the cluster at {address} has another version of Ray or Python than this machine: {text}"
    if "token" in lowered or "unauthenticated" in lowered:
        return (
            f"the cluster at {address} refuses this machine: its token is missing or wrong; set RAY_AUTH_MODE=token "
            "and RAY_AUTH_TOKEN here as on its nodes"
        )
    if "raylet" in lowered or "node" in lowered:
        return f"this machine is no node of the cluster: `ray start --address {address}` here first; {text}"
    return f"the cluster at {address} cannot be used: {text}"


def innermost_cause(error: BaseException) -> str:
    """Return in one line what Ray's text ends with: it begins with addresses, and quotes the tracebacks of nodes."""
    text = _COLOURS.sub("", str(error))
    raised: list[str] = _RAISED.findall(text)
    if raised:
        return raised[-1][:300]
    text = " ".join(text.split())[-200:]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
