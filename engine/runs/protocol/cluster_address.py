"""What can be said of a Ray cluster before anything is started: is Ray installed, what is an address, who has one.

Torch-free, and without Ray.
"""

import importlib.util
import os
import re
import socket

from engine.errors import ConfigError
from engine.store.workspace import Workspace

#: The version that the tests use; a cluster wants the same one everywhere.
VERSION = "2.60.0"
#: Tells a process's choice of a launcher to what it starts: an internal variable, no setting.
ENVIRONMENT = "ENGINE_LAUNCHER"
#: How long the head node may take to answer.
ANSWER_S = 5.0
_ADDRESS = re.compile(r"(?P<host>[^\s:/]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


def require_ray() -> None:
    """Raise ConfigError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise ConfigError(f"the launcher ray needs Ray, which is not installed: pip install ray=={VERSION}")


def require_address(address: str) -> tuple[str, int]:
    """Return host and port of a head node. Raises ConfigError for another text."""
    match = _ADDRESS.fullmatch(address.strip())
    if match is None or not 0 < int(match["port"]) < 2**16 or not _is_host(match["host"]):
        raise ConfigError(
            f"--address is HOST:PORT of the cluster's head node, for example 10.0.0.1:6379 (got {address!r})"
        )
    return match["host"].strip("[]"), int(match["port"])


def _is_host(name: str) -> bool:
    """Return whether a name can be asked for; the socket module raises no OSError for others."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def require_answer(address: str) -> tuple[str, int]:
    """Return host and port of a head node. Raises ConfigError for another text, or where nobody answers."""
    host, port = require_address(address)
    try:
        socket.create_connection((host, port), ANSWER_S).close()
    except OSError as error:
        raise ConfigError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); `ray start --head` prints its address"
        ) from None
    return host, port


def trains_on_cluster(workspace: Workspace) -> bool:
    """Return whether the workspace's engine, or the one that this process would start, trains on a cluster."""
    try:
        chosen = workspace.engine_launcher.read_text()
    except (OSError, UnicodeDecodeError):  # no engine lives
        chosen = os.environ.get(ENVIRONMENT, "")
    return chosen.startswith("ray ")
