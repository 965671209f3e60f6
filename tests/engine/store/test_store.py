import sqlite3
import threading

import numpy as np
import pytest

from engine.config import RaceConfig
from engine.errors import CommandRefused, WorkspaceError
from engine.events import MOVES, Evaluated, RunState, Split, StepRow
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


def step_rows(first, last, loss=1.0):
    return [StepRow(step, loss / step, 50.0, loss, 60.0, 0.1, step * 0.01) for step in range(first, last + 1)]


@pytest.fixture
def writer(workspace):
    with Writer(workspace) as made:
        yield made


@pytest.fixture
def reader(writer):
    with Reader(writer.workspace) as made:
        yield made


def test_a_race_is_written_whole_with_its_origin(writer, reader):
    race = RaceConfig(depths=(8, 14), shortcuts=("none", "A"), seeds=2, preset="quick", name="mine")
    number, runs = writer.races.submit(race)
    rows = reader.runs.all(number)
    assert [row.id for row in rows] == runs
    assert [row.position for row in rows] == list(range(8))
    assert [row.config for row in rows] == race.runs()
    assert {row.state for row in rows} == {S.QUEUED}
    assert {"skipscope", "commit", "python", "torch"} <= set(rows[0].versions)
    assert reader.races.get(number).config == race
    assert [(r.id, r.runs) for r in reader.races.newest()] == [(number, 8)]
    assert reader.races.get(99) is None


@pytest.mark.parametrize("start", RunState)
def test_every_move_is_legal_or_refused(writer, reader, start):
    for goal in RunState:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        with writer.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (start, run))
        if goal in MOVES[start]:
            assert writer.jobs.move(run, goal, detail="why")
            assert reader.runs.get(run).state == goal
        else:
            before = reader.runs.get(run)
            with pytest.raises(CommandRefused, match=f"run {run} is {start} and cannot become {goal}"):
                writer.jobs.move(run, goal, detail="why")
            assert reader.runs.get(run) == before
        assert writer.jobs.move(run, S.STOPPED, only_from=()) is False
    with pytest.raises(CommandRefused, match="no run 999"):
        writer.jobs.move(999, S.PAUSED)


