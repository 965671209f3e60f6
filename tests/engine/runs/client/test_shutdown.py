"""A shutdown says what became of each run: by the run's own row, whatever happened."""

import os
import time
from types import SimpleNamespace

import pytest
from filelock import FileLock

from engine import __version__
from engine.errors import EngineUnreachable
from engine.events import RunState
from engine.hardware.machine import this_process
from engine.runs.client import process
from engine.runs.client.observer import observe
from engine.runs.client.process import EngineProcess
from engine.runs.client.shutdown import Shutdown, outcomes
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.protocol.verbs import SHUTDOWN
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState
#: A process that has ended, as a start of the engine returns it.
FINISHED = SimpleNamespace(poll=lambda: 0)


@pytest.fixture
def runs(workspace):
    """Seven runs that an engine left in every way."""
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",), seeds=7), workspace))
        for run in range(1, 7):
            writer.jobs.move(run, S.STARTING)
        for run in (1, 2):
            writer.jobs.move(run, S.PAUSED, detail="paused at step 12")
        writer.jobs.move(3, S.RUNNING)
        writer.jobs.move(3, S.LOST, cause="worker gave no sign of life for 10 s; ended by force")
        writer.jobs.move(4, S.RUNNING)
        writer.jobs.update(4, pid=os.getpid(), heartbeat=time.time())
        writer.jobs.move(5, S.RUNNING)
        writer.jobs.update(5, pid=2**22 + 1, heartbeat=time.time())
        writer.jobs.move(6, S.RUNNING)
        writer.jobs.move(6, S.FINISHED)
    return workspace


def test_every_run_is_told_by_what_it_is_now(runs):
    with Reader(runs) as reader:
        ended = Shutdown(outcomes(reader.jobs.all()))
    assert ended.lines() == [
        "the engine has ended",
        "runs 1, 2: paused at step 12",
        "run 3: lost: worker gave no sign of life for 10 s; ended by force",
        f"run 4: still running; its worker (process {os.getpid()}) saves a checkpoint and ends by itself",
        "run 5: was running and nothing answered; the next engine resumes it from its last checkpoint",
        "run 6: finished",
        "run 7: queued; it starts with the next engine",
    ]


def test_many_runs_of_one_outcome_are_one_short_line():
    assert Shutdown(dict.fromkeys(range(1, 301), "paused")).lines()[1:] == [
        "runs 1, 2, 3, 4, 5, 6, 7, 8 and 292 more: paused"
    ]
    assert "not known" in Shutdown(is_known=False).lines()[0]


def test_an_engine_that_does_not_end_is_no_shutdown(workspace, monkeypatch):
    monkeypatch.setattr(process, "until", lambda met, seconds: met())
    me = this_process()
    with Writer(workspace) as writer:
        writer.presence.enter_engine(me.pid, me.started, "0", ["cpu"])
    expected = f"process {me.pid}.* did not end within 50 s; after `kill -9"
    with FileLock(workspace.engine_lock), pytest.raises(EngineUnreachable, match=expected):
        EngineProcess(workspace).shutdown()


def test_the_engine_of_the_original_is_not_that_of_a_copy(workspace, monkeypatch):
    me = this_process()
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        writer.jobs.move(1, S.STARTING)
        writer.jobs.move(1, S.RUNNING, pid=1, heartbeat=time.time())
        writer.presence.enter_engine(me.pid, me.started, __version__, ["cpu"])
        with writer.transaction() as connection:
            connection.execute("UPDATE engine SET heartbeat = heartbeat - 60")
    engine = EngineProcess(workspace)
    with FileLock(workspace.engine_lock):
        assert engine.status().state == "silent"
    assert engine.status().state == "none"
    assert engine.shutdown() is None
    with Reader(workspace) as reader:
        assert reader.commands.pending() == []
        assert observe(reader)[1].state == S.LOST, "its worker is the original's too"


def test_the_error_that_ended_the_last_engine_is_part_of_the_state(workspace):
    engine = EngineProcess(workspace)
    assert engine.status().message == "no engine runs; it starts with the next race or command"
    workspace.engine_end.write_text("ValueError: no such row\n")
    assert "The last one ended by an error: ValueError: no such row (log: " in engine.status().message


def test_an_engine_that_somebody_ended_is_not_started_unasked(workspace, monkeypatch):
    began, engine = time.time() - 1, EngineProcess(workspace)
    started = []

    def start():
        started.append(FINISHED)
        return FINISHED

    monkeypatch.setattr(engine, "_start", start)
    with Writer(workspace) as writer:
        writer.commands.finish(writer.commands.give(SHUTDOWN))
    with pytest.raises(EngineUnreachable, match="somebody ended the engine; it starts with the next race or command"):
        engine.ensure(unless_ended_since=began)
    assert not started
    for since in (None, time.time() + 1):  # asked for, and by a server that began after the command
        with pytest.raises(EngineUnreachable, match="ended while it started"):
            engine.ensure(unless_ended_since=since)
    assert len(started) == 4
