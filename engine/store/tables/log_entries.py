"""The table ``log_entries``: what was said about a run at one of its steps. Torch-free."""

import json
import sqlite3
import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable


class LogReader(ReadingTable):
    """What was said about runs."""

    def of(self, runs: Sequence[int]) -> list[sqlite3.Row]:
        """Return the log entries of these runs in order: run, step, kind, text, created."""
        return self._rows(
            "SELECT run, step, kind, text, created FROM log_entries"
            " WHERE run IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(list(runs)),
        )


class LogWriter(WritingTable):
    """How something is said about a run."""

    def add(self, run: int, step: int, kind: str, text: str) -> None:
        """Add an entry to the record of a run; a repeat after a resume is kept once."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO log_entries (run, step, kind, text, created) SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM log_entries WHERE run = ? AND step = ? AND kind = ? AND text = ?)",
                (run, step, kind, text, time.time(), run, step, kind, text),
            )
