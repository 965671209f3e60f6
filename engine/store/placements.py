"""The table ``placements``: on which node of a cluster each attempt at a run works. Torch-free.

A run on this machine has none. A worker of an earlier attempt may live unseen, on a node that was given up: its writes
are refused, inside the transaction that would take them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import AttemptOver
from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import PlacementRow

#: The kind of the log entry that says where an attempt works.
PLACED = "node"


class PlacementReader(ReadingTable):
    """Reads placements."""

    def of(self, run: int) -> list[PlacementRow]:
        """Return the attempts at a run, oldest first."""
        return self._all(PlacementRow, "SELECT * FROM placements WHERE run = ? ORDER BY attempt", run)

    def current(self, run: int) -> PlacementRow | None:
        """Return the attempt that may write, None if there is none."""
        return self._first(PlacementRow, "SELECT * FROM placements WHERE run = ? AND ended IS NULL", run)

    def lost_in_a_row(self, run: int) -> int:
        """Return how many of the last attempts ended with their nodes."""
        count = 0
        for row in reversed(self.of(run)):
            if not row.lost:
                break
            count += 1
        return count


class PlacementWriter(WritingTable):
    """Begins and ends attempts."""

    def begin(self, run: int) -> int:
        """Begin another attempt at a run, which ends the one before; return its number."""
        with self._transaction() as connection:
            now = time.time()
            connection.execute("UPDATE placements SET ended = ? WHERE run = ? AND ended IS NULL", (now, run))
            last = connection.execute("SELECT max(attempt) FROM placements WHERE run = ?", (run,)).fetchone()[0] or 0
            connection.execute(
                "INSERT INTO placements (run, attempt, node, processor, created) VALUES (?, ?, '', '', ?)",
                (run, last + 1, now),
            )
            return int(last) + 1

    def settle(self, run: int, attempt: int, node: str, processor: str) -> None:
        """Record where the attempt works."""
        sql = "UPDATE placements SET node = ?, processor = ? WHERE run = ? AND attempt = ?"
        self._execute(sql, node, processor, run, attempt)

    def end(self, run: int, lost: bool = False) -> None:
        """End the present attempt, if there is one; ``lost``: with its node."""
        sql = "UPDATE placements SET ended = ?, lost = ? WHERE run = ? AND ended IS NULL"
        self._execute(sql, time.time(), int(lost), run)

    @contextmanager
    def fenced(self, run: int, attempt: int) -> Iterator[None]:
        """Make sure inside of a transaction that the attempt may write. Raises AttemptOver."""
        with self._transaction() as connection:
            sql = "SELECT 1 FROM placements WHERE run = ? AND attempt = ? AND ended IS NULL"
            if connection.execute(sql, (run, attempt)).fetchone() is None:
                raise AttemptOver(f"attempt {attempt} at run {run} is over; nothing of it is written")
            yield
