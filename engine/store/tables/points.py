"""The tables ``points``, ``remarks`` and ``checkpoints``: what a training measured, said and saved.

The halves of ``Reader`` and ``Writer`` that know them. Torch-free.
"""

import json
import math
import sqlite3
import time
from collections.abc import Sequence

import numpy as np

from engine.events import Evaluated, Split, StepRow
from engine.store.connection import ReadingConnection, WritingConnection, guarded
from engine.store.decimate import keep_extremes
from engine.store.rows import CheckpointRow, Series

SERIES_COLUMNS = ("step", "loss", "error", "running_loss", "running_error", "lr", "seconds")
#: What a point is kept for when a series is thinned.
DECIDING_COLUMNS = ("step", "loss", "error")


class PointReader(ReadingConnection):
    """The curves of trainings, their remarks and checkpoints; part of ``Reader``."""

    def head(self) -> tuple[int, int]:
        """Return the stream's cursor: the newest point's id and the newest change's number. Costs microseconds.

        Neither ever falls, not even when the newest points are deleted.
        """
        row = self._all(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'points'), 0),"
            " (SELECT value FROM counters WHERE name = 'changed')"
        )[0]
        return int(row[0]), int(row[1])

    def points_since(self, since: int, upto: int, runs: Sequence[int], limit: int = 20_000) -> list[sqlite3.Row]:
        """Return points with ``since < id <= upto`` of these runs, in order of id."""
        # +run keeps SQLite from walking through all points of these runs by their index instead of the few new ids.
        return self._all(
            "SELECT id, run, split, step, loss, error, running_loss, running_error, seconds FROM points"
            f" WHERE id > ? AND id <= ? AND +run IN ({_marks(runs)}) ORDER BY id LIMIT ?",
            since, upto, *runs, limit,
        )  # fmt: skip

    def series(
        self,
        run: int,
        split: Split,
        *,
        first: int = 0,
        last: int | None = None,
        at_most: int | None = None,
        upto: int | None = None,
    ) -> Series:
        """Return the points of a run and split with first <= step <= last, in order of step.

        ``at_most`` decimates by min/max/last per power-of-two bucket of steps (see ``engine.store.decimate``);
        ``upto`` ignores points with a larger id.
        """
        where = "run = ? AND split = ? AND step >= ?"
        values: list[object] = [run, split, first]
        for clause, value in (("step <= ?", last), ("id <= ?", upto)):
            if value is not None:
                where += f" AND {clause}"
                values.append(value)
        if at_most is None:
            columns = self._columns(SERIES_COLUMNS, where, values)
            return Series(columns, total=len(columns["step"]))
        # Of a long run most points are left out: what decides about that is read first, the rest for what is kept.
        deciding = self._columns(DECIDING_COLUMNS, where, values)
        kept = keep_extremes(deciding["step"], [deciding["loss"], deciding["error"]], at_most)
        steps = json.dumps(deciding["step"][kept].astype(np.int64).tolist())
        where = "run = ? AND split = ? AND step IN (SELECT value FROM json_each(?))"
        columns = self._columns(SERIES_COLUMNS, where, [run, split, steps])
        return Series(columns, total=len(deciding["step"]))

    def _columns(self, names: Sequence[str], where: str, values: Sequence[object]) -> dict[str, np.ndarray]:
        """Return columns of the points that a condition chooses, (points,) float64 each, in order of step."""
        with guarded(self.workspace.database):
            cursor = self._connection.cursor()
            cursor.row_factory = None
            cursor.execute(f"SELECT {', '.join(names)} FROM points WHERE {where} ORDER BY step", values)
            # Row by row into the array: half a million rows held as Python objects cost more than reading them.
            table = np.fromiter(cursor, dtype=[(name, np.float64) for name in names])
        return {name: np.ascontiguousarray(table[name]) for name in names}

    def last_points(self, runs: Sequence[int]) -> dict[tuple[int, Split], sqlite3.Row]:
        """Return the newest point of every run and split."""
        # One seek in the index of (run, split, step) for each, however long the runs are.
        rows = self._all(
            "SELECT points.* FROM json_each(?) AS wanted, json_each(?) AS kinds JOIN points ON points.id ="
            " (SELECT id FROM points AS p WHERE p.run = wanted.value AND p.split = kinds.value"
            " ORDER BY p.step DESC LIMIT 1)",
            json.dumps(list(runs)), json.dumps([split.value for split in Split]),
        )  # fmt: skip
        return {(row["run"], Split(row["split"])): row for row in rows}

    def evaluated(self, run: int, step: int) -> dict[str, tuple[float, float, int]]:
        """Return what a run's evaluation after ``step`` updates recorded, split -> (loss, error, images)."""
        rows = self._all(
            "SELECT split, loss, error, images FROM points WHERE run = ? AND step = ? AND split != ?",
            run, step, Split.TRAIN.value,
        )  # fmt: skip
        return {row["split"]: (row["loss"], row["error"], row["images"]) for row in rows}

    def remarks(self, runs: Sequence[int]) -> list[sqlite3.Row]:
        """Return the remarks of these runs in order: run, step, kind, text, created."""
        return self._all(
            f"SELECT run, step, kind, text, created FROM remarks WHERE run IN ({_marks(runs)}) ORDER BY id",
            *runs,
        )

    def checkpoints(self, run: int) -> list[CheckpointRow]:
        """Return a run's checkpoints, oldest step first."""
        rows = self._all("SELECT * FROM checkpoints WHERE run = ? ORDER BY step", run)
        return [CheckpointRow(**dict(row)) for row in rows]

    def checkpoint_totals(self) -> dict[int, tuple[int, int]]:
        """Return ``{run: (number, bytes)}`` of all checkpoints."""
        rows = self._all("SELECT run, count(*) AS number, sum(bytes) AS size FROM checkpoints GROUP BY run")
        return {row["run"]: (row["number"], row["size"]) for row in rows}


