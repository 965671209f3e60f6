"""The command ``set`` in every state of a run, against the store alone: no engine runs."""

from types import SimpleNamespace

import pytest

from engine.config import RaceConfig
from engine.events import RunState
from engine.runs.supervisor.interventions import Interventions
from engine.store.reader import Reader
from engine.store.rows import CommandRow
from engine.store.writer import Writer

S = RunState


@pytest.fixture
def bench(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        sent = []
        pool = SimpleNamespace(has=lambda run: True, send=lambda run, word: sent.append((run, word)))

        def in_state(state):
            with writer.transaction() as connection:
                connection.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run))
            return reader.runs.get(run)

        yield SimpleNamespace(
            served=Interventions(reader, writer, pool), reader=reader, run=run, in_state=in_state, sent=sent
        )


def command(run, argument="lr=0.05", created=1.0):
    return CommandRow(1, "set", run, created, None, None, None, argument=argument)


@pytest.mark.parametrize("state", [S.STOPPED, S.FINISHED, S.DIVERGED])
def test_a_change_that_no_step_took_over_is_withdrawn_and_said_when_the_run_is_over(bench, state):
    assert bench.served.set(bench.in_state(S.RUNNING), command(bench.run)) is None
    assert [change.value for change in bench.reader.interventions.changes(bench.run)] == [0.05]
    assert bench.sent
    words = bench.served.set(bench.in_state(state), command(bench.run))
    assert words == f"run {bench.run} is {state}: it ended before a step could go by the change"
    assert bench.reader.interventions.changes(bench.run) == []


@pytest.mark.parametrize("state", [S.RUNNING, S.STOPPING])
def test_a_change_is_under_way_until_a_step_takes_it_over(bench, state):
    assert bench.served.set(bench.in_state(S.RUNNING), command(bench.run)) is None
    assert bench.served.set(bench.in_state(state), command(bench.run)) is None
    assert len(bench.reader.interventions.changes(bench.run)) == 1


@pytest.mark.parametrize("state", [S.QUEUED, S.PAUSED])
def test_a_run_that_does_not_train_takes_a_change_at_once(bench, state):
    assert bench.served.set(bench.in_state(state), command(bench.run)) == ""
    assert bench.served.set(bench.in_state(state), command(bench.run)) == "", "a repeat is harmless"
    assert len(bench.reader.interventions.changes(bench.run)) == 1


@pytest.mark.parametrize("state", [S.STOPPED, S.FINISHED, S.DIVERGED, S.FAILED, S.LOST])
def test_a_run_that_has_ended_takes_no_change(bench, state):
    assert bench.served.set(bench.in_state(state), command(bench.run))
    assert bench.reader.interventions.changes(bench.run) == []
