"""Runs with two replicas under a real engine: what happens to both processes when one of them ends."""

import os
import signal
import sys
import time

import psutil
import pytest

from engine.events import RunState, Split
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from tests.engine.runs.conftest import PATIENCE_S, TINY
from tests.engine.runs.faults import ENDLESS, FAULT_STEP

S = RunState
#: A rank that was killed is told within this time, on a busy machine too: before its silence would be, after 60 s.
TOLD_S = 45.0


@pytest.fixture(autouse=True)
def enough_cores(monkeypatch):
    monkeypatch.setattr("engine.runs.protocol.planning.cores", lambda: 2)


def race(room, steps: int) -> int:
    request = RaceRequest((8,), ("A",), steps=steps, settings=TINY | {"replicas": "2"})
    (run,) = room.control.start_race(plan_race(request, room.workspace))[1]
    return run


def others(room, run: int) -> list[psutil.Process]:
    """Return the processes of a run's replicas but the first."""
    return psutil.Process(room.row(run).pid).children()


def points(room, run: int) -> dict[Split, list]:
    with Reader(room.workspace) as reader:
        series = {split: reader.points.series(run, split).columns for split in Split}
    return {split: [columns[name].tolist() for name in ("step", "loss", "error")] for split, columns in series.items()}


def gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


@pytest.mark.slow
def test_a_killed_replica_loses_the_run_which_goes_on_bit_for_bit(busy_room):
    whole = race(busy_room, 60)
    busy_room.until_state(whole, S.FINISHED)
    assert busy_room.row(whole).threads >= 2
    parts = race(busy_room, 60)
    busy_room.until_step(parts, 20)
    busy_room.control.commands.give("pause", parts, until_done_s=PATIENCE_S)
    assert busy_room.row(parts).detail.startswith("paused at step ")
    busy_room.control.commands.give("resume", parts)
    busy_room.until_step(parts, busy_room.row(parts).step + 5)
    worker = psutil.Process(busy_room.row(parts).pid)
    (other,) = others(busy_room, parts)
    listening = [each for process in (worker, other) for each in process.net_connections() if each.status == "LISTEN"]
    assert {each.laddr.ip for each in listening} == {"127.0.0.1"}
    other.kill()
    row = busy_room.until_state(parts, S.LOST, seconds=TOLD_S)
    assert row.cause.startswith("worker ended: replica 2 of 2 was ended by signal 9 (SIGKILL)")
    assert gone([worker, other])
    busy_room.control.commands.give("resume", parts)
    busy_room.until_state(parts, S.FINISHED)
    assert points(busy_room, parts) == points(busy_room, whole)


@pytest.mark.slow
def test_the_replicas_of_a_killed_worker_end_by_themselves(busy_room):
    run = race(busy_room, ENDLESS)
    row = busy_room.until_step(run, 5)
    left = others(busy_room, run)
    if sys.platform.startswith("linux"):  # elsewhere the system does not help
        left[0].suspend()  # one that does nothing any more ends as well
    os.kill(row.pid, signal.SIGKILL)
    busy_room.until(lambda: gone(left), TOLD_S)
    assert "signal 9 (SIGKILL)" in busy_room.until_state(run, S.LOST).cause


@pytest.mark.slow
def test_a_replica_that_dies_while_the_run_waits_is_noticed(busy_room):
    """Nobody exchanges anything while a run is held back: its worker sees the end of the process."""
    run = race(busy_room, ENDLESS + 90_000)  # rests of 90 s between two updates
    busy_room.until(lambda: busy_room.row(run).state == S.RUNNING and others(busy_room, run))
    time.sleep(0.5)
    began = time.monotonic()
    others(busy_room, run)[0].kill()
    assert "replica 2 of 2" in busy_room.until_state(run, S.LOST, seconds=TOLD_S).cause
    assert time.monotonic() - began < TOLD_S


def test_a_replica_without_memory_fails_the_run_with_advice_that_names_the_batch(busy_room):
    (busy_room.workspace.path / "fault").write_text("replica")
    row = busy_room.until_state(run := race(busy_room, 60), S.FAILED)
    assert row.cause.startswith("replica 2 of 2: out of memory: take a smaller batch (now 128: --set batch_size=...)")
    assert row.step < FAULT_STEP
    assert "Traceback" in busy_room.workspace.log(run).read_text()


@pytest.mark.slow
def test_a_replica_that_hangs_holds_up_no_command(busy_room):
    """A pause or stop is served within seconds, in an exchange and before the first, and leaves nobody behind."""
    run = race(busy_room, ENDLESS)
    busy_room.until_step(run, 5)
    (other,) = others(busy_room, run)
    other.suspend()
    busy_room.control.commands.give("pause", run)
    row = busy_room.until_state(run, S.PAUSED, seconds=TOLD_S)
    assert row.detail == "paused: a replica did not answer, so the run goes on from its newest checkpoint"
    busy_room.until(lambda: gone([other]), TOLD_S)
    busy_room.control.commands.give("resume", run)
    busy_room.until_step(run, 5)
    (other,) = others(busy_room, run)
    other.suspend()
    busy_room.control.commands.give("stop", run)
    assert busy_room.until_state(run, S.STOPPED, seconds=TOLD_S).detail == "stopped"
    busy_room.until(lambda: gone([other]), TOLD_S)
