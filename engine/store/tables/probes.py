"""The tables of the probes: ``layers``, ``probes`` and ``arrays``. Torch-free.

``engine.store.blobs`` codes the arrays. Each row names its code, so that a reader needs nothing else.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import VersionMismatch
from engine.events import Probed
from engine.store import blobs
from engine.store.connection import ReadingTable, WritingTable

#: The first probes of a run are close together; decimation keeps them.
_KEPT_FIRST = 6


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer or block of a run's net; ``kind`` as in ``engine.probes.quantity``, ``stage`` 0 is the stem."""

    kind: str
    position: int
    name: str
    stage: int
    channels: int


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe of a run. Units: ``seconds`` of the run's clock, ``took_s`` the cost in seconds."""

    id: int
    step: int
    seconds: float
    took_s: float
    images: int


@dataclass(frozen=True, slots=True)
class Coding:
    """The code and the range of a stored array."""

    code: str
    low: float
    high: float


class ProbeWriter(WritingTable):
    """Records probes."""

    def add_layers(self, run: int, rows: Sequence[LayerRow]) -> None:
        """Record the layers and blocks of a run's net; a repeat does nothing."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO layers VALUES (?, ?, ?, ?, ?, ?)",
                [(run, row.kind, row.position, row.name, row.stage, row.channels) for row in rows],
            )

    def add(self, run: int, probed: Probed, codings: Mapping[str, Coding]) -> None:
        """Append one probe with its arrays; a recorded step keeps its first values."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO probes (run, step, seconds, took_s, images) VALUES (?, ?, ?, ?, ?)",
                (run, probed.step, probed.seconds, probed.took_s, probed.images),
            )
            if not cursor.rowcount:
                return
            probe = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT INTO arrays VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [_array_row(probe, name, array, codings[name]) for name, array in probed.arrays.items()],
            )
            connection.execute(
                "UPDATE runs SET seconds = max(seconds, ?), probe_share ="
                " (SELECT sum(took_s) FROM probes WHERE run = runs.id) / max(seconds, ?, 1e-9) WHERE id = ?",
                (probed.seconds, probed.seconds, run),
            )


def _array_row(probe: int, name: str, array: np.ndarray, coding: Coding) -> tuple[object, ...]:
    length, width = (array.shape[0], 1) if array.ndim == 1 else array.shape
    data = blobs.encode(array, coding.code, coding.low, coding.high)
    return probe, name, length, width, coding.code, coding.low, coding.high, data


class ProbeReader(ReadingTable):
    """Reads probes."""

    def layers(self, run: int, kind: str | None = None) -> list[LayerRow]:
        """Return the layers and blocks of a run's net, or those of one kind, front to back."""
        sql = "SELECT * FROM layers WHERE run = ? AND (? IS NULL OR kind = ?) ORDER BY kind DESC, position"
        return self._all(LayerRow, sql, run, kind, kind)

    def head(self) -> int:
        """Return the newest probe's id, which never falls."""
        rows = self._rows("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'probes'), 0)")
        return int(rows[0][0])

    def all(
        self, run: int, *, since: int = 0, upto: int | None = None, at_most: int | None = None
    ) -> tuple[list[ProbeRow], int]:
        """Return the probes of a run with ``since < id <= upto`` in order of step, and their number.

        ``at_most`` keeps the first six, every 2^m-th and the last; kept probes stay while m stays.
        """
        sql = "SELECT * FROM probes WHERE run = ? AND id > ? AND (? IS NULL OR id <= ?) ORDER BY step"
        rows = self._all(ProbeRow, sql, run, since, upto, upto)
        total = len(rows)
        if at_most is None or total <= at_most:
            return rows, total
        stride = 1
        while _KEPT_FIRST + 1 + -(-total // stride) > max(at_most, _KEPT_FIRST + 2):
            stride *= 2
        kept = [
            row for index, row in enumerate(rows) if index < _KEPT_FIRST or index % stride == 0 or index == total - 1
        ]
        return kept, total

    def array(self, probe: int, quantity: str) -> np.ndarray | None:
        """Return one float32 array, (length,) or (length, width); None where there is none."""
        return self.arrays([probe], quantity).get(probe)

    def arrays(self, probes: Sequence[int], quantity: str) -> dict[int, np.ndarray]:
        """Return ``{probe: array}`` of one quantity in order of id, for probes that have the quantity."""
        rows = self._rows(
            "SELECT probe, length, width, code, low, high, data FROM arrays"
            " WHERE quantity = ? AND probe IN (SELECT value FROM json_each(?)) ORDER BY probe",
            quantity, list(probes),
        )  # fmt: skip
        return {row["probe"]: _array(row) for row in rows}

    def codings(self, run: int) -> dict[str, Coding]:
        """Return the coding of every quantity that a probe of a run has, by name."""
        rows = self._rows(
            "SELECT quantity, code, low, high FROM arrays WHERE probe IN (SELECT id FROM probes WHERE run = ?)"
            " GROUP BY quantity ORDER BY quantity",
            run,
        )
        return {row["quantity"]: Coding(row["code"], row["low"], row["high"]) for row in rows}

    def quantities(self, run: int) -> list[str]:
        """Return the names of the quantities of a run's last probe."""
        rows = self._rows(
            "SELECT quantity FROM arrays WHERE probe = (SELECT id FROM probes WHERE run = ? ORDER BY step DESC LIMIT 1)"
            " ORDER BY rowid",
            run,
        )
        return [row["quantity"] for row in rows]


def _array(row: sqlite3.Row) -> np.ndarray:
    try:
        values = blobs.decode(row["data"], row["code"], row["low"], row["high"])
    except ValueError as error:
        raise VersionMismatch(f"an array of this database is kept in another way ({error}); update Skipscope") from None
    return values if row["width"] == 1 else values.reshape(row["length"], row["width"])
