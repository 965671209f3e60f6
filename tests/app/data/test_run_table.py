"""The table of all runs: figures, small pictures, filter; what the workspace takes on the disk."""

import os
import threading

import pytest

from app.data import machine, run_table
from app.data.workspace import current, use
from engine.config import RaceConfig, RunConfig, replace
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.tables.run_list import RunListReader
from engine.store.workspace import Workspace
from engine.store.writer import Writer


@pytest.fixture
def place(tmp_path):
    yield Workspace(use(tmp_path / "workspace")).prepare()
    use(tmp_path / "elsewhere")


@pytest.fixture
def writer(place):
    with Writer(place) as writer:
        yield writer


def submit(writer, name="", **choices):
    changes = choices.pop("run", {})
    return writer.races.submit(RaceConfig(preset="quick", name=name, run=replace(RunConfig(), changes), **choices))


def steps(writer, run, first, last):
    writer.points.record(run, [StepRow(s, 2.0, 90.0, 2.0, 100.0 - s, 0.1, s / 10) for s in range(first, last + 1)])


def evaluation(writer, run, step, split, error):
    writer.points.record(run, [], [Evaluated(step, split, 1.0, error, 1000, step / 10, 0.1, "running")])


def by_id():
    return {row.id: row for row in run_table.table_rows()}


def spark(run):
    return run_table.sparklines(run_table.table_rows())[run]


def test_without_a_database_there_is_no_run(tmp_path):
    use(tmp_path / "nowhere")
    assert run_table.table_rows() == []


def test_a_row_says_where_a_run_stands(writer):
    _, (plain, residual) = submit(writer, "talk", depths=(56,), shortcuts=("none", "A"))
    steps(writer, plain, 1, 49)
    row = by_id()[plain]
    assert (row.arm, row.race_name, row.state, row.step, row.training) == ("plain-56", "talk", "queued", 49, 51.0)
    assert (row.test, row.tested) == (None, "")
    line = spark(plain)
    assert len(line) == run_table.SPARK_POINTS
    assert (line[0], line[-1]) == (99.0, 51.0)
    assert list(line) == sorted(line, reverse=True)
    assert (spark(residual), by_id()[residual].training) == ((), None)


def test_it_says_on_what_the_newest_test_error_was_measured(writer):
    _, (run,) = submit(writer, depths=(8,), shortcuts=("A",))
    steps(writer, run, 1, 30)
    evaluation(writer, run, 20, Split.TEST_SUBSET, 40.0)
    assert (by_id()[run].test, by_id()[run].tested) == (40.0, "1,000, step 20")
    evaluation(writer, run, 30, Split.TEST_SUBSET, 39.0)
    assert (by_id()[run].test, by_id()[run].tested) == (39.0, "1,000")
    evaluation(writer, run, 30, Split.TEST, 38.0)
    assert (by_id()[run].test, by_id()[run].tested) == (38.0, "all")
    steps(writer, run, 31, 40)  # it was extended
    assert (by_id()[run].test, by_id()[run].tested) == (38.0, "all, step 30")
    evaluation(writer, run, 40, Split.TEST_SUBSET, 30.0)
    assert (by_id()[run].test, by_id()[run].tested) == (30.0, "1,000")


def test_only_runs_that_moved_are_read_again_for_their_pictures(writer, monkeypatch):
    _, (first, second) = submit(writer, depths=(8, 14), shortcuts=("A",))
    steps(writer, first, 1, 100)
    steps(writer, second, 1, 100)
    asked = []
    read = RunListReader.running_errors

    def count(self, wanted):
        asked.append({run for run, _ in wanted})
        return read(self, wanted)

    monkeypatch.setattr(RunListReader, "running_errors", count)
    run_table.sparklines(run_table.table_rows())
    assert run_table.table_rows() is run_table.table_rows()
    steps(writer, second, 101, 120)
    assert spark(second)[-1] == -20.0
    assert asked == [{first, second}, {second}]


def test_only_runs_that_moved_are_read_again(writer, monkeypatch):
    _, (first, second) = submit(writer, depths=(8, 14), shortcuts=("A",))
    other, (third,) = submit(writer, depths=(8,), shortcuts=("none",))
    asked = []
    read = RunListReader.rows

    def count(self, instant=False, of=None):
        asked.append(of)
        return read(self, instant, of)

    monkeypatch.setattr(RunListReader, "rows", count)
    assert [row.id for row in run_table.table_rows()] == [third, first, second]
    steps(writer, second, 1, 20)
    assert (by_id()[second].step, by_id()[first].step) == (20, 0)
    writer.jobs.update(first, detail="waits")
    assert set(by_id()) == {first, second, third}
    writer.notes.rename_race(other, "talk")
    assert by_id()[third].race_name == "talk"
    _, (fourth,) = submit(writer, depths=(20,), shortcuts=("none",))
    writer.jobs.delete(first)
    assert [row.id for row in run_table.table_rows()] == [fourth, third, second]
    assert asked == [None, {second}, {first}, {fourth}]


