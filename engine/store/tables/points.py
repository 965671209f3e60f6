"""The table ``point_blocks``: metrics of trainings, a block of consecutive steps for each flush. Torch-free.

``engine.store.packing`` packs the columns of a block. The view ``points`` shows one row per step in plain SQL.
"""

import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any

import numpy as np

from engine.events import Evaluated, Split, StepRow
from engine.store.connection import ReadingConnection, ReadingTable, WritingTable, insert
from engine.store.decimate import keep_extremes
from engine.store.packing import pack, unpack, value_at
from engine.store.points_view import PACKED
from engine.store.rows import Series

SERIES_COLUMNS = ("step", "loss", "error", "running_loss", "running_error", "lr", "seconds")
#: Columns that decide which points decimation keeps.
DECIDING_COLUMNS = ("step", "loss", "error")
#: One step of the record, by column.
Point = dict[str, Any]

#: SQLite's largest integer.
_LARGEST = 2**63 - 1
_STREAMED = ("loss", "error", "running_loss", "running_error", "seconds")
#: The blocks of a run and split with a step from the first to the last of two.
_BLOCKS = (
    "FROM point_blocks WHERE run = :run AND split = :split AND step <= :last AND step >= coalesce((SELECT max(step)"
    " FROM point_blocks WHERE run = :run AND split = :split AND step <= :first), 0)"
)
_STORED = ("id", "run", "split", "step", "steps", *(part for name in PACKED for part in (name, f"{name}_unit")))
_INSERT = f"INSERT INTO point_blocks ({', '.join(_STORED)}) VALUES ({', '.join('?' * len(_STORED))})"


