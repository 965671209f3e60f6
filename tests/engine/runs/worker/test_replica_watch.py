"""The watch of a worker's replicas: what it does where the thread that trains does not ask."""

import logging
import multiprocessing
import os
import threading
import time
from types import SimpleNamespace

import pytest

from engine.config import RaceConfig
from engine.errors import DatabaseBusy, ReplicaFailed, ReplicaLost
from engine.events import RunState
from engine.runs.protocol.job import Job
from engine.runs.worker import replica, replica_watch, replicas
from engine.runs.worker.engine_link import Signal
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.replica import LOOPBACK, Place
from engine.runs.worker.replica_watch import ReplicaWatch
from engine.runs.worker.status_reporter import Interrupted
from engine.store.notice import Notice
from engine.store.reader import Reader
from engine.store.writer import Writer

TOLD = ReplicaFailed("replica 2 of 2: out of memory")
LOST = ReplicaLost("replica 2 of 2 was ended by signal 9 (SIGKILL)")
SILENT = ReplicaLost("replica 2 of 2 gave no sign of life for 60 s")


class Others:
    """The replicas as a test has them end."""

    def __init__(self):
        self.ended, self.left, self.has_left = None, [], threading.Event()

    def trouble(self):
        return self.ended

    def leave(self, word):
        self.left.append(word)
        self.has_left.set()


class Link:
    """An engine that sends no signal by itself."""

    signal, trouble = None, ""

    def __init__(self, workspace):
        self.notice = Notice(workspace.notice(1))

    def give_up(self, cause):
        self.trouble = cause


@pytest.fixture
def scene(workspace, monkeypatch):
    """A watch that has begun, its replicas, and run 1, which trains."""
    monkeypatch.setattr(replica_watch, "LOOK_S", 0.01)
    monkeypatch.setattr(replica_watch, "NOTICED_S", 0.1)
    monkeypatch.setattr(replica_watch, "_EXPLAINED_S", 0.3)
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        for state in (RunState.STARTING, RunState.RUNNING):
            writer.jobs.move(1, state)
    others = Others()
    watch = ReplicaWatch(1, others, LocalStore(workspace, 1), Link(workspace))
    watch.ranks = SimpleNamespace(trouble=lambda: None, is_overdue=lambda: False)
    yield watch.start(), others
    watch.close()


def row(workspace):
    with Reader(workspace) as reader:
        return reader.runs.known(1)


def until(met):
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_cause_that_nobody_takes_is_put_on_record(scene, workspace):
    watch, others = scene
    watch.ranks.trouble = lambda: TOLD
    assert others.has_left.wait(30)
    assert others.left == [""]
    assert (row(workspace).state, row(workspace).cause) == (RunState.FAILED, str(TOLD))


def test_an_end_that_nobody_takes_is_the_last_word_and_nothing_on_record(scene, workspace):
    _, others = scene
    others.ended = LOST
    assert others.has_left.wait(30)
    assert others.left == [str(LOST)]
    assert row(workspace).state == RunState.RUNNING


def test_a_cause_that_cannot_be_recorded_is_the_last_word(scene, monkeypatch):
    watch, others = scene

    def refuses(_):
        raise DatabaseBusy("the database is locked")

    monkeypatch.setattr(watch._store, "writer", refuses)
    watch.ranks.trouble = lambda: TOLD
    assert others.has_left.wait(30)
    assert others.left == [str(TOLD)]


def test_the_thread_that_trains_takes_it_first(scene):
    watch, others = scene
    watch.check()
    watch.ranks.trouble = lambda: TOLD
    until(lambda: watch.has_trouble)
    with pytest.raises(ReplicaFailed, match="out of memory"):
        watch.check()
    time.sleep(0.3)
    assert not others.left


def test_an_end_after_the_training_is_no_trouble(scene):
    watch, others = scene
    watch.close()
    others.ended = LOST
    time.sleep(0.3)
    assert not others.left


def test_a_signal_waits_for_an_update_and_not_for_one_that_is_overdue(scene, workspace):
    watch, others = scene
    watch._link.signal = Signal.PAUSE
    watch.meanwhile(False)
    with pytest.raises(Interrupted, match="a replica did not answer"):
        watch.meanwhile(True)
    time.sleep(0.3)
    assert not others.left


def test_a_signal_reaches_a_thread_that_waits_for_a_gpu(scene, workspace):
    watch, others = scene
    watch._link.signal = Signal.PAUSE
    watch.ranks.is_overdue = lambda: True
    assert others.has_left.wait(30)
    assert others.left == [""]
    assert row(workspace).state == RunState.PAUSED
    assert row(workspace).detail == "paused: a replica did not answer, so the run goes on from its newest checkpoint"


