"""What people write beside the record: the name of a race, the note of a run.

A name or a note changes no result, so no engine is asked. Torch-free.
"""

from collections.abc import Sequence

from engine.store.connection import WritingTable
from engine.store.revision import next_revision


class VisitorNoteWriter(WritingTable):
    """How names and notes get into the store."""

    def rename_race(self, race: int, name: str) -> bool:
        """Give a race another name and let viewers see that something changed; return False when there is none."""
        with self._transaction() as connection:
            cursor = connection.execute("UPDATE races SET name = ? WHERE id = ? AND tunes IS NULL", (name, race))
            if cursor.rowcount:
                next_revision(connection)
        return bool(cursor.rowcount)

    def annotate(self, runs: Sequence[int], note: str) -> list[int]:
        """Write a note on these runs, in one transaction; return those that exist."""
        written = []
        with self._transaction() as connection:
            for run in runs:
                cursor = connection.execute(
                    "UPDATE runs SET note = ?, changed = ? WHERE id = ?", (note, next_revision(connection), run)
                )
                written += [run] * cursor.rowcount
        return written
