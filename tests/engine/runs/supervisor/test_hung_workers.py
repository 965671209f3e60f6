"""A worker without signs of life is ended and named; one that is slow, or stood still with the machine, is not."""

from types import SimpleNamespace

import pytest

from engine.events import RunState
from engine.runs.launchers.registry import Capacity
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor import worker_pool
from engine.runs.supervisor.worker_pool import AWAY_HUNG_S, HUNG_S, WorkerPool
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


class Worker:
    """A worker that breathes as it is told, and ends when it is killed."""

    def __init__(self, job):
        self.job, self.place, self.breathes, self.how = job, "process 7", True, None
        self.is_lost_with_place, self.delay = False, ""
        self.is_withdrawn = False

    def shows_life(self):
        return self.breathes

    def ended(self):
        return self.how

    def withdraw(self):
        self.is_withdrawn = not self.place
        return self.is_withdrawn

    def kill(self):
        self.how = "worker was ended by signal 9 (SIGKILL)"

    def send(self, word):
        pass


@pytest.fixture
def scene(workspace, monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(worker_pool, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: 0.0))
    launcher = SimpleNamespace(launch=Worker, trouble=str, capacity=lambda: None)
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("A", "none")), workspace))
        pool = WorkerPool(launcher, reader, writer)
        for run in (1, 2):
            writer.jobs.move(run, S.STARTING)
            pool.launch(Job(run, workspace.path, "cpu", 1))

        def seconds(count, each=1.0):
            for _ in range(count):
                clock.now += each
                pool.end_hung()
                pool.watch()

        yield SimpleNamespace(
            pool=pool, writer=writer, row=reader.jobs.get, launcher=launcher, seconds=seconds, clock=clock,
            workers=pool._launched, path=workspace.path,
        )  # fmt: skip


def test_a_worker_without_a_sign_of_life_is_ended_and_named(scene):
    scene.writer.jobs.move(1, S.RUNNING)
    scene.workers[1].breathes = False
    scene.seconds(int(HUNG_S) - 2)
    assert scene.row(1).state == S.RUNNING
    scene.seconds(3)
    assert (scene.row(1).state, scene.row(1).cause) == (S.LOST, "worker gave no sign of life for 60 s; ended by force")
    assert scene.row(2).state == S.STARTING


def test_a_cluster_has_longer_for_it_tells_itself_that_a_node_was_lost(scene):
    scene.launcher.capacity = lambda: Capacity((), (4,))
    scene.workers[1].breathes = False
    scene.seconds(int(AWAY_HUNG_S) - 2)
    assert scene.row(1).state == S.STARTING
    scene.seconds(3)
    assert (scene.row(1).state, scene.row(1).cause) == (S.LOST, "worker gave no sign of life for 90 s; ended by force")


def test_one_sign_of_life_gives_a_worker_its_whole_time_again(scene):
    for _ in range(5):
        scene.workers[1].breathes = False
        scene.seconds(int(HUNG_S) - 2)
        scene.workers[1].breathes = True
        scene.seconds(1)
    assert scene.row(1).state == S.STARTING


def test_a_resumed_run_does_not_inherit_the_silence_of_its_first_worker(scene):
    scene.workers[1].breathes = False
    scene.seconds(int(HUNG_S) + 1)
    assert scene.row(1).state == S.LOST
    scene.writer.jobs.move(1, S.QUEUED)
    scene.writer.jobs.move(1, S.STARTING)
    scene.pool.launch(Job(1, scene.path, "cpu", 1))
    scene.workers[1].breathes = False
    scene.seconds(int(HUNG_S) - 2)
    assert scene.row(1).state == S.STARTING


def test_time_that_the_engine_did_not_see_counts_for_nothing(scene):
    """The machine slept for an hour, and the engine wakes first."""
    for worker in scene.workers.values():
        worker.breathes = False
    scene.seconds(1, each=3600.0)
    scene.seconds(5)
    assert [scene.row(run).state for run in (1, 2)] == [S.STARTING, S.STARTING]


def test_a_worker_that_waits_for_its_start_does_not_hang(scene):
    scene.workers[1].place, scene.workers[1].breathes = "", False
    scene.seconds(200)
    assert scene.row(1).state == S.STARTING


def test_trouble_with_starts_reaches_the_runs_that_wait_for_them(scene):
    scene.workers[1].place = ""
    trouble = "the fork server was ended by signal 9 (SIGKILL); starts again in 1 s (try 2 of 6)"
    scene.launcher.trouble = lambda: trouble
    scene.pool.watch()
    assert scene.pool.trouble == trouble
    assert scene.row(1).detail == f"starting its worker: {trouble}"
    assert scene.row(2).detail == ""
    scene.launcher.trouble = str
    scene.pool.watch()
    assert scene.row(1).detail == "starting its worker"
    scene.workers[1].how = "worker could not be started: no memory; tried 6 times"
    scene.pool.watch()
    assert (scene.row(1).state, scene.row(1).cause) == (
        S.FAILED, "worker could not be started: no memory; tried 6 times",
    )  # fmt: skip


def test_a_start_that_has_not_begun_can_be_withdrawn(scene):
    assert not scene.pool.withdraw(1)
    scene.workers[2].place = ""
    assert scene.pool.withdraw(2)
    assert not scene.pool.has(2)
    assert scene.pool.withdraw(2), "nobody has it"
