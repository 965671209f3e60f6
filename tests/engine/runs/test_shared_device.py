"""Runs that share one device through a real engine: all train at once, and each comes to its end."""

import pytest

from engine.events import ENDED, RunState
from engine.hardware.machine import RUNS_PER_GPU
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.engine.runs.conftest import TINY
from tests.engine.runs.faults import ENDLESS


@pytest.mark.slow
@pytest.mark.parametrize(("device", "runs"), [("cpu", 2), pytest.param("cuda:0", RUNS_PER_GPU, marks=pytest.mark.gpu)])
def test_they_train_at_once_and_end(busy_room, device, runs):
    settings = {**TINY, "device": device}
    request = RaceRequest((8,), ("A",), steps=ENDLESS, seeds=runs, settings=settings)
    _, ids = busy_room.control.start_race(plan_race(request, busy_room.workspace))
    for run in ids:
        busy_room.until_step(run, 3)
    rows = [busy_room.row(run) for run in ids]
    assert {row.state for row in rows} == {RunState.RUNNING}
    assert {row.device for row in rows} == {device}
    assert len({row.pid for row in rows}) == runs, "each has a process of its own"
    for command in [busy_room.control.commands.ask("stop", run) for run in ids]:
        busy_room.control.commands.await_done(command, 60)
    assert all(busy_room.row(run).state in ENDED for run in ids)
    assert not any(busy_room.row(run).cause for run in ids)
