"""The command ``set`` in every state of a run, against the store alone: no engine runs."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from engine.config import RaceConfig
from engine.config import replace as change_config
from engine.events import RunState, StepRow
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
            served=Interventions(reader, writer, pool),
            reader=reader,
            run=run,
            in_state=in_state,
            sent=sent,
            record=lambda lr: writer.points.record(run, [StepRow(9, 2.0, 90.0, 2.0, 90.0, lr, 1.0)]),
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


@pytest.mark.parametrize("argument", ["strength=1", "lr=0.1", "weight_decay=0.0001"])
def test_a_change_to_the_value_in_force_is_refused_and_leaves_nothing(bench, argument):
    words = bench.served.set(bench.in_state(S.RUNNING), command(bench.run, argument))
    key, value = argument.split("=")
    assert words.startswith(f"run {bench.run} has {key} (") and words.endswith(f" {value} already; nothing was changed")
    assert bench.reader.interventions.changes(bench.run) == bench.sent == []


def test_what_was_changed_before_is_the_value_in_force(bench):
    row = bench.in_state(S.PAUSED)
    for created, (argument, refused) in enumerate(
        [("strength=0", False), ("strength=0", True), ("strength=1", False), ("lr=0.05", False), ("lr=0.05", True),
         ("lr=0.1", False)]
    ):  # fmt: skip
        words = bench.served.set(row, command(bench.run, argument, float(created)))
        assert bool(words) == refused, (argument, words)
    assert [change.value for change in bench.reader.interventions.changes(bench.run)] == [0.0, 1.0, 0.05, 0.1]


def test_the_rate_in_force_is_that_of_the_schedule_and_the_end_of_a_warm_up_is_a_change(bench):
    row = bench.in_state(S.PAUSED)
    bench.record(0.01)
    assert bench.served.set(row, command(bench.run, "lr=0.01"))
    warming = replace(row, config=change_config(row.config, {"optim.warmup_lr": 0.01}))
    assert bench.served.set(warming, command(bench.run, "lr=0.01")) == ""


def test_a_rate_within_a_linear_warm_up_is_a_change(bench):
    row = bench.in_state(S.PAUSED)
    rising = replace(row, config=change_config(row.config, {"optim.warmup_steps": row.total_steps}))
    bench.record(0.01)
    assert bench.served.set(rising, command(bench.run, "lr=0.01")) == ""
    assert bench.served.set(rising, command(bench.run, "lr=0.01", 2.0)), "the warm-up is over"


@pytest.mark.parametrize("state", [S.STOPPED, S.FINISHED, S.DIVERGED, S.FAILED, S.LOST])
def test_a_run_that_has_ended_takes_no_change(bench, state):
    assert bench.served.set(bench.in_state(state), command(bench.run))
    assert bench.reader.interventions.changes(bench.run) == []
