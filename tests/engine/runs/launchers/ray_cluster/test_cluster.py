"""Runs on a real cluster of three nodes on one machine: the same bits as here, whatever is lost in the middle.

Untried: several machines, a lost head node, GPUs, tokens, trials of learning rates, many runs (assets/docs/cluster.md).
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile

import pytest

from engine.paths import PROJECT
from engine.runs.protocol.cluster_address import VERSION
from tests.engine.runs.launchers.ray_cluster.cluster import ENVIRONMENT

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason=f"needs Ray (240 MB): pip install ray=={VERSION}"
    ),
]


@pytest.fixture
def experiment(tmp_path):
    """Do an experiment in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="r") as short:  # the names of sockets have at most 107 bytes
        environment = {
            **os.environ, **ENVIRONMENT, "HOME": str(tmp_path / "home"), "RAY_TMPDIR": short,
            "SKIPSCOPE_NODE_FOLDER": str(tmp_path / "node"),
        }  # fmt: skip
        (tmp_path / "home").mkdir()

        def does(name):
            module = "tests.engine.runs.launchers.ray_cluster.cluster"
            done = subprocess.run(
                [sys.executable, "-m", module, str(tmp_path), name], cwd=PROJECT, capture_output=True, text=True,
                env=environment,
            )  # fmt: skip
            logs = "".join(path.read_text() for path in tmp_path.glob("*/engine.log"))
            assert done.returncode == 0, done.stderr + logs
            assert list((tmp_path / "home").iterdir()) == [], "nothing outside of the chosen folders"
            return json.loads(done.stdout.splitlines()[-1])

        yield does


def assert_as_locally(found):
    assert found["states"] == ["finished"] * 4, found["causes"]
    assert found["points"]
    assert found["arrays"]
    assert found["checkpoints"] >= 4
    assert found["checkpoints_equal"]
    assert found["rows"] > 600


def test_a_race_has_the_bits_of_one_on_this_machine(experiment, tmp_path):
    found = experiment("plain")
    assert_as_locally(found)
    assert [path.name for path in (tmp_path / "node").iterdir()] == ["data"], "of a worker nothing stays on its node"
    assert set(found["attempts"].values()) == {1}


@pytest.mark.parametrize("how", ["killed", "removed", "stopped"])
def test_runs_of_a_lost_node_go_on_elsewhere_with_the_same_bits(experiment, how):
    found = experiment(how)
    assert_as_locally(found)
    assert max(found["attempts"].values()) > 1
    if how == "stopped":  # its workers live on, unseen
        assert max(found["refused"], default=0) > 0


def test_a_killed_engine_loses_nothing(experiment):
    found = experiment("engine")
    assert set(found["told"]) == {"paused"}, "the workers handed over their checkpoints and ended"
    assert_as_locally(found)


def test_paused_runs_go_on_elsewhere_and_a_fork_is_changed_and_stopped(experiment):
    found = experiment("commands")
    assert found["told"] == "stopped"
    assert_as_locally(found)
