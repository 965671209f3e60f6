"""A start that Ray has not placed is given up; one that it has placed is not."""

from pathlib import Path

import pytest

from engine.runs.protocol.job import Job

pytest.importorskip("ray", reason="needs Ray (240 MB): pip install ray==2.60.0")


class Actor:
    """What was asked of it."""

    def __init__(self):
        self.work = self.place = self.await_end = self.signal = self
        self.words = []

    def options(self, **_):
        return self

    def remote(self, *words):
        self.words += words


@pytest.fixture
def worker(monkeypatch):
    from engine.runs.launchers.ray_cluster import ray_worker

    made = ray_worker.RayWorker(Job(1, Path("w"), "cpu", 1), lambda task: task())
    made.killed = []
    monkeypatch.setattr(ray_worker.ray, "kill", made.killed.append)
    return made


def test_a_start_that_is_not_placed_is_given_up(worker):
    actor = Actor()
    worker.follow(actor)
    assert worker.ended() is None
    assert worker.withdraw()
    assert worker.ended() == "ended before it started"
    assert worker.killed == [actor]
    worker.settle("id", "10.0.0.2", 7)  # Ray placed it at that moment
    assert worker.place == ""
    assert worker.withdraw()
    assert worker.killed == [actor]


def test_a_worker_that_is_placed_is_not_given_up(worker):
    actor = Actor()
    worker.follow(actor)
    worker.settle("id", "10.0.0.2", 7)
    assert not worker.withdraw()
    assert worker.place == "process 7 on node 10.0.0.2"
    assert worker.ended() is None
    assert worker.killed == []
    worker.send("pause")
    assert actor.words == ["pause"]


def test_signals_wait_for_the_actor(worker):
    actor = Actor()
    worker.send("pause")
    worker.follow(actor)
    assert actor.words == ["pause"]


def test_a_start_that_ray_does_not_place_is_late_until_it_is_placed_or_given_up(worker, monkeypatch):
    from engine.runs.launchers.ray_cluster import ray_worker

    assert worker.delay == ""
    monkeypatch.setattr(ray_worker, "PLACED_S", 0.0)
    assert worker.delay == "Ray has found no room for run 1 yet; others may use the cluster"
    worker.settle("id", "10.0.0.2", 7)
    assert worker.delay == ""
    worker._place, worker.how = "", "worker could not be started"
    assert worker.delay == ""
