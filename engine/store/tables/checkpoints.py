"""The table ``checkpoints``: the files from which a run resumes. Torch-free."""

import time
from collections.abc import Sequence

from engine.store.connection import ReadingTable, WritingTable
from engine.store.rows import CheckpointRow


class CheckpointReader(ReadingTable):
    """Reads checkpoints."""

    def of(self, run: int) -> list[CheckpointRow]:
        """Return a run's checkpoints, oldest step first."""
        return self._all(CheckpointRow, "SELECT * FROM checkpoints WHERE run = ? ORDER BY step", run)

    def totals(self, runs: Sequence[int] | None = None) -> dict[int, tuple[int, int]]:
        """Return ``{run: (number, bytes)}`` of the checkpoints of some runs or of all."""
        some = "WHERE run IN (SELECT value FROM json_each(?))" if runs is not None else "WHERE ?"
        sql = f"SELECT run, count(*) AS number, sum(bytes) AS size FROM checkpoints {some} GROUP BY run"
        rows = self._rows(sql, True if runs is None else list(runs))
        return {row["run"]: (row["number"], row["size"]) for row in rows}


class CheckpointWriter(WritingTable):
    """Records and removes checkpoints."""

    def add(self, run: int, step: int, reason: str, size: int) -> None:
        """Record a checkpoint file of ``size`` bytes; reasons as in ``engine.runs.protocol.checkpoint_names``."""
        self._execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)", run, step, reason, size, time.time())

    def remove(self, run: int, step: int) -> None:
        """Remove the record of a checkpoint whose file is gone."""
        self._execute("DELETE FROM checkpoints WHERE run = ? AND step = ?", run, step)
