"""Points as rows and as blocks, side by side: bytes for each point, speed of writing and reading, plain SQL.

    python -m tests.benchmarks.store.layouts [--runs 16] [--steps 20000] [--batch 100]

Runs take turns, a batch in one transaction each. The rows are those of 0.6.0: the table, its index and its statements.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from engine.config import RaceConfig
from engine.events import Split, StepRow
from engine.store.migrations import MIGRATIONS
from engine.store.points_view import PACKED
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.store.generator import curves

INSERT = (
    f"INSERT OR IGNORE INTO points (run, split, step, {', '.join(PACKED)}, images, took_s, bn)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
#: Questions in plain SQL: a curve, all of a run, a part of a run, something of every run.
QUESTIONS = {
    "error of a run": "SELECT step, error FROM points WHERE run = 1 AND split = 'train'",
    "all of a run": f"SELECT step, {', '.join(PACKED)} FROM points WHERE run = 1 AND split = 'train' ORDER BY step",
    "21 steps of a run": "SELECT * FROM points WHERE run = 1 AND split = 'train' AND step BETWEEN 100 AND 120",
    "lowest error of each run": "SELECT run, min(error) FROM points GROUP BY run ORDER BY run",
    "number of points": "SELECT count(*) FROM points",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    tables = [curves(random, options.steps, 0.05).T.tolist() for _ in range(options.runs)]
    with tempfile.TemporaryDirectory() as folder:
        rows, blocks = (Workspace.at(Path(folder) / name).prepare() for name in ("rows", "blocks"))
        figures = {
            "rows": {"rows_per_s": _write_rows(rows, tables, options.batch)},
            "blocks": {"rows_per_s": _write_blocks(blocks, tables, options.batch)},
        }
        answers: dict[str, list[list]] = {}
        for name, place in (("rows", rows), ("blocks", blocks)):
            figures[name]["bytes_per_point"] = round(place.database.stat().st_size / (options.runs * options.steps), 1)
            with closing(sqlite3.connect(place.database)) as connection:
                for question, sql in QUESTIONS.items():
                    took, answer = _timed(lambda sql=sql: connection.execute(sql).fetchall())  # noqa: B023
                    figures[name][f"{question}, ms"] = took
                    answers.setdefault(question, []).append([row[1:] if "*" in sql[:9] else row for row in answer])
        with Reader(blocks) as reader, closing(sqlite3.connect(rows.database)) as connection:
            figures["rows"]["curve for the page, ms"] = _timed(lambda: _curve_of_rows(connection))[0]
            figures["blocks"]["curve for the page, ms"] = _timed(lambda: reader.points.series(1, Split.TRAIN))[0]
    assert all(one == other for one, other in answers.values()), "both say the same"
    print(json.dumps({**vars(options), **figures}, indent=1))


def _submit(writer: Writer, runs: int) -> None:
    writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",), seeds=runs))


def _write_rows(place: Workspace, tables: list, batch: int) -> int:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection, MIGRATIONS[:6])
        began = time.perf_counter()
        for start in range(0, len(tables[0]), batch):
            for run, table in enumerate(tables, 1):
                part = enumerate(table[start : start + batch], start + 1)
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(INSERT, [(run, "train", step, *row, None, None, None) for step, row in part])
                connection.execute("UPDATE runs SET step = max(step, ?) WHERE id = ?", (start, run))
                connection.execute("COMMIT")
        return _speed(began, tables)


def _write_blocks(place: Workspace, tables: list, batch: int) -> int:
    with Writer(place) as writer:
        _submit(writer, len(tables))
        began = time.perf_counter()
        for start in range(0, len(tables[0]), batch):
            for run, table in enumerate(tables, 1):
                part = enumerate(table[start : start + batch], start + 1)
                writer.points.record(run, [StepRow(step, *row) for step, row in part])
        return _speed(began, tables)


def _speed(began: float, tables: list) -> int:
    return round(len(tables) * len(tables[0]) / (time.perf_counter() - began))


def _curve_of_rows(connection: sqlite3.Connection) -> np.ndarray:
    cursor = connection.execute(
        f"SELECT {', '.join(PACKED)} FROM points WHERE run = 1 AND split = 'train' ORDER BY step"
    )
    return np.fromiter(cursor, dtype=[(name, np.float64) for name in PACKED])


def _timed(read: Callable[[], object]) -> tuple[float, object]:
    """Return the milliseconds of the fastest of three calls, and what they return."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        found = read()
        times.append(time.perf_counter() - began)
    return round(1000 * min(times), 2), found


if __name__ == "__main__":
    main()
