"""The table ``checkpoints``: which files a run has to go on from. Torch-free."""

import time

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import CheckpointRow


class CheckpointReader(ReadingTable):
    """Which checkpoints there are."""

    def of(self, run: int) -> list[CheckpointRow]:
        """Return a run's checkpoints, oldest step first."""
        return self._all(CheckpointRow, "SELECT * FROM checkpoints WHERE run = ? ORDER BY step", run)

    def totals(self) -> dict[int, tuple[int, int]]:
        """Return ``{run: (number, bytes)}`` of all checkpoints."""
        rows = self._rows("SELECT run, count(*) AS number, sum(bytes) AS size FROM checkpoints GROUP BY run")
        return {row["run"]: (row["number"], row["size"]) for row in rows}


class CheckpointWriter(WritingTable):
    """How a checkpoint gets on record, and off it."""

    def add(self, run: int, step: int, reason: str, size: int) -> None:
        """Record a checkpoint file of ``size`` bytes. Reasons: tenth, autosave, pause, end, fork."""
        self._execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)", run, step, reason, size, time.time())

    def remove(self, run: int, step: int) -> None:
        """Forget a checkpoint whose file is gone."""
        self._execute("DELETE FROM checkpoints WHERE run = ? AND step = ?", run, step)