def test_a_broken_connection_is_explained_by_the_best_that_is_known(scene):
    watch, others = scene
    broken = ReplicaLost("another replica does not answer")
    assert watch.explained(broken) is broken
    others.ended = LOST
    watch.ranks.trouble = lambda: SILENT
    assert watch.explained(broken) is LOST
    watch.ranks.trouble = lambda: TOLD
    assert watch.explained(broken) is TOLD


def _fails(*_):
    raise OSError(28, "No space left on device")


@pytest.fixture
def job(workspace):
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    yield Job(1, workspace.path, "cpu", 2, further=("cpu",))
    root.handlers[:] = kept
    root.setLevel(level)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="what a test plants reaches a forked process alone")
def test_a_replica_that_cannot_even_begin_tells_its_worker(job, monkeypatch):
    monkeypatch.setattr(replica, "open_log", _fails)
    monkeypatch.setattr(replica, "_joined", _fails)
    engine, signals = multiprocessing.Pipe()
    others = replicas.LocalReplicas(job, signals)
    try:
        until(lambda: others._processes[0].exitcode is not None)
        told = others.trouble()
        assert (type(told), str(told)) == (ReplicaFailed, "replica 2 of 2: OSError: [Errno 28] No space left on device")
    finally:
        others.close()
        for each in (others.listener, engine, signals):
            each.close()


def test_a_replica_that_cannot_join_tells_why(job, monkeypatch):
    def nobody(*_):
        raise ReplicaLost("cannot connect to the first replica at 10.0.0.1:4")

    monkeypatch.setattr(replica, "_joined", nobody)
    cause, told = "cannot connect to the first replica at 10.0.0.1:4", []
    replica.train_along(job, Place(1, (LOOPBACK, 1), LOOPBACK), job.workspace, told.append)
    replica.train_along(job, Place(1, ("10.0.0.1", 4), "10.0.0.2"), job.workspace, told.append)
    assert told == [cause, f"node 10.0.0.2: {cause}"]


def test_a_replica_that_ends_with_its_worker_tells_nothing(job, monkeypatch):
    def gone(*_):
        raise ReplicaLost("another replica does not answer")

    monkeypatch.setattr(replica, "_joined", lambda *_: SimpleNamespace(meet=gone))
    told = []
    replica.train_along(job, Place(1, (LOOPBACK, 1), LOOPBACK), job.workspace, told.append)
    assert told == []


def test_a_replica_that_fails_before_it_joined_tells_the_sure_way_before_it_joins_to_tell(job, monkeypatch):
    told = []
    monkeypatch.setattr(
        replica, "_joined", lambda *_: SimpleNamespace(tell_failure=lambda cause: told.append(("rank 0", cause)))
    )
    place = Place(1, ("10.0.0.1", 4), "10.0.0.2")
    cause = "node 10.0.0.2: OSError: [Errno 28] No space left on device"
    replica.end_with(OSError(28, "No space left on device"), job, place, lambda cause: told.append(("sure", cause)))
    assert told == [("sure", cause), ("rank 0", cause)]


def test_a_cause_is_told_although_rank_0_cannot_be_reached(job, monkeypatch):
    monkeypatch.setattr(replica, "_joined", _fails)
    told = []
    place = Place(1, ("10.0.0.1", 4), "10.0.0.2")
    replica.end_with(ValueError("another data set"), job, place, told.append)
    assert told == ["node 10.0.0.2: ValueError: another data set"]


def test_of_several_ends_the_one_that_was_first_is_told(job, monkeypatch):
    """A killed replica breaks the connections of another, which then ends in good order and may be seen first."""
    monkeypatch.setattr(replicas, "_OTHERS_S", 0.2)
    others = replicas.LocalReplicas.__new__(replicas.LocalReplicas)
    others._job, others._told, others._ended_at = Job(1, job.workspace, "cpu", 3, further=("cpu", "cpu")), [], None
    others._processes = [SimpleNamespace(exitcode=0), SimpleNamespace(exitcode=None)]
    assert others.trouble() is None
    others._processes[1].exitcode = -9
    assert str(others.trouble()).startswith("replica 3 of 3 was ended by signal 9 (SIGKILL)")
    others._processes[1].exitcode = None
    time.sleep(0.3)
    assert str(others.trouble()) == "replica 2 of 3 ended with exit code 0"
