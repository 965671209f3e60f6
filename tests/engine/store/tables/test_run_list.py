"""All runs at a glance, and what people write beside them: the query, names and notes, the migration."""

import math
import sqlite3
import time

import pytest

from engine.config import RaceConfig, RunConfig, replace
from engine.errors import ConfigError
from engine.events import Evaluated, RunState, Split, StepRow
from engine.runs.client.control import Control
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from engine.store.migrations import MIGRATIONS
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.writer import Writer


@pytest.fixture
def writer(workspace):
    with Writer(workspace) as writer:
        yield writer


def row(step, running):
    return StepRow(step, 2.0, 90.0, 2.0, running, 0.1, step / 10)


def evaluated(step, split, error):
    return Evaluated(step, split, 1.0, error, 1000, step / 10, 0.1, "running")


def test_the_overview_has_the_last_figures_of_every_training_and_of_nothing_else(workspace, writer):
    _, (first, second) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",), name="old"))
    tuned = replace(RunConfig(), {"optim.lr": "tuned"})
    newer, (waiting,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("none",), run=tuned))
    writer.points.record(first, [row(1, 88.0), row(2, 77.0)], [evaluated(1, Split.TEST_SUBSET, 60.0)])
    writer.points.record(first, [], [evaluated(2, Split.TRAIN_CLEAN, 50.0), evaluated(2, Split.TEST, 55.0)])
    writer.points.record(second, [row(1, math.nan)])
    with Reader(workspace) as reader:
        assert len(reader.tuning.trials()) == 5
        found = reader.run_list.rows()
    assert [(run.id, run.race) for run in found] == [(waiting, newer), (first, 1), (second, 1)]
    told = found[1]
    assert (told.race_name, told.depth, told.data, told.eval_images) == ("old", 8, "fashion-mnist-mini", 1000)
    assert (told.state, told.step, told.training, told.clean) == (RunState.QUEUED, 2, 77.0, 50.0)
    assert (told.part, told.part_step, told.whole, told.whole_step) == (60.0, 1, 55.0, 2)
    assert (found[2].training, found[2].clean, found[2].whole) == (None, None, None)


def test_running_errors_at_or_before_steps_in_the_order_asked_for(workspace, writer):
    _, (first, second) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    writer.points.record(first, [row(step, 90.0 - step) for step in (1, 2, 5, 9)])
    writer.points.record(second, [row(3, math.nan), row(4, 40.0)])
    with Reader(workspace) as reader:
        found = reader.run_list.running_errors([(second, 4), (first, 7), (first, 1), (second, 3), (second, 2), (99, 5)])
        assert reader.run_list.running_errors([]) == []
    assert found == [(second, 40.0), (first, 85.0), (first, 89.0)]


def test_names_and_notes_are_written_without_an_engine_and_seen_as_changes(workspace, writer):
    race, (first, second) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    control = Control(workspace)
    with Reader(workspace) as reader:
        before = reader.points.head()[1]
        assert control.notes.annotate([first, 99], "  the one for the talk ") == [first]
        assert (reader.runs.get(first).note, reader.runs.get(second).note) == ("the one for the talk", "")
        assert [run.id for run in reader.runs.changed(before)[0]] == [first]
        before = reader.points.head()[1]
        assert control.notes.rename_race(race, "wide and deep") == "wide and deep"
        assert reader.points.head()[1] > before
        assert (reader.races.get(race).name, reader.races.newest()[0].name) == ("wide and deep", "wide and deep")
        assert reader.run_list.race_names() == {race: "wide and deep"}
        control.notes.annotate([first], "")
        assert reader.runs.get(first).note == ""
    assert control.engine.status().state == "none"


@pytest.mark.parametrize("text", ["two\nlines", "bell\a", "\ud800", "\u202etext"])
def test_odd_characters_are_refused_in_one_line(workspace, writer, text):
    race, runs = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    control = Control(workspace)
    with pytest.raises(ConfigError, match="a note is one line of text without control characters") as refused:
        control.notes.annotate(runs, text)
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match="a name is one line"):
        control.notes.rename_race(race, text)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://a.example")', " +1", "-1", "@SUM(A1)"])
def test_what_a_spreadsheet_would_compute_is_refused_in_one_line(workspace, writer, text):
    race, runs = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    control = Control(workspace)
    with pytest.raises(ConfigError, match="a note begins with none of = "):
        control.notes.annotate(runs, text)
    with pytest.raises(ConfigError, match="a name begins with none of = "):
        control.notes.rename_race(race, text)
    assert control.notes.annotate(runs, "1 - 2 = -1") == runs


def test_lengths_and_unknown_ids_are_refused_in_one_line(workspace, writer):
    race, runs = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    control = Control(workspace)
    control.notes.annotate(runs, "x" * MAX_NOTE_LENGTH)
    with pytest.raises(ConfigError, match=r"a note has at most 500 characters \(got 501\)"):
        control.notes.annotate(runs, "x" * (MAX_NOTE_LENGTH + 1))
    with pytest.raises(ConfigError, match=r"a name has at most 120 characters \(got 121\)"):
        control.notes.rename_race(race, "x" * (MAX_NAME_LENGTH + 1))
    with pytest.raises(ConfigError, match="there is no race 9"):
        control.notes.rename_race(9, "name")
    with pytest.raises(ConfigError, match="there is no run 9"):
        control.notes.annotate([9], "note")


def test_an_empty_workspace_stays_empty(workspace):
    with pytest.raises(ConfigError, match="holds nothing yet"):
        Control(workspace).notes.annotate([1], "note")
    assert not workspace.database.exists()


def test_a_database_without_notes_gets_them_and_keeps_its_runs(workspace):
    old = sqlite3.connect(workspace.database, isolation_level=None)
    old.execute("PRAGMA journal_mode = WAL")
    before = next(place for place, (name, _) in enumerate(MIGRATIONS) if name == "0004-notes")
    migrate(old, MIGRATIONS[:before])
    config = RaceConfig(depths=(8,), shortcuts=("A",))
    old.execute("INSERT INTO races (name, preset, config, created) VALUES ('old', 'quick', ?, 0)", (config.to_json(),))
    old.execute(
        "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps, created,"
        " changed) VALUES (1, 0, 8, 'A', 0, ?, '{}', 'finished', 300, ?, 1)",
        (config.runs()[0].to_json(), time.time()),
    )
    old.close()
    with Reader(workspace) as reader:
        assert (reader.runs.get(1).note, reader.run_list.rows()[0].race_name) == ("", "old")
    Control(workspace).notes.annotate([1], "still here")
    with Reader(workspace) as reader:
        assert reader.runs.get(1).note == "still here"
