"""The view ``points``: plain SQL reads what was recorded, and what an older database had in a table of that name."""

import math
import sqlite3

import pytest

from engine.config import RaceConfig
from engine.events import Evaluated, Split, StepRow
from engine.store.migrations import MIGRATIONS
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.writer import Writer

COLUMNS = "id, run, split, step, loss, error, running_loss, running_error, lr, seconds, images, took_s, bn"


def plain(workspace, sql, *values):
    """Return the rows of a SELECT by a tool that knows nothing of this project."""
    connection = sqlite3.connect(f"file:{workspace.database}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def point(step):
    return StepRow(step, 2.5 / step, 100 * (step % 9) / 128, 1 / (step + 2), 7 / (step + 1), 0.1, step / 7)


def test_plain_sql_reads_every_digit_of_what_was_recorded(workspace):
    with Writer(workspace) as writer:
        _, (run, other) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
        writer.points.record(run, [point(step) for step in range(1, 80)])
        writer.points.record(other, [point(step) for step in range(1, 3)])
        writer.points.record(run, [StepRow(80, math.nan, 50.0, math.inf, 50.0, 0.1, 12.0), point(90)])
        writer.points.record(run, evaluations=[Evaluated(90, Split.TEST, 0.5, 20.0, 5000, 3.0, 0.2, "running")])
    rows = plain(workspace, f"SELECT {COLUMNS} FROM points ORDER BY id")
    assert [row[0] for row in rows] == list(range(1, 85)), "numbers grow by one"
    train = [row[3:10] for row in rows if row[1] == run and row[2] == "train"]
    assert train == [
        *(tuple(point(s)) for s in range(1, 80)),
        (80, None, 50.0, None, 50.0, 0.1, 12.0),
        tuple(point(90)),
    ]
    assert rows[-1] == (84, run, "test", 90, 0.5, 20.0, None, None, None, 3.0, 5000, 0.2, "running")
    assert plain(workspace, "SELECT step, loss FROM points WHERE run = ? AND split = 'train'", other) == [
        (1, 2.5), (2, 1.25),
    ]  # fmt: skip


def test_plain_sql_about_one_run_reads_that_run_alone(workspace):
    Writer(workspace).close()
    plan = plain(workspace, "EXPLAIN QUERY PLAN SELECT step, error FROM points WHERE run = 1 AND split = 'train'")
    assert any("SEARCH point_blocks" in row[3] and "run=? AND split=?" in row[3] for row in plan)


@pytest.fixture
def before(workspace):
    """A database of 0.6.0 with a table ``points``: two runs that wrote in turn, a gap, missing values, evaluations."""
    connection = sqlite3.connect(workspace.prepare().database, isolation_level=None)
    migrate(connection, MIGRATIONS[:6])
    race = RaceConfig(depths=(8, 14), shortcuts=("A",))
    connection.execute("INSERT INTO races (name, preset, config, created) VALUES ('', '', ?, 1)", (race.to_json(),))
    for config in race.runs():
        connection.execute(
            "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, step, total_steps,"
            " created, changed) VALUES (1, 0, 8, 'A', 0, ?, '{}', 'finished', 5, 87, 1, 1)", (config.to_json(),),
        )  # fmt: skip
    sql = f"INSERT INTO points ({COLUMNS.removeprefix('id, ')}) VALUES ({', '.join('?' * 12)})"
    for step in [*range(1, 60), 70, 71]:
        for run in (1, 2):
            values = list(point(step))
            values[1] = None if step == 33 else values[1]
            connection.execute(sql, (run, "train", *values, None, None, None))
        if step % 20 == 0:
            connection.execute(sql, (1, "test_subset", step, 0.5, 20.0, None, None, None, 3.0, 1000, 0.2, "running"))
    connection.execute("DELETE FROM points WHERE id > 120")
    connection.close()
    return workspace


def test_a_table_of_points_becomes_blocks_with_the_same_rows(before):
    order = f"SELECT {COLUMNS.removeprefix('id, ')} FROM points ORDER BY run, split, step"
    rows, newest = plain(before, order), plain(before, "SELECT seq FROM sqlite_sequence WHERE name = 'points'")[0][0]
    with Reader(before) as reader:
        assert plain(before, order) == rows
        assert reader.points.head()[0] == newest, "a number of a point that is gone is not given again"
        ids = [row[0] for row in plain(before, "SELECT id FROM points ORDER BY id")]
        assert ids == list(range(1, len(rows) + 1))
        assert len(reader.points.series(1, Split.TRAIN)) == sum(row[:2] == (1, "train") for row in rows)
        assert reader.points.evaluated(1, 40) == {"test_subset": (0.5, 20.0, 1000)}
    with Writer(before) as writer, Reader(before) as reader:
        writer.points.record(2, [point(step) for step in range(50, 101)])
        assert plain(before, "SELECT count(*), max(step) FROM points WHERE run = 2 AND split = 'train'") == [(100, 100)]
        assert reader.points.head()[0] > newest
    assert plain(before, "PRAGMA integrity_check") == [("ok",)]
