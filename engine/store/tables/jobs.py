"""Runs (table ``runs``) and jobs of labs (table ``lab_jobs``) alike; states change by legal moves. Torch-free."""

import time
from collections.abc import Iterable
from typing import Any

from engine.errors import CommandRefused, ConfigError, missing
from engine.events import MOVES, RunState
from engine.store.connection import ReadingConnection, ReadingTable, WritingTable
from engine.store.revision import next_revision, set_columns, update_job
from engine.store.rows import JobRow, LabJobRow, Pulse, RunRow
from engine.store.tables.labs import LabReader
from engine.store.tables.runs import RunReader

_STATE = "SELECT state FROM runs WHERE id = ? UNION ALL SELECT state FROM lab_jobs WHERE id = ?"


class JobReader(ReadingTable):
    """Reads runs and jobs of labs."""

    def __init__(self, connection: ReadingConnection):
        super().__init__(connection)
        self._runs, self._labs = RunReader(connection), LabReader(connection)

    def all(self, states: Iterable[RunState] = ()) -> list[RunRow | LabJobRow]:
        """Return runs, trials included, and jobs of labs, in some states or in any."""
        wanted = list(states)
        return [*self._runs.all(states=wanted, every=True), *self._labs.all(wanted)]

    def get(self, run: int) -> RunRow | LabJobRow | None:
        """Return one run or job, None if there is none."""
        return self._runs.get(run) or self._labs.get(run)

    def pulses(self, states: Iterable[RunState]) -> list[Pulse]:
        """Return state and last heartbeat of the runs, trials included, and jobs of labs in some states."""
        columns, wanted = "id, state, detail, pid, heartbeat", "state IN (SELECT value FROM json_each(?))"
        node = "coalesce((SELECT node FROM placements WHERE run = runs.id AND ended IS NULL), '') AS node"
        sql = (
            f"SELECT {columns}, {node} FROM runs WHERE {wanted}"
            f" UNION ALL SELECT {columns}, '' FROM lab_jobs WHERE {wanted}"
        )
        named = list(states)
        return self._all(Pulse, sql, named, named)

    def known(self, run: int) -> RunRow | LabJobRow:
        """Return one run or job. Raises ConfigError if there is none."""
        if (row := self.get(run)) is None:
            raise ConfigError(missing(f"run {run}"))
        return row


class JobWriter(WritingTable):
    """Moves runs and jobs of labs from state to state."""

    def move(
        self,
        run: int,
        to: RunState,
        *,
        via: RunState | None = None,
        only_from: Iterable[RunState] | None = None,
        **fields: Any,
    ) -> bool:
        """Move a run to another state and set columns of its row; return False for a state not in ``only_from``.

        ``via``: an intermediate state in the same transaction. Raises CommandRefused for a move not in ``MOVES``.
        """
        with self._transaction() as connection:
            row = connection.execute(_STATE, (run, run)).fetchone()
            if row is None:
                raise CommandRefused(missing(f"run {run}"))
            now = RunState(row["state"])
            if only_from is not None and now not in frozenset(only_from):
                return False
            for goal in (to,) if via is None else (via, to):
                if goal not in MOVES[now]:
                    raise CommandRefused(f"run {run} is {now} and cannot become {goal}")
                now = goal
            update_job(connection, run, state=to, **fields)
        return True

    def move_from(self, row: JobRow, to: RunState, **fields: Any) -> bool:
        """Move a run unless its state differs from ``row``; return whether the run moved."""
        return self.move(row.id, to, only_from={row.state}, **fields)

    def update(self, run: int, **fields: Any) -> None:
        """Set columns that viewers must see (detail, device, parameters, ...)."""
        with self._transaction() as connection:
            update_job(connection, run, **fields)

    def change_detail(self, run: int, before: str, after: str) -> bool:
        """Replace the detail ``before`` of a run that trains; return False when it has another one or rests."""
        with self._transaction() as connection:
            query = "SELECT 1 FROM runs WHERE id = ? AND state = ? AND detail = ?"
            if connection.execute(query, (run, RunState.RUNNING, before)).fetchone() is None:
                return False
            update_job(connection, run, detail=after)
        return True

    def beat(self, run: int) -> None:
        """Record a heartbeat of the run's worker; viewers get no notice."""
        with self._transaction() as connection:
            set_columns(connection, run, heartbeat=time.time())

    def delete(self, run: int) -> None:
        """Remove a run or a lab's job with all of its rows; the last run of a race removes the race."""
        with self._transaction() as connection:
            row = connection.execute("SELECT race FROM runs WHERE id = ?", (run,)).fetchone()
            revision = next_revision(connection)
            for table, key in (("log_entries", "run"), ("checkpoints", "run"), ("runs", "id"), ("lab_jobs", "id")):
                connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (run,))
            if row is not None:
                connection.execute("INSERT INTO deletions VALUES (?, ?, ?)", (run, row["race"], revision))
                connection.execute(
                    "DELETE FROM races WHERE id = ? AND NOT EXISTS (SELECT 1 FROM runs WHERE race = races.id)",
                    (row["race"],),
                )