def test_many_rows_are_ordered_by_an_error_those_without_come_last(writer):
    _, runs = submit(writer, depths=(8, 14, 20), shortcuts=("A",))
    for run, last in zip(runs[:2], (20, 30), strict=True):
        steps(writer, run, 1, last)
    rows = run_table.table_rows()
    assert [row.id for row in run_table.ordered(rows, "lowest training error")] == [runs[1], runs[0], runs[2]]
    assert run_table.ordered(rows, run_table.NEWEST) == rows


def test_a_replaced_database_brings_pictures_of_its_own(place, tmp_path):
    databases = []
    for name, first in (("workspace", 1), ("other", 31)):
        workspace = Workspace(tmp_path / name).prepare()
        with Writer(workspace) as writer:
            _, (run,) = submit(writer, depths=(8,), shortcuts=("A",))
            writer.points.record(run, [StepRow(s, 2.0, 90.0, 2.0, 90.0 - first - s, 0.1, s / 10) for s in range(1, 21)])
        databases.append(workspace.database)
    assert spark(run)[0] == 88.0
    databases[1].replace(databases[0])
    assert spark(run)[0] == 58.0


def test_the_picture_of_a_fork_begins_behind_its_parent(writer):
    _, (run,) = submit(writer, depths=(8,), shortcuts=("A",))
    steps(writer, run, 1, 10)
    with writer.transaction() as connection:
        connection.execute("UPDATE runs SET parent_run = 77, parent_step = 6 WHERE id = ?", (run,))
    assert spark(run) == (93.0, 92.0, 91.0, 90.0)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {1, 2, 3, 4}),
        ({"text": "PLAIN 56"}, {2}),
        ({"text": "talk"}, {1, 2}),
        ({"text": "rate too high"}, {3}),
        ({"states": ("paused",)}, {1}),
        ({"data": ("cifar10",)}, {3, 4}),
        ({"depths": ("20", "8")}, {1, 3}),
        ({"shortcuts": ("none",), "depths": ("20",)}, {1}),
        ({"text": "nothing like it"}, set()),
    ],
)
def test_a_filter_takes_what_fits_everything_asked_for(writer, chosen, expected):
    submit(writer, "talk", depths=(20, 56), shortcuts=("none",))
    submit(writer, depths=(8, 14), shortcuts=("A",), run={"data.name": "cifar10"})
    writer.jobs.move(1, RunState.PAUSED)
    writer.notes.annotate([3], "rate too high?")
    assert {row.id for row in run_table.Filter(**chosen).of(run_table.table_rows())} == expected


def test_disk_use_by_kind_and_run_counts_a_shared_file_once(place, writer):
    submit(writer, depths=(8, 14), shortcuts=("A",))
    first, second = place.checkpoint(1, 10), place.checkpoint(2, 10)
    first.parent.mkdir(parents=True)
    second.parent.mkdir(parents=True)
    first.write_bytes(b"x" * 3_000_000)
    os.link(first, second)
    place.checkpoint(2, 20).write_bytes(b"x" * 500_000)
    place.log(1).write_bytes(b"x" * 1000)
    disk = machine.disk_use(0)
    assert (disk.kinds["checkpoints"], disk.kinds["logs"]) == (3_500_000, 1000)
    assert disk.kinds["database"] >= place.database.stat().st_size
    assert disk.total == sum(disk.kinds.values())
    assert disk.largest == "checkpoints"
    assert disk.runs == {1: 3_001_000, 2: 3_500_000}
    assert (disk.freed_by([1]), disk.freed_by([2]), disk.freed_by([1, 2])) == (1000, 500_000, 3_501_000)
    place.log(2).write_bytes(b"x")
    assert machine.disk_use() is disk
    assert machine.disk_use(0).runs[2] == 3_500_001


def test_a_page_without_a_further_thread_shows_the_last_reading(place, no_threads):
    assert machine.disk_use_soon().total == 0
    disk = machine.disk_use()
    current().disk = (-1e9, disk)
    assert machine.disk_use_soon() is disk


def test_a_page_does_not_wait_for_a_large_workspace(place, monkeypatch):
    released = threading.Event()
    read = machine.read_disk

    def slowly(path):
        assert released.wait(30)
        return read(path)

    monkeypatch.setattr(machine, "read_disk", slowly)
    place.log(1).parent.mkdir()
    place.log(1).write_bytes(b"x" * 1000)
    assert machine.disk_use_soon().total == 0
    released.set()
    current().disk_reader.join()
    assert machine.disk_use_soon().runs == {1: 1000}


def test_disk_use_of_an_empty_workspace(tmp_path):
    use(tmp_path / "nowhere")
    disk = machine.disk_use(0)
    assert (disk.total, disk.largest, disk.freed_by([1])) == (0, "", 0)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "2 kB"), (999_400, "999 kB"), (3_250_000, "3.2 MB"), (2e9, "2.0 GB")],
)
def test_sizes_in_words(size, words):
    assert machine.size_in_words(size) == words
