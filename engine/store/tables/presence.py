"""The tables ``engine`` and ``clients``: who is there. Torch-free."""

import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import EngineRow


class PresenceWriter(WritingTable):
    """How programs say that they are there."""

    def enter_client(self, pid: int, pid_started: float, kind: str) -> None:
        """Add a client, an app server or a following command line; the engine stays up for it."""
        self._execute("INSERT OR REPLACE INTO clients VALUES (?, ?, ?)", pid, pid_started, kind)

    def leave_client(self, pid: int, pid_started: float) -> None:
        """Remove a client that left or died."""
        self._execute("DELETE FROM clients WHERE pid = ? AND pid_started = ?", pid, pid_started)

    def enter_engine(self, pid: int, pid_started: float, version: str, devices: Sequence[str]) -> None:
        """Record the engine that holds the lock."""
        sql, now = "INSERT OR REPLACE INTO engine VALUES (1, ?, ?, ?, ?, ?, ?)", time.time()
        self._execute(sql, pid, pid_started, version, list(devices), now, now)

    def engine_beat(self) -> None:
        """Record that the engine lives."""
        self._execute("UPDATE engine SET heartbeat = ?", time.time())

    def leave_engine(self) -> None:
        """Remove the engine, which ends in good order."""
        self._execute("DELETE FROM engine")


class PresenceReader(ReadingTable):
    """Which engine and which clients said that they are there."""

    def engine(self) -> EngineRow | None:
        """Return what the engine last said of itself; None after it ended in good order."""
        return self._first(EngineRow, "SELECT * FROM engine")

    def clients(self) -> list[tuple[int, float, str]]:
        """Return (pid, process start time, kind) of every client that entered and did not leave."""
        return [tuple(row) for row in self._rows("SELECT pid, pid_started, kind FROM clients")]
