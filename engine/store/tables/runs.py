"""The tables ``runs`` and ``deletions``. Torch-free."""

import sqlite3
from collections.abc import Iterable, Sequence

from engine.config import RunConfig
from engine.errors import ConfigError, missing
from engine.events import RunState
from engine.provenance import versions
from engine.store.connection import ReadingTable, insert
from engine.store.revision import next_revision
from engine.store.rows import RunRow

_RUNS = (
    "SELECT runs.*, (SELECT tunes FROM races WHERE races.id = runs.race) AS tunes,"
    " (SELECT instant FROM races WHERE races.id = runs.race) AS instant FROM runs"
)


class RunReader(ReadingTable):
    """Reads runs."""

    def all(self, race: int | None = None, states: Iterable[RunState] = (), *, every: bool = False) -> list[RunRow]:
        """Return runs in starting order, of one race or all, in some states or any.

        ``every`` includes trials and the runs of instant races.
        """
        wanted = list(states)
        races = "(? OR (tunes IS NULL AND NOT instant))" if race is None else "race = ?"
        some = "state IN (SELECT value FROM json_each(?))" if wanted else "?"
        sql = f"{_RUNS} WHERE {races} AND {some} ORDER BY race, position"
        return self._all(RunRow, sql, every if race is None else race, wanted or True)

    def outline(self, races: Sequence[int]) -> list[sqlite3.Row]:
        """Return id, race, depth, shortcut and state of the runs of some races, in starting order."""
        # No configuration is parsed: a list of races needs thousands of runs.
        sql = "SELECT id, race, depth, shortcut, state FROM runs WHERE race IN (SELECT value FROM json_each(?))"
        return self._rows(f"{sql} ORDER BY race, position", list(races))

    def saved(self, states: Iterable[RunState]) -> list[int]:
        """Return the runs in some states that have a checkpoint, newest first, without trials and instant races."""
        sql = (
            "SELECT runs.id FROM runs JOIN races ON races.id = runs.race WHERE tunes IS NULL AND NOT instant"
            " AND state IN (SELECT value FROM json_each(?))"
            " AND EXISTS (SELECT 1 FROM checkpoints WHERE run = runs.id) ORDER BY runs.id DESC"
        )
        return [row["id"] for row in self._rows(sql, list(states))]

    def get(self, run: int) -> RunRow | None:
        """Return one run, None if there is none."""
        return self._first(RunRow, f"{_RUNS} WHERE id = ?", run)

    def known(self, run: int) -> RunRow:
        """Return one run. Raises ConfigError if there is none, or the id is that of a lab's job."""
        if (row := self.get(run)) is not None:
            return row
        if jobs := self._rows("SELECT lab FROM lab_jobs WHERE id = ?", run):
            text = f"run {run} is a job of the lab {jobs[0]['lab']}, not a training"
            raise ConfigError(f"{text}; `python -m engine runs` lists both")
        raise ConfigError(missing(f"run {run}"))

    def changed(self, since: int, race: int | None = None) -> tuple[list[RunRow], list[int]]:
        """Return the runs that changed after the cursor ``since``, and the ids of runs deleted since then."""
        after = "WHERE changed > ? AND (? IS NULL OR race = ?)"
        gone = self._rows(f"SELECT run FROM deletions {after}", since, race, race)
        rows = self._all(RunRow, f"{_RUNS} {after} ORDER BY changed", since, race, race)
        return rows, [row["run"] for row in gone]


def insert_run(connection: sqlite3.Connection, race: int, position: int, config: RunConfig, **values: object) -> int:
    """Insert a queued run in the caller's transaction; return its id."""
    return insert(
        connection, "runs", race=race, position=position, depth=config.model.depth, shortcut=config.model.shortcut,
        seed=config.seed, config=config.to_json(), versions=versions(), state=RunState.QUEUED,
        changed=next_revision(connection), **values,
    )  # fmt: skip
