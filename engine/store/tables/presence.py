"""The tables ``engine`` and ``clients``: living processes. Torch-free."""

import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import EngineRow


class PresenceWriter(WritingTable):
    """Registers the engine and its clients."""

    def enter_client(self, pid: int, pid_started: float, kind: str) -> None:
        """Add a client (app server or command line); the engine stays up for its clients."""
        self._execute("INSERT OR REPLACE INTO clients VALUES (?, ?, ?)", pid, pid_started, kind)

    def leave_client(self, pid: int, pid_started: float) -> None:
        """Remove a client that left or died."""
        self._execute("DELETE FROM clients WHERE pid = ? AND pid_started = ?", pid, pid_started)

    def enter_engine(self, pid: int, pid_started: float, version: str, devices: Sequence[str]) -> None:
        """Record the engine that holds the lock."""
        sql, now = "INSERT OR REPLACE INTO engine VALUES (1, ?, ?, ?, ?, ?, ?)", time.time()
        self._execute(sql, pid, pid_started, version, list(devices), now, now)

    def engine_beat(self) -> None:
        """Record a heartbeat of the engine."""
        self._execute("UPDATE engine SET heartbeat = ?", time.time())

    def leave_engine(self) -> None:
        """Remove the engine when it ends in good order."""
        self._execute("DELETE FROM engine")


class PresenceReader(ReadingTable):
    """Reads the registered engine and clients."""

    def engine(self) -> EngineRow | None:
        """Return the registered engine; None after it ended in good order."""
        return self._first(EngineRow, "SELECT * FROM engine")

    def clients(self) -> list[tuple[int, float, str]]:
        """Return (pid, process start time, kind) of every registered client."""
        return [tuple(row) for row in self._rows("SELECT pid, pid_started, kind FROM clients")]
