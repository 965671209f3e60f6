"""Instant races: only the newest is at work, and the last ``MAX_KEPT`` stay on the record. Torch-free.

A superseded race leaves the record at once. Its curves end anywhere, so a comparison with them would say nothing, and a
dragged slider would fill the ring with such races. A race that somebody kept is in no ring any more.
"""

import shutil

from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.writer import Writer

#: Instant races on the record.
MAX_KEPT = 50


class InstantRaces:
    """Ends superseded instant races, and removes those and the oldest, with rows and files."""

    def __init__(self, reader: Reader, writer: Writer, pool: WorkerPool):
        self._workspace, self._reader, self._writer, self._pool = reader.workspace, reader, writer, pool

    def see_to(self) -> None:
        """Do what is due. A worker that was ended here leaves its rows for the next call."""
        # First of all the mark: a race that can still be kept loses no run.
        if due := surplus(self._reader.races.ring()):
            self._writer.races.supersede(due)
        for race in self._reader.races.superseded():
            for row in self._reader.runs.all(race):
                self._remove(row)

    def _remove(self, row: RunRow) -> None:
        if self._pool.has(row.id):
            # Nothing of the run is needed any more, so the worker need not come to the end of a step.
            self._pool.drop(row.id)
        elif not self._pool.occupies(row.id):
            self._writer.jobs.delete(row.id)
            shutil.rmtree(self._workspace.run(row.id), ignore_errors=True)


def surplus(ring: list[tuple[int, bool]]) -> list[int]:
    """Return the races that must go: superseded ones and the oldest beyond ``MAX_KEPT``.

    Args:
        ring: The instant races, newest first, each with whether it came to its end (``RaceReader.ring``).
    """
    ended = [race for race, over in ring[1:] if over]
    return [race for race, over in ring[1:] if not over or race in ended[MAX_KEPT - 1 :]]
