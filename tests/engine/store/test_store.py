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
    number, runs = writer.submit(race)
    rows = reader.runs(number)
    assert [row.id for row in rows] == runs
    assert [row.position for row in rows] == list(range(8))
    assert [row.config for row in rows] == race.runs()
    assert {row.state for row in rows} == {S.QUEUED}
    assert {"skipscope", "commit", "python", "torch"} <= set(rows[0].versions)
    assert reader.race(number).config == race
    assert [(r.id, r.runs) for r in reader.races()] == [(number, 8)]
    assert reader.race(99) is None


@pytest.mark.parametrize("start", RunState)
def test_every_move_is_legal_or_refused(writer, reader, start):
    for goal in RunState:
        _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        with writer.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (start, run))
        if goal in MOVES[start]:
            assert writer.move(run, goal, detail="why")
            assert reader.run(run).state == goal
        else:
            before = reader.run(run)
            with pytest.raises(CommandRefused, match=f"run {run} is {start} and cannot become {goal}"):
                writer.move(run, goal, detail="why")
            assert reader.run(run) == before
        assert writer.move(run, S.STOPPED, only_from=()) is False
    with pytest.raises(CommandRefused, match="no run 999"):
        writer.move(999, S.PAUSED)


def test_points_computed_again_keep_their_first_figures(writer, reader):
    _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.record(run, step_rows(1, 10))
    head = reader.head()
    writer.record(run, step_rows(6, 8, loss=9.0))
    assert (reader.run(run).step, reader.run(run).seconds) == (10, pytest.approx(0.1))
    writer.record(run, step_rows(6, 12, loss=9.0))
    assert reader.run(run).step == 12
    losses = reader.series(run, Split.TRAIN).columns["loss"]
    assert losses[:10].tolist() == [1.0 / step for step in range(1, 11)]
    assert losses[10:].tolist() == [9.0 / 11, 9.0 / 12]
    assert [row["step"] for row in reader.points_since(head[0], 10**9, [run])] == [11, 12]


def test_values_that_are_not_finite_are_null_and_come_back_as_nan(writer, reader):
    _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.record(run, [StepRow(1, float("nan"), 90.0, float("inf"), 90.0, 0.1, 0.1)])
    series = reader.series(run, Split.TRAIN)
    assert np.isnan(series.columns["loss"]).all()
    assert series.columns["error"].tolist() == [90.0]


def test_series_by_range_cursor_and_size(writer, reader):
    _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.record(run, step_rows(1, 3000))
    writer.record(run, evaluations=[Evaluated(100, Split.TEST, 0.5, 20.0, 5000, 3.0, 0.2, "running")])
    assert reader.series(run, Split.TRAIN, first=10, last=19).columns["step"].tolist() == list(range(10, 20))
    assert len(reader.series(run, Split.TRAIN, upto=50)) == 50
    few = reader.series(run, Split.TRAIN, at_most=200)
    assert len(few) <= 200
    assert few.total == 3000
    last = reader.last_points([run])
    assert last[run, Split.TRAIN]["step"] == 3000
    assert last[run, Split.TEST]["error"] == 20.0


def test_deleting_takes_everything_and_is_seen_by_viewers(writer, reader):
    number, (run, other) = writer.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    writer.record(run, step_rows(1, 5))
    writer.remark(run, 3, "lr", "down")
    writer.add_checkpoint(run, 5, "end", 100)
    since = reader.head()[1]
    writer.delete(run)
    writer.delete(run)
    assert reader.changed_runs(since) == ([], [run])
    assert (reader.remarks([run]), reader.checkpoints(run), len(reader.series(run, Split.TRAIN))) == ([], [], 0)
    writer.delete(other)
    assert reader.race(number) is None
    _, (fresh,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert fresh > other, "ids are never reused"


def test_two_writers_and_one_reader_lose_nothing(workspace):
    with Writer(workspace) as writer:
        _, runs = writer.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    errors: list[Exception] = []
    done = threading.Event()

    def write(run):
        try:
            with Writer(workspace) as mine:
                for first in range(1, 301, 3):
                    mine.record(run, step_rows(first, first + 2))
                    mine.beat(run)
        except Exception as error:
            errors.append(error)

    seen: list[int] = []

    def read():
        try:
            with Reader(workspace) as mine:
                cursor = 0
                while not done.is_set() or mine.head()[0] > cursor:
                    head = mine.head()[0]
                    rows = mine.points_since(cursor, head, runs)
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
            assert reader.series(run, Split.TRAIN).columns["step"].tolist() == list(range(1, 301))
    assert len(seen) == len(set(seen)) == 600
    assert seen == sorted(seen)


def test_several_processes_may_make_the_database_at_once(workspace):
    errors: list[Exception] = []
    together = threading.Barrier(6)

    def make():
        try:
            together.wait(10)
            with Writer(workspace) as mine:
                mine.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with Reader(workspace) as reader:
        assert len(reader.runs()) == 6


def test_the_cursor_does_not_fall_when_the_newest_points_are_deleted(writer, reader):
    assert reader.head()[0] == 0
    _, (first, second) = writer.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    writer.record(first, step_rows(1, 5))
    writer.record(second, step_rows(1, 20))
    before = reader.head()
    writer.delete(second)
    after = reader.head()
    assert after[0] == before[0] == 25
    writer.record(first, step_rows(6, 7))
    assert [row["step"] for row in reader.points_since(after[0], reader.head()[0], [first])] == [6, 7]


def test_passing_through_a_state_is_one_transaction(writer, reader):
    _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    writer.move(run, S.STARTING)
    writer.move(run, S.RUNNING)
    with pytest.raises(CommandRefused, match="running and cannot become queued"):
        writer.move(run, S.QUEUED)
    with pytest.raises(CommandRefused, match="lost and cannot become running"):
        writer.move(run, S.RUNNING, via=S.LOST)
    assert reader.run(run).state == S.RUNNING
    writer.move(run, S.QUEUED, via=S.LOST)
    assert reader.run(run).state == S.QUEUED


def test_a_full_disk_is_named_although_sqlite_rolled_back_itself(writer, reader):
    _, (run,) = writer.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WorkspaceError, match="the disk is full; free some space and resume") as caught:
        writer.record(run, step_rows(1, 5000))
    assert "\n" not in str(caught.value)
    assert not writer._connection.in_transaction
    assert len(reader.series(run, Split.TRAIN)) == 0
    writer._connection.execute("PRAGMA max_page_count = 100000")
    writer.record(run, step_rows(1, 5000))
    assert len(reader.series(run, Split.TRAIN)) == 5000


def test_a_transaction_that_sqlite_ended_hides_no_cause(writer):
    with pytest.raises(WorkspaceError, match="the disk is full"), writer.transaction() as connection:
        connection.execute("ROLLBACK")  # as SQLite does on a full disk
        raise sqlite3.OperationalError("database or disk is full")
