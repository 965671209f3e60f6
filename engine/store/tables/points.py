"""The table ``points``: metrics of trainings. Torch-free."""

import math
import sqlite3
import time
from collections.abc import Sequence

import numpy as np

from engine.events import Evaluated, Split, StepRow
from engine.store.connection import ReadingConnection, ReadingTable, WritingTable
from engine.store.decimate import keep_extremes
from engine.store.rows import Series

SERIES_COLUMNS = ("step", "loss", "error", "running_loss", "running_error", "lr", "seconds")
#: Columns that decide which points decimation keeps.
DECIDING_COLUMNS = ("step", "loss", "error")

#: SQLite's largest integer.
_LARGEST = 2**63 - 1


class PointReader(ReadingTable):
    """Reads the curves of trainings."""

    def __init__(self, connection: ReadingConnection):
        super().__init__(connection)
        self._columns = connection.columns

    def head(self) -> tuple[int, int]:
        """Return the stream's cursor: the newest point's id and the newest change's number. Neither ever falls."""
        row = self._rows(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'points'), 0),"
            " (SELECT value FROM counters WHERE name = 'changed')"
        )[0]
        return int(row[0]), int(row[1])

    def since(self, since: int, upto: int, runs: Sequence[int], limit: int = 20_000) -> list[sqlite3.Row]:
        """Return points with ``since < id <= upto`` of these runs, in order of id."""
        # +run makes SQLite scan the few new ids instead of all points of these runs.
        return self._rows(
            "SELECT id, run, split, step, loss, error, running_loss, running_error, seconds FROM points"
            " WHERE id > ? AND id <= ? AND +run IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
            since, upto, list(runs), limit,
        )  # fmt: skip

    def series(
        self,
        run: int,
        split: Split,
        steps: tuple[int, int | None] = (0, None),
        *,
        at_most: int | None = None,
        upto: int | None = None,
    ) -> Series:
        """Return the points of a run and split from the first to the last of ``steps``, in order of step.

        ``at_most`` decimates (``engine.store.decimate``); ``upto`` ignores points with a larger id.
        """
        where = "run = ? AND split = ? AND step >= ? AND step <= ? AND id <= ?"
        last, newest = (_LARGEST if end is None else end for end in (steps[1], upto))
        values: list[object] = [run, split, steps[0], last, newest]
        if at_most is None:
            columns = self._columns(SERIES_COLUMNS, f"FROM points WHERE {where} ORDER BY step", values)
            return Series(columns, total=len(columns["step"]))
        # Decimation drops most points of a long run: read the deciding columns of all, the rest of the kept points.
        deciding = self._columns(DECIDING_COLUMNS, f"FROM points WHERE {where} ORDER BY step", values)
        kept = keep_extremes(deciding["step"], [deciding["loss"], deciding["error"]], at_most)
        kept_steps = deciding["step"][kept].astype(np.int64).tolist()
        where = "run = ? AND split = ? AND step IN (SELECT value FROM json_each(?))"
        columns = self._columns(SERIES_COLUMNS, f"FROM points WHERE {where} ORDER BY step", [run, split, kept_steps])
        return Series(columns, total=len(deciding["step"]))

    def last(self, runs: Sequence[int]) -> dict[tuple[int, Split], sqlite3.Row]:
        """Return the newest point of every run and split."""
        # One seek in the index of (run, split, step) for each run and split.
        rows = self._rows(
            "SELECT points.* FROM json_each(?) AS wanted, json_each(?) AS kinds JOIN points ON points.id ="
            " (SELECT id FROM points AS p WHERE p.run = wanted.value AND p.split = kinds.value"
            " ORDER BY p.step DESC LIMIT 1)",
            list(runs), list(Split),
        )  # fmt: skip
        return {(row["run"], Split(row["split"])): row for row in rows}

    def evaluations(self, run: int) -> list[Evaluated]:
        """Return all evaluations of a run in the order of step and split; NaN for a value that was not finite."""
        rows = self._rows(
            "SELECT step, split, loss, error, images, seconds, took_s, bn FROM points WHERE run = ? AND split != ?"
            " ORDER BY step, split",
            run, Split.TRAIN.value,
        )  # fmt: skip
        return [
            Evaluated(
                row["step"], Split(row["split"]), _measured(row["loss"]), _measured(row["error"]), row["images"],
                row["seconds"], row["took_s"], row["bn"],
            )
            for row in rows
        ]  # fmt: skip

    def evaluated(self, run: int, step: int) -> dict[str, tuple[float, float, int]]:
        """Return the evaluations of a run after ``step`` updates: ``{split: (loss, error, images)}``."""
        rows = self._rows(
            "SELECT split, loss, error, images FROM points WHERE run = ? AND step = ? AND split != ?",
            run, step, Split.TRAIN.value,
        )  # fmt: skip
        return {row["split"]: (row["loss"], row["error"], row["images"]) for row in rows}


class PointWriter(WritingTable):
    """Records the metrics of a training."""

    def record(
        self,
        run: int,
        rows: Sequence[StepRow] = (),
        evaluations: Sequence[Evaluated] = (),
        images_per_s: float | None = None,
    ) -> None:
        """Append points in one transaction, values that are not finite as NULL; a recorded step keeps its values."""
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
        with self._transaction() as connection:
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


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _measured(value: float | None) -> float:
    return math.nan if value is None else value
