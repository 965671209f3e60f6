"""The table ``ghost_lines``: lines of other trainings, imported to stand beside a race. Torch-free.

They belong to a race and to none of its runs: no mean, gap or verdict reads them. ``steps`` and ``numbers`` are
little-endian float64; a number that was not finite is NaN.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import ConfigError, missing
from engine.events import Split
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision
from engine.store.rows import GhostLineRow

_COLUMNS = "id, race, name, source, quantity, split, metric, total, points, created"


@dataclass(frozen=True)
class GhostLine:
    """A line to be stored. Shapes: ``steps``, ascending, and ``numbers`` (points,) float64; ``total`` came with it.

    Units: percent where ``metric`` is error; a loss is as it came.
    """

    name: str
    source: str
    quantity: str
    split: Split
    metric: str
    total: int
    steps: np.ndarray
    numbers: np.ndarray


class GhostLineReader(ReadingTable):
    """Reads imported lines."""

    def of(self, races: Sequence[int]) -> list[GhostLineRow]:
        """Return the lines of these races, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM ghost_lines WHERE race IN (SELECT value FROM json_each(?)) ORDER BY id"
        return self._all(GhostLineRow, sql, list(races))

    def all(self) -> list[GhostLineRow]:
        """Return all lines, oldest first."""
        return self._all(GhostLineRow, f"SELECT {_COLUMNS} FROM ghost_lines ORDER BY race, id")

    def points(self, line: int) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and numbers of a line, float64 (points,) each."""
        (row,) = self._rows("SELECT steps, numbers FROM ghost_lines WHERE id = ?", line)
        steps, numbers = (np.frombuffer(row[name], dtype="<f8").astype(np.float64) for name in ("steps", "numbers"))
        return steps, numbers

    def changed(self, runs: Sequence[int], since: int) -> bool:
        """Return whether the lines beside the races of these runs changed after a revision."""
        sql = (
            "SELECT 1 FROM races WHERE ghosts_changed > ? AND id IN"
            " (SELECT race FROM runs WHERE id IN (SELECT value FROM json_each(?))) LIMIT 1"
        )
        return bool(self._rows(sql, since, list(runs)))


class GhostLineWriter(WritingTable):
    """Adds and removes imported lines, and notifies viewers."""

    def add(self, race: int, lines: Sequence[GhostLine], at_most: int) -> list[int]:
        """Store lines beside a race, all or none; return their ids.

        Raises ConfigError for a race that is not there, a name that it has already, or more than ``at_most`` lines.
        """
        with self._transaction() as connection:
            if connection.execute("SELECT 1 FROM races WHERE id = ?", (race,)).fetchone() is None:
                raise ConfigError(missing(f"race {race}"))
            known = {row["name"] for row in connection.execute("SELECT name FROM ghost_lines WHERE race = ?", (race,))}
            if twice := next((line.name for line in lines if line.name in known), None):
                raise ConfigError(f"race {race} has an imported line {twice!r} already; remove it, or use another name")
            if len(known) + len(lines) > at_most:
                raise ConfigError(
                    f"race {race} has {len(known)} imported lines, and {at_most} is the most; remove some"
                )
            ids = [
                insert(
                    connection, "ghost_lines", race=race, name=line.name, source=line.source, quantity=line.quantity,
                    split=line.split.value, metric=line.metric, total=line.total, points=len(line.steps),
                    steps=line.steps.astype("<f8").tobytes(), numbers=line.numbers.astype("<f8").tobytes(),
                    created=time.time(),
                )
                for line in lines
            ]  # fmt: skip
            connection.execute("UPDATE races SET ghosts_changed = ? WHERE id = ?", (next_revision(connection), race))
        return ids

    def remove(self, lines: Sequence[int]) -> list[int]:
        """Remove lines; return the ids of those that there were."""
        removed = []
        with self._transaction() as connection:
            for line in lines:
                row = connection.execute("SELECT race FROM ghost_lines WHERE id = ?", (line,)).fetchone()
                if row is None:
                    continue
                connection.execute("DELETE FROM ghost_lines WHERE id = ?", (line,))
                sql = "UPDATE races SET ghosts_changed = ? WHERE id = ?"
                connection.execute(sql, (next_revision(connection), row["race"]))
                removed.append(line)
        return removed