class PointReader(ReadingTable):
    """Reads the curves of trainings."""

    def __init__(self, connection: ReadingConnection):
        super().__init__(connection)
        self._tuples = connection.tuples

    def head(self) -> tuple[int, int]:
        """Return the stream's cursor: the newest point's id and the newest change's number. Neither ever falls."""
        row = self._rows(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'point_blocks'), 0),"
            " (SELECT value FROM counters WHERE name = 'changed')"
        )[0]
        return int(row[0]), int(row[1])

    def since(self, since: int, upto: int, runs: Sequence[int], limit: int = 20_000) -> list[Point]:
        """Return points with ``since < id <= upto`` of these runs, in order of id."""
        # A block has the id of its last step. +run makes SQLite scan the few new ids, not all blocks of these runs.
        blocks = self._rows(
            f"SELECT id, run, split, step, steps, {_packed(_STREAMED)} FROM point_blocks"
            " WHERE id > ? AND id - steps < ? AND +run IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
            since, upto, list(runs), limit,
        )  # fmt: skip
        points = (point for block in blocks for point in _points(block, _STREAMED) if since < point["id"] <= upto)
        return [point for point, _ in zip(points, range(limit), strict=False)]

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
        last, newest = (_LARGEST if end is None else end for end in (steps[1], upto))
        where = {"run": run, "split": split, "first": steps[0], "last": last}

        def in_range(columns: dict[str, np.ndarray]) -> np.ndarray:
            step = columns["step"]
            return (step >= steps[0]) & (step <= last) & (columns["id"] <= newest)

        if at_most is None:
            columns = self._columns(SERIES_COLUMNS, _BLOCKS, where)
            chosen = in_range(columns)
            return _series(columns, chosen, int(chosen.sum()))
        # Decimation drops most points of a long run: read the deciding columns of all, the rest of the kept points.
        deciding = self._columns(DECIDING_COLUMNS, _BLOCKS, where)
        candidates = np.flatnonzero(in_range(deciding))
        step = deciding["step"][candidates]
        kept = keep_extremes(step, [deciding[name][candidates] for name in DECIDING_COLUMNS[1:]], at_most)
        blocks = np.unique(deciding["block"][candidates[kept]]).astype(np.int64).tolist()
        of_blocks = (
            "FROM point_blocks WHERE run = :run AND split = :split AND step IN (SELECT value FROM json_each(:steps))"
        )
        columns = self._columns(SERIES_COLUMNS, of_blocks, {"run": run, "split": split, "steps": blocks})
        return _series(columns, np.isin(columns["step"], step[kept]), len(step))

    def _columns(self, names: Sequence[str], blocks: str, where: dict[str, object]) -> dict[str, np.ndarray]:
        """Return columns of all points of some blocks, in order of step, with their ids and the steps of their blocks.

        Shapes: (points,) float64 each.
        """
        packed = [name for name in names if name != "step"]
        rows = self._tuples(f"SELECT id, step, steps, {_packed(packed)} {blocks} ORDER BY step", where)
        ids, first, counts, *rest = zip(*rows, strict=True) if rows else [()] * (3 + 2 * len(packed))
        count = np.array(counts, dtype=np.int64)
        # The place of each point in its block.
        place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        block = np.repeat(np.array(first, dtype=np.float64), count)
        columns = {"block": block, "step": block + place, "id": np.repeat(np.array(ids) - count + 1, count) + place}
        for name, values, units in zip(packed, rest[::2], rest[1::2], strict=True):
            columns[name] = unpack(values, units, counts)
        return columns

    def last(self, runs: Sequence[int]) -> dict[tuple[int, Split], Point]:
        """Return the newest point of every run and split."""
        # One seek in the index of (run, split, step) for each run and split.
        rows = self._rows(
            "SELECT point_blocks.* FROM json_each(?) AS wanted, json_each(?) AS kinds JOIN point_blocks"
            " ON point_blocks.id = (SELECT id FROM point_blocks AS p WHERE p.run = wanted.value"
            " AND p.split = kinds.value ORDER BY p.step DESC LIMIT 1)",
            list(runs), list(Split),
        )  # fmt: skip
        return {(row["run"], Split(row["split"])): _point(row, PACKED, row["steps"] - 1) for row in rows}

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
        # An evaluation is a block of one step.
        rows = self._rows(
            "SELECT split, loss, error, images FROM point_blocks WHERE run = ?"
            " AND split IN (SELECT value FROM json_each(?)) AND step = ?",
            run, [split for split in Split if split is not Split.TRAIN], step,
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
        step = max([r.step for r in rows] + [e.step for e in evaluations])
        seconds = max([r.seconds for r in rows] + [e.seconds for e in evaluations])
        with self._transaction() as connection:
            for consecutive in _without_gaps(_unrecorded(connection, run, rows)):
                # The step stands before the packed columns.
                table = np.array(consecutive, dtype=np.float64).T[1:]
                table[~np.isfinite(table)] = np.nan
                add_blocks(connection, run, consecutive[0].step, table)
            for e in evaluations:
                _add_evaluation(connection, run, e)
            connection.execute(
                "UPDATE runs SET step = max(step, ?), seconds = max(seconds, ?), heartbeat = ?,"
                " images_per_s = coalesce(?, images_per_s) WHERE id = ?",
                (step, seconds, time.time(), images_per_s, run),
            )


def clock_at(connection: sqlite3.Connection, run: int, step: int) -> float:
    """Return the largest ``seconds`` of a run up to a step in the caller's transaction, 0 without a point."""
    sql = "SELECT step, steps, seconds, seconds_unit FROM point_blocks WHERE run = ? AND step <= ?"
    blocks = connection.execute(sql, (run, step)).fetchall()
    if not blocks:
        return 0.0
    first, counts, values, units = zip(*map(tuple, blocks), strict=True)
    # A block may go on behind the step; its steps are consecutive.
    in_range = np.concatenate([np.arange(count) <= step - begin for begin, count in zip(first, counts, strict=True)])
    return float(unpack(values, units, counts)[in_range].max())


def _unrecorded(connection: sqlite3.Connection, run: int, rows: Sequence[StepRow]) -> list[StepRow]:
    """Return the rows of steps that are not on record, each step once, in order of step."""
    by_step = {row.step: row for row in reversed(rows)}
    if not by_step:
        return []
    steps = sorted(by_step)
    where = {"run": run, "split": Split.TRAIN, "first": steps[0], "last": steps[-1]}
    for begin, count in connection.execute(f"SELECT step, steps {_BLOCKS}", where):
        for step in range(begin, begin + count):
            by_step.pop(step, None)
    return [by_step[step] for step in steps if step in by_step]


def _without_gaps(rows: Sequence[StepRow]) -> Iterator[list[StepRow]]:
    """Yield the longest parts without a gap."""
    if rows and rows[-1].step - rows[0].step == len(rows) - 1:
        yield list(rows)
        return
    for _, part in groupby(enumerate(rows), key=lambda numbered: numbered[1].step - numbered[0]):
        yield [row for _, row in part]


def add_blocks(connection: sqlite3.Connection, run: int, first: int, table: np.ndarray) -> None:
    """Append consecutive training steps from ``first`` on, none on record, in the caller's transaction.

    Shapes: ``table`` (columns of ``PACKED``, steps) float64, NaN where a value is not finite.
    """
    newest = _newest(connection)
    connection.executemany(
        _INSERT,
        [
            (
                newest + block.last,
                run,
                Split.TRAIN,
                first + block.first,
                block.last - block.first,
                *chain(*block.columns),
            )
            for block in pack(table)
        ],
    )


def _add_evaluation(connection: sqlite3.Connection, run: int, e: Evaluated) -> None:
    sql = "SELECT 1 FROM point_blocks WHERE run = ? AND split = ? AND step = ?"
    if connection.execute(sql, (run, e.split, e.step)).fetchone() is None:
        insert(
            connection, "point_blocks", id=_newest(connection) + 1, run=run, split=e.split, step=e.step, steps=1,
            loss=_finite(e.loss), error=_finite(e.error), seconds=e.seconds, images=e.images, took_s=e.took_s, bn=e.bn,
        )  # fmt: skip


def _newest(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'point_blocks'").fetchone()
    return int(row[0]) if row else 0


def _packed(names: Sequence[str]) -> str:
    return ", ".join(f"{name}, {name}_unit" for name in names)


def _points(block: sqlite3.Row, names: Sequence[str]) -> Iterator[Point]:
    for place in range(block["steps"]):
        yield _point(block, names, place)


def _point(block: sqlite3.Row, names: Sequence[str], place: int) -> Point:
    """Return one step of a block with these packed columns, and the columns that all its steps share."""
    steps = block["steps"]
    values: Point = {name: value_at(block[name], block[f"{name}_unit"], steps, place) for name in names}
    shared: Point = {name: block[name] for name in ("images", "took_s", "bn") if name in block.keys()}  # noqa: SIM118
    number, step = block["id"] - steps + 1 + place, block["step"] + place
    return {"id": number, "run": block["run"], "split": block["split"], "step": step, **values, **shared}


def _series(columns: dict[str, np.ndarray], chosen: np.ndarray, total: int) -> Series:
    return Series({name: columns[name][chosen] for name in SERIES_COLUMNS}, total)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _measured(value: float | None) -> float:
    return math.nan if value is None else value
