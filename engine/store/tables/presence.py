"""The tables ``engine`` and ``clients``: who is there. Torch-free."""

import json
import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import EngineRow


class PresenceWriter(WritingTable):
    """How programs say that they are there."""

    def enter_client(self, pid: int, pid_started: float, kind: str) -> None:
        """Add a client, an app server or a following command line; the engine stays up for it."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO clients VALUES (?, ?, ?)", (pid, pid_started, kind))

    def leave_client(self, pid: int, pid_started: float) -> None:
        """Remove a client that left or died."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM clients WHERE pid = ? AND pid_started = ?", (pid, pid_started))

    def enter_engine(self, pid: int, pid_started: float, version: str, devices: Sequence[str]) -> None:
        """Record the engine that holds the lock."""
        now = time.time()
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO engine VALUES (1, ?, ?, ?, ?, ?, ?)",
                (pid, pid_started, version, json.dumps(list(devices)), now, now),
            )

    def engine_beat(self) -> None:
        """Record that the engine lives."""
        with self._transaction() as connection:
            connection.execute("UPDATE engine SET heartbeat = ?", (time.time(),))

    def leave_engine(self) -> None:
        """Remove the engine, which ends in good order."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM engine")


class PresenceReader(ReadingTable):
    """Which engine and which clients said that they are there."""

    def engine(self) -> EngineRow | None:
        """Return what the engine last said of itself; None after it ended in good order."""
        rows = self._rows("SELECT pid, pid_started, version, devices, started, heartbeat FROM engine")
        if not rows:
            return None
        values = dict(rows[0])
        return EngineRow(**{**values, "devices": json.loads(values["devices"])})

    def clients(self) -> list[tuple[int, float, str]]:
        """Return (pid, process start time, kind) of every client that entered and did not leave."""
        return [tuple(row) for row in self._rows("SELECT pid, pid_started, kind FROM clients")]
