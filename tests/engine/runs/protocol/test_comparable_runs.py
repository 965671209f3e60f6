"""Which stored runs are arms of their own."""

import pytest

from engine.config import RaceConfig, RunConfig, replace
from engine.runs.protocol.comparable_runs import difference_at, differences
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.engine.runs.protocol.mixed_race import mixed_race


@pytest.fixture
def store(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        yield writer, reader


def test_the_runs_of_a_planned_race_are_comparable(store):
    writer, reader = store
    run = replace(RunConfig(), {"optim.lr": "tuned"})
    writer.races.submit(RaceConfig(seeds=2, run=run, per_depth={56: {"optim.warmup_lr": 0.01}}))
    rows = reader.runs.all()
    assert len(rows) == 8
    assert differences(reader, rows) == differences(reader, []) == {}


def test_a_fork_a_live_change_and_a_second_recipe_are_arms_of_their_own(store):
    mixed = mixed_race(*store)
    rows = store[1].runs.all()
    assert {run: found.text for run, found in differences(store[1], rows).items()} == {
        mixed.changed: "shortcuts cut at step 169",
        mixed.recipe: "weight decay 0.001",
        mixed.fork: f"fork of run {mixed.ordinary[3]} at step 60, shortcuts cut",
    }


def test_an_earlier_state_has_no_later_difference(store):
    mixed, reader = mixed_race(*store), store[1]
    changed, fork = map(reader.runs.known, (mixed.changed, mixed.fork))
    assert difference_at(reader, changed, 168) is None
    assert difference_at(reader, changed, 169).name == "shortcuts cut at 169"
    assert difference_at(reader, fork, 60).name == "fork at 60"
    assert difference_at(reader, fork, 61).name == "shortcuts cut at 60"
