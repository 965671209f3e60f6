"""With which status the follower of a race ends, by what became of its runs; no engine is needed for what has ended."""

from threading import Event

import pytest

from engine.cli.races import Follower
from engine.config import RaceConfig
from engine.events import RunState
from engine.runs.client.control import Control
from engine.runs.worker.contention import notice
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((S.FINISHED, S.FINISHED), 0),
        ((S.FINISHED, S.FAILED), 1),
        ((S.DIVERGED, S.FINISHED), 1),
        ((S.STOPPED, S.STOPPED), 1),
    ],
)
def test_only_a_race_of_which_every_run_finished_ends_with_0(workspace, states, status):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        race, runs = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none", "A")))
        with writer.transaction() as connection:
            for run, state in zip(runs, states, strict=True):
                connection.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run))
        assert Follower(Control(workspace), race, runs).follow(reader, Event(), shown=False) == status
        # One that was deleted meanwhile did not finish either.
        assert Follower(Control(workspace), race, [*runs, 99]).follow(reader, Event(), shown=False) == 1


def test_threads_that_wait_for_cores_are_said_once_with_the_way_out(workspace, capfd):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        race, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        writer.jobs.update(run, detail=notice(2))
        follower = Follower(Control(workspace), race, [run])
        for _ in range(2):
            follower._say_crowded(reader.runs.all(race))
    assert capfd.readouterr().err == f"run {run} (A-8) is {notice(2)}\n"
    assert "--set threads=1" in notice(2)
