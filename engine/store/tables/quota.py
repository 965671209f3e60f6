"""The quota of a workspace, a row of the table ``counters``. Torch-free.

It holds for every program that submits runs to this workspace, whoever started it and with whatever environment. What
the files take is counted where a run is submitted (``engine.runs.client.retention``): runs on record go on.
"""

from engine.store.connection import ReadingTable, WritingTable

#: The row of the quota; a workspace without a quota has none.
_NAME = "quota"


class QuotaReader(ReadingTable):
    """Reads the quota."""

    def bytes(self) -> int | None:
        """Return the bytes that the workspace may take, None without a quota."""
        rows = self._rows("SELECT value FROM counters WHERE name = ?", _NAME)
        return int(rows[0]["value"]) if rows else None


class QuotaWriter(WritingTable):
    """Sets and removes the quota."""

    def set(self, size: int | None) -> None:
        """Set the quota in bytes, None for no quota."""
        if size is None:
            self._execute("DELETE FROM counters WHERE name = ?", _NAME)
        else:
            self._execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", _NAME, size)
