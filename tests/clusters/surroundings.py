"""The surroundings of a test on a cluster: an environment of its own, and what must not be left when it ends."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from engine.paths import PROJECT
from engine.runs.protocol.cluster_address import VERSION
from tests.clusters.nodes import ENVIRONMENT

NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason=f"needs Ray (240 MB): pip install ray=={VERSION}"
)
#: How long the workers of a node that was killed may take to see it.
_GONE_S = 30.0


@contextmanager
def surroundings(folder, **further):
    """Yield an environment with folders of its own; make sure that no process and no file is left outside of them."""
    with tempfile.TemporaryDirectory(prefix="r") as short:  # the names of sockets have at most 107 bytes
        places = {name: folder / name for name in ("home", "tmp", "node")}
        for place in places.values():
            place.mkdir()
        environment = {
            **os.environ, **ENVIRONMENT, "HOME": str(places["home"]), "TMPDIR": str(places["tmp"]),
            "RAY_TMPDIR": short, "SKIPSCOPE_NODE_FOLDER": str(places["node"]), "PYTHONPATH": str(PROJECT), **further,
        }  # fmt: skip
        shared = in_shared_memory()
        yield environment
        until_gone(short)
        assert list(places["home"].iterdir()) == []
        assert list(places["tmp"].iterdir()) == []
        assert in_shared_memory() <= shared
        assert list(Path(short).rglob("*usage_stats*")) == [], "usage statistics are off"


def in_shared_memory():
    """Return the names of Ray's files in shared memory."""
    with suppress(OSError):
        return {entry.name for entry in os.scandir("/dev/shm") if "plasma" in entry.name or "ray" in entry.name}
    return set()


def of_cluster(short):
    """Return the living processes whose environment names the cluster's folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("RAY_TMPDIR") == short and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def until_gone(short):
    """Wait until no process of the cluster is left. Raises AssertionError that names them."""
    deadline = time.monotonic() + _GONE_S
    while left := of_cluster(short):
        assert time.monotonic() < deadline, [" ".join(process.cmdline())[:200] for process in left]
        time.sleep(0.2)


@contextmanager
def cluster(environment, number=1, cores=2):
    """Yield the address of a cluster of a head and some nodes of so many cores."""
    command = [sys.executable, "-m", "tests.clusters.nodes", str(number), str(cores)]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        yield address
        process.communicate()  # ends its input
