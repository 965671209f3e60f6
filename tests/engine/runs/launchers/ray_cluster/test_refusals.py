"""A cluster that does not take this machine: one line, status 2, and nothing is made, by the engine and by the page."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine.paths import PROJECT
from tests.clusters.surroundings import NEEDS_RAY, cluster, surroundings

pytestmark = [pytest.mark.long, pytest.mark.timeout(400), NEEDS_RAY]
#: In RAY_AUTH_TOKEN of the nodes, and of somebody else.
OURS, THEIRS = "a" * 32, "b" * 32


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def refused(environment, address, *words):
    """Start the engine and the page; make sure that both refuse in one line with these words and leave nothing."""
    folder = Path(environment["HOME"]).parent
    before = sorted(folder.rglob("*"))
    commands = (
        ["engine", "--workspace", str(folder / "w"), "serve"],
        ["app", "--workspace", str(folder / "w"), "--no-browser", "--port", str(free_port())],
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command, "--launcher", "ray", "--address", address], cwd=PROJECT,
            capture_output=True, text=True, env=environment, timeout=90,
        )  # fmt: skip
        said = (done.stdout + done.stderr).splitlines()
        assert (done.returncode, len(said)) == (2, 1), said
        assert all(word in said[0] for word in words), said
        assert sorted(folder.rglob("*")) == before, command


def test_a_cluster_takes_its_token_alone(tmp_path):
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": OURS}
    with surroundings(tmp_path, **token) as environment, cluster(environment) as address:
        for strange in ({"RAY_AUTH_TOKEN": THEIRS}, {"RAY_AUTH_TOKEN": ""}, {"RAY_AUTH_MODE": "disabled"}):
            refused(environment | strange, address, "its token is missing or wrong; set RAY_AUTH_MODE=token")


def test_a_cluster_of_another_version_is_named(tmp_path):
    """The head says of itself that it is of an older release: what a real one says, see ``assets/docs/cluster.md``."""
    with surroundings(tmp_path) as environment, cluster(environment) as address:
        script = (
            "import json, sys, ray\n"
            "ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')\n"
            "from ray._private import ray_constants\n"
            "from ray.experimental import internal_kv as kv\n"
            "place = dict(namespace=ray_constants.KV_NAMESPACE_CLUSTER)\n"
            "facts = json.loads(kv._internal_kv_get(b'CLUSTER_METADATA', **place))\n"
            "facts['ray_version'] = '2.9.1'\n"
            "kv._internal_kv_put(b'CLUSTER_METADATA', json.dumps(facts).encode(), overwrite=True, **place)\n"
        )
        subprocess.run([sys.executable, "-c", script, address], env=environment, check=True, timeout=90)
        refused(environment, address, "has another version of Ray or Python than this machine", "Ray: 2.9.1")


def test_without_ray_or_without_a_cluster_one_line_is_said(tmp_path):
    with surroundings(tmp_path) as environment:
        address = f"127.0.0.1:{free_port()}"
        refused(environment, address, f"no Ray cluster answers at {address}")
        refused(environment, "10.0.0.1", "--address is HOST:PORT")
        blocked = tmp_path / "without"
        blocked.mkdir()
        (blocked / "sitecustomize.py").write_text("import sys\nsys.modules['ray'] = None\n")
        path = os.pathsep.join((str(blocked), environment["PYTHONPATH"]))
        refused(environment | {"PYTHONPATH": path}, "10.0.0.1:6379", "which is not installed: pip install ray==")
