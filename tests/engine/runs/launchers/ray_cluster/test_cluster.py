"""Runs on a real cluster of three nodes on one machine: the same bits as here, whatever is lost in the middle."""

import json
import re
import subprocess
import sys

import pytest

from engine.paths import PROJECT
from tests.clusters.surroundings import NEEDS_RAY, surroundings

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_RAY]


@pytest.fixture
def experiment(tmp_path):
    """Do an experiment in a process of its own."""
    with surroundings(tmp_path) as environment:

        def does(*name, module="cluster"):
            module = f"tests.engine.runs.launchers.ray_cluster.{module}"
            done = subprocess.run(
                [sys.executable, "-m", module, str(tmp_path), *name], cwd=PROJECT, capture_output=True, text=True,
                env=environment,
            )  # fmt: skip
            logs = "".join(path.read_text() for path in tmp_path.glob("*/engine.log"))
            assert done.returncode == 0, done.stderr + logs
            return json.loads(done.stdout.splitlines()[-1])

        yield does


def assert_as_locally(found):
    assert found["states"] == ["finished"] * 4, found["causes"]
    assert found["points"]
    assert found["arrays"]
    assert found["entries"]
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


def test_a_desk_that_is_killed_is_replaced_and_no_batch_is_lost(experiment):
    found = experiment("desk")
    assert found["told"] == 2
    assert_as_locally(found)
    assert set(found["attempts"].values()) == {1}


def test_a_lost_head_ends_the_cluster_and_runs_go_on_in_another_one(experiment):
    found = experiment("head")
    assert "The last one ended by an error: the head of the cluster" in found["told"]["engine"]
    assert len(found["told"]["runs"]) == 4
    assert_as_locally(found)


def test_what_a_full_cluster_cannot_place_is_paused_stopped_and_deleted(experiment):
    found = experiment("full")
    waits, paused, stopped, rests = found["told"]
    assert waits.startswith("starting its worker: Ray has found no room for run ")
    assert paused == rests == "paused before it started"
    assert stopped == "stopped before it started"
    assert_as_locally(found)


def test_replicas_on_two_nodes_have_the_bits_of_two_processes_here_whatever_is_lost(experiment):
    found = experiment("lost", module="replicas")
    assert found["state"] == "finished", found["cause"]
    assert re.fullmatch("replica 2 of 2 on node [0-9.]+ died", found["told"]["killed"])
    assert found["told"]["waits"] == "waits for room for 2 replicas of 1 core each; the cluster's nodes take 1"
    assert found["points"]
    assert found["arrays"]
    assert found["rows"] > 900
    assert (found["threads"], found["attempts"], found["left"]) == (2, 3, 0)


def test_a_replica_that_cannot_reach_the_first_fails_the_run_with_its_cause(experiment):
    found = experiment("barred", module="replicas")
    assert found["state"] == "failed", found
    words = (
        r"replica 2 of 2: node [0-9.]+: cannot connect to the first replica at [0-9.:]+ \(.*\); all ports between .*"
    )
    assert re.fullmatch(words, found["cause"])
    assert found["seconds"] < 60, "a process loads torch before"


def test_a_replica_that_stands_still_ends_with_its_killed_worker(experiment):
    found = experiment("stopped", module="replicas")
    assert re.match("worker on node [0-9.]+ died", found["cause"])
    assert found["left"] == 0, found