class PointWriter(WritingConnection):
    """What a worker records of a training; part of ``Writer``."""

    def record(
        self,
        run: int,
        rows: Sequence[StepRow] = (),
        evaluations: Sequence[Evaluated] = (),
        images_per_s: float | None = None,
    ) -> None:
        """Append points in one transaction.

        A step that is on record already (computed again after a worker was killed) keeps its first figures. Values
        that are not finite are stored as NULL.
        """
        if not rows and not evaluations:
            return
        points = [
            (run, Split.TRAIN, r.step, _finite(r.loss), _finite(r.error), _finite(r.running_loss),
             _finite(r.running_error), r.lr, r.seconds, None, None, None)
            for r in rows
        ] + [
            (run, e.split, e.step, _finite(e.loss), _finite(e.error), None, None, None, e.seconds, e.images,
             e.took_s, e.bn)
            for e in evaluations
        ]  # fmt: skip
        step = max([r.step for r in rows] + [e.step for e in evaluations])
        seconds = max([r.seconds for r in rows] + [e.seconds for e in evaluations])
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO points (run, split, step, loss, error, running_loss, running_error, lr,"
                " seconds, images, took_s, bn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                points,
            )
            connection.execute(
                "UPDATE runs SET step = max(step, ?), seconds = max(seconds, ?), heartbeat = ?,"
                " images_per_s = coalesce(?, images_per_s) WHERE id = ?",
                (step, seconds, time.time(), images_per_s, run),
            )

    def remark(self, run: int, step: int, kind: str, text: str) -> None:
        """Add a remark to the record of a run; a repeat after a resume is kept once."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO remarks (run, step, kind, text, created) SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM remarks WHERE run = ? AND step = ? AND kind = ? AND text = ?)",
                (run, step, kind, text, time.time(), run, step, kind, text),
            )

    def add_checkpoint(self, run: int, step: int, reason: str, size: int) -> None:
        """Record a checkpoint file of ``size`` bytes. Reasons: tenth, autosave, pause, end, fork."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)", (run, step, reason, size, time.time())
            )

    def remove_checkpoint(self, run: int, step: int) -> None:
        """Forget a checkpoint whose file is gone."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM checkpoints WHERE run = ? AND step = ?", (run, step))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
