"""The table ``checkpoints``: the files from which a run resumes. Torch-free."""

import time

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import CheckpointRow


class CheckpointReader(ReadingTable):
    """Reads checkpoints."""

    def of(self, run: int) -> list[CheckpointRow]:
        """Return a run's checkpoints, oldest step first."""
        return self._all(CheckpointRow, "SELECT * FROM checkpoints WHERE run = ? ORDER BY step", run)

    def totals(self) -> dict[int, tuple[int, int]]:
        """Return ``{run: (number, bytes)}`` of all checkpoints."""
        rows = self._rows("SELECT run, count(*) AS number, sum(bytes) AS size FROM checkpoints GROUP BY run")
        return {row["run"]: (row["number"], row["size"]) for row in rows}


class CheckpointWriter(WritingTable):
    """Records and removes checkpoints."""

    def add(self, run: int, step: int, reason: str, size: int) -> None:
        """Record a checkpoint file of ``size`` bytes; reasons as in ``engine.runs.protocol.checkpoint_names``."""
        self._execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)", run, step, reason, size, time.time())

    def remove(self, run: int, step: int) -> None:
        """Remove the record of a checkpoint whose file is gone."""
        self._execute("DELETE FROM checkpoints WHERE run = ? AND step = ?", run, step)
