"""Names of races and notes of runs. Torch-free.

A name or a note changes no result, so no engine is involved.
"""

from collections.abc import Sequence

from engine.store.connection import WritingTable
from engine.store.revision import next_revision


class VisitorNoteWriter(WritingTable):
    """Writes names and notes."""

    def rename_race(self, race: int, name: str) -> bool:
        """Rename a race and notify viewers; return False for a missing race."""
        with self._transaction() as connection:
            cursor = connection.execute("UPDATE races SET name = ? WHERE id = ? AND tunes IS NULL", (name, race))
            if cursor.rowcount:
                next_revision(connection)
        return bool(cursor.rowcount)

    def annotate(self, runs: Sequence[int], note: str) -> list[int]:
        """Write a note on these runs; return the ids of existing runs."""
        written = []
        with self._transaction() as connection:
            for run in runs:
                cursor = connection.execute(
                    "UPDATE runs SET note = ?, changed = ? WHERE id = ?", (note, next_revision(connection), run)
                )
                written += [run] * cursor.rowcount
        return written
