"""What moves a run between the engine's look and its start ends neither the engine nor the other runs' starts."""

import pytest

from engine.events import RunState
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor.dispatch import Dispatch
from engine.runs.supervisor.tuning import Tuning
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.engine.runs.supervisor.test_worker_pool import Launcher

S = RunState


@pytest.mark.parametrize("state", [S.PAUSED, S.STOPPED, S.FAILED])
def test_a_run_that_is_moved_meanwhile_is_not_started(workspace, monkeypatch, state):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("none", "A"), settings={"threads": "1"}), workspace))
        launcher = Launcher()
        pool, coordinator = WorkerPool(launcher, reader, writer), Coordinator(workspace)
        dispatch = Dispatch(reader, writer, pool, coordinator, Tuning(reader, writer, pool))
        look = reader.jobs.all

        def all_then_move(states=()):
            found = look(states)
            if reader.runs.get(1).state == S.QUEUED:
                writer.jobs.move(1, state, detail="by somebody else")
            return found

        monkeypatch.setattr(reader.jobs, "all", all_then_move)
        try:
            for _ in range(2):
                dispatch.schedule()
        finally:
            coordinator.close()
        row = reader.runs.get(1)
        assert (row.state, row.detail) == (state, "by somebody else")
        assert [job.run for job in launcher.jobs] == [2]
        assert reader.runs.get(2).state == S.STARTING
