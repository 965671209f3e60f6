"""The table ``log_entries``: remarks on a step of a run. Torch-free."""

import sqlite3
import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable, insert

#: The kind of the entry that says what below a path was taken for what, and of the one that says what is broken.
TAKEN, BROKEN_IMAGES = "taken", "data"


class LogReader(ReadingTable):
    """Reads log entries."""

    def of(self, runs: Sequence[int]) -> list[sqlite3.Row]:
        """Return the log entries of these runs in order: run, step, kind, text, created."""
        sql = "SELECT run, step, kind, text, created FROM log_entries"
        return self._rows(f"{sql} WHERE run IN (SELECT value FROM json_each(?)) ORDER BY id", list(runs))


class LogWriter(WritingTable):
    """Adds log entries."""

    def add(self, run: int, step: int, kind: str, text: str) -> None:
        """Add an entry; a repeat after a resume does nothing."""
        with self._transaction() as connection:
            sql = "SELECT 1 FROM log_entries WHERE run = ? AND step = ? AND kind = ? AND text = ?"
            if connection.execute(sql, (run, step, kind, text)).fetchone() is None:
                log(connection, run, step, kind, text)


def log(connection: sqlite3.Connection, run: int, step: int, kind: str, text: str) -> None:
    """Add an entry in the caller's transaction."""
    insert(connection, "log_entries", run=run, step=step, kind=kind, text=text, created=time.time())