def test_points_computed_again_keep_their_first_figures(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.points.record(run, step_rows(1, 10))
    head = reader.points.head()
    writer.points.record(run, step_rows(6, 8, loss=9.0))
    assert (reader.runs.get(run).step, reader.runs.get(run).seconds) == (10, pytest.approx(0.1))
    writer.points.record(run, step_rows(6, 12, loss=9.0))
    assert reader.runs.get(run).step == 12
    losses = reader.points.series(run, Split.TRAIN).columns["loss"]
    assert losses[:10].tolist() == [1.0 / step for step in range(1, 11)]
    assert losses[10:].tolist() == [9.0 / 11, 9.0 / 12]
    assert [row["step"] for row in reader.points.since(head[0], 10**9, [run])] == [11, 12]


def test_values_that_are_not_finite_are_null_and_come_back_as_nan(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.points.record(run, [StepRow(1, float("nan"), 90.0, float("inf"), 90.0, 0.1, 0.1)])
    series = reader.points.series(run, Split.TRAIN)
    assert np.isnan(series.columns["loss"]).all()
    assert series.columns["error"].tolist() == [90.0]


def test_series_by_range_cursor_and_size(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.points.record(run, step_rows(1, 3000))
    writer.points.record(run, evaluations=[Evaluated(100, Split.TEST, 0.5, 20.0, 5000, 3.0, 0.2, "running")])
    assert reader.points.series(run, Split.TRAIN, (10, 19)).columns["step"].tolist() == list(range(10, 20))
    assert len(reader.points.series(run, Split.TRAIN, upto=50)) == 50
    few = reader.points.series(run, Split.TRAIN, at_most=200)
    assert len(few) <= 200
    assert few.total == 3000
    last = reader.points.last([run])
    assert last[run, Split.TRAIN]["step"] == 3000
    assert last[run, Split.TEST]["error"] == 20.0


def test_deleting_takes_everything_and_is_seen_by_viewers(writer, reader):
    number, (run, other) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    writer.points.record(run, step_rows(1, 5))
    writer.log.add(run, 3, "lr", "down")
    writer.checkpoints.add(run, 5, "end", 100)
    since = reader.points.head()[1]
    writer.jobs.delete(run)
    writer.jobs.delete(run)
    assert reader.runs.changed(since) == ([], [run])
    assert (reader.log.of([run]), reader.checkpoints.of(run), len(reader.points.series(run, Split.TRAIN))) == (
        [],
        [],
        0,
    )
    writer.jobs.delete(other)
    assert reader.races.get(number) is None
    _, (fresh,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert fresh > other, "ids are never reused"


def test_two_writers_and_one_reader_lose_nothing(workspace):
    with Writer(workspace) as writer:
        _, runs = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    errors: list[Exception] = []
    done = threading.Event()

    def write(run):
        try:
            with Writer(workspace) as mine:
                for first in range(1, 301, 3):
                    mine.points.record(run, step_rows(first, first + 2))
                    mine.jobs.beat(run)
        except Exception as error:
            errors.append(error)

    seen: list[int] = []

    def read():
        try:
            with Reader(workspace) as mine:
                cursor = 0
                while not done.is_set() or mine.points.head()[0] > cursor:
                    head = mine.points.head()[0]
                    rows = mine.points.since(cursor, head, runs)
                    seen.extend(row["id"] for row in rows)
                    cursor = head
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(run,)) for run in runs]
    watcher = threading.Thread(target=read)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    watcher.join(60)
    assert errors == []
    with Reader(workspace) as reader:
        for run in runs:
            assert reader.points.series(run, Split.TRAIN).columns["step"].tolist() == list(range(1, 301))
    assert len(seen) == len(set(seen)) == 600
    assert seen == sorted(seen)


def test_several_processes_may_make_the_database_at_once(workspace):
    errors: list[Exception] = []
    together = threading.Barrier(6)

    def make():
        try:
            together.wait(60)
            with Writer(workspace) as mine:
                mine.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with Reader(workspace) as reader:
        assert len(reader.runs.all()) == 6


def test_the_cursor_does_not_fall_when_the_newest_points_are_deleted(writer, reader):
    assert reader.points.head()[0] == 0
    _, (first, second) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    writer.points.record(first, step_rows(1, 5))
    writer.points.record(second, step_rows(1, 20))
    before = reader.points.head()
    writer.jobs.delete(second)
    after = reader.points.head()
    assert after[0] == before[0] == 25
    writer.points.record(first, step_rows(6, 7))
    assert [row["step"] for row in reader.points.since(after[0], reader.points.head()[0], [first])] == [6, 7]


def test_passing_through_a_state_is_one_transaction(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.jobs.move(run, S.STARTING)
    writer.jobs.move(run, S.RUNNING)
    with pytest.raises(CommandRefused, match="running and cannot become queued"):
        writer.jobs.move(run, S.QUEUED)
    with pytest.raises(CommandRefused, match="lost and cannot become running"):
        writer.jobs.move(run, S.RUNNING, via=S.LOST)
    assert reader.runs.get(run).state == S.RUNNING
    writer.jobs.move(run, S.QUEUED, via=S.LOST)
    assert reader.runs.get(run).state == S.QUEUED


def test_a_full_disk_is_named_although_sqlite_rolled_back_itself(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WorkspaceError, match="the disk of the workspace is full .*free some space") as caught:
        writer.points.record(run, step_rows(1, 5000))
    assert "\n" not in str(caught.value)
    assert not writer._connection.in_transaction
    assert len(reader.points.series(run, Split.TRAIN)) == 0
    writer._connection.execute("PRAGMA max_page_count = 100000")
    writer.points.record(run, step_rows(1, 5000))
    assert len(reader.points.series(run, Split.TRAIN)) == 5000


def test_a_transaction_that_sqlite_ended_hides_no_cause(writer):
    with pytest.raises(WorkspaceError, match="the disk of the workspace is full"), writer.transaction() as connection:
        connection.execute("ROLLBACK")  # as SQLite does on a full disk
        raise sqlite3.OperationalError("database or disk is full")


def test_a_stored_value_of_a_wrong_type_is_an_error_in_one_line(writer, reader):
    _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    for column, value in (("pid", "none\nat all"), ("versions", "{"), ("state", "asleep")):
        with writer.transaction() as connection:
            connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run))
        with pytest.raises(WorkspaceError, match=rf"wrong value \({column}") as caught:
            reader.runs.get(run)
        assert "\n" not in str(caught.value)
        with writer.transaction() as connection:
            connection.execute("UPDATE runs SET pid = NULL, versions = '{}', state = 'queued' WHERE id = ?", (run,))
    assert reader.runs.get(run).pid is None
