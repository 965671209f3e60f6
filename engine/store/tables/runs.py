"""The tables ``runs`` and ``deletions``: where each run stands.

A run's state changes by legal moves alone (``engine.events.MOVES``). Torch-free.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from engine.config import LabConfig, RunConfig
from engine.errors import CommandRefused, ConfigError
from engine.events import MOVES, RunState
from engine.store.connection import ReadingTable, WritingTable
from engine.store.revision import next_revision
from engine.store.rows import RunRow

_RUN_COLUMNS = (
    "id, race, position, depth, shortcut, seed, config, versions, state, detail, cause, step, total_steps, parameters,"
    " device, precision, threads, images_per_s, seconds, evaluation_share, probe_share, pid, heartbeat, created,"
    " started, ended, changed, lab, parent_run, parent_step, train_images, note,"
    " (SELECT tunes FROM races WHERE races.id = runs.race) AS tunes"
)
#: Columns of ``runs`` that a change of state may set beside the state.
_RUN_FIELDS = frozenset(
    {"detail", "cause", "step", "parameters", "device", "precision", "threads", "images_per_s", "seconds",
     "evaluation_share", "probe_share", "train_images", "pid", "heartbeat", "started", "ended"}
)  # fmt: skip


class RunReader(ReadingTable):
    """What the store says of runs."""

    def all(self, race: int | None = None, states: Iterable[RunState] = (), *, every: bool = False) -> list[RunRow]:
        """Return runs in starting order, of one race or of all, in some states or in any.

        ``every``: whatever has a worker, jobs of labs and trials of learning rates too.
        """
        wanted = tuple(states)
        where, values = ["1" if every else "lab = ''"], list[object]()
        if race is not None:
            where.append("race = ?")
            values.append(race)
        elif not every:
            where.append("race NOT IN (SELECT id FROM races WHERE tunes IS NOT NULL)")
        if wanted:
            where.append(f"state IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE {' AND '.join(where)} ORDER BY race, position"
        return [_run_row(row) for row in self._rows(sql, *values)]

    def get(self, run: int) -> RunRow | None:
        """Return one run, None if there is none."""
        rows = self._rows(f"SELECT {_RUN_COLUMNS} FROM runs WHERE id = ?", run)
        return _run_row(rows[0]) if rows else None

    def known(self, run: int) -> RunRow:
        """Return one run. Raises ConfigError in one line if there is none."""
        row = self.get(run)
        if row is None:
            raise ConfigError(f"there is no run {run}; `python -m engine runs` lists them")
        return row

    def changed(self, since: int, race: int | None = None) -> tuple[list[RunRow], list[int]]:
        """Return the runs that changed after the ``changed`` cursor, and the ids of those deleted after it."""
        only = "" if race is None else " AND race = ?"
        values = (since,) if race is None else (since, race)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE changed > ?{only} ORDER BY changed"
        gone = self._rows(f"SELECT run FROM deletions WHERE changed > ?{only}", *values)
        return [_run_row(row) for row in self._rows(sql, *values)], [row["run"] for row in gone]


class RunWriter(WritingTable):
    """How runs get on from state to state."""

    def move(
        self,
        run: int,
        to: RunState,
        *,
        via: RunState | None = None,
        only_from: Iterable[RunState] | None = None,
        **fields: Any,
    ) -> bool:
        """Move a run to another state and set columns of ``runs`` with it.

        ``via``: a state that is passed through in the same transaction. ``only_from``: do nothing and return False
        unless the run is in one of these states now. Raises CommandRefused when a move is not in ``MOVES``.
        """
        with self._transaction() as connection:
            row = connection.execute("SELECT state FROM runs WHERE id = ?", (run,)).fetchone()
            if row is None:
                raise CommandRefused(f"there is no run {run}; `python -m engine runs` lists them")
            now = RunState(row["state"])
            if only_from is not None and now not in frozenset(only_from):
                return False
            for goal in (to,) if via is None else (via, to):
                if goal not in MOVES[now]:
                    raise CommandRefused(f"run {run} is {now} and cannot become {goal}")
                now = goal
            update_run(connection, run, {"state": to, **fields}, changed=True)
        return True

    def update(self, run: int, **fields: Any) -> None:
        """Set columns of ``runs`` that viewers must see (detail, device, parameters, ...), the state left alone."""
        with self._transaction() as connection:
            update_run(connection, run, fields, changed=True)

    def beat(self, run: int) -> None:
        """Record that the run's worker lives; viewers are not told."""
        with self._transaction() as connection:
            update_run(connection, run, {"heartbeat": time.time()}, changed=False)

    def delete(self, run: int) -> None:
        """Remove a run with its points, remarks and checkpoint records; the race goes with its last run."""
        with self._transaction() as connection:
            row = connection.execute("SELECT race FROM runs WHERE id = ?", (run,)).fetchone()
            if row is None:
                return
            connection.execute("INSERT INTO deletions VALUES (?, ?, ?)", (run, row["race"], next_revision(connection)))
            connection.execute("DELETE FROM runs WHERE id = ?", (run,))
            connection.execute(
                "DELETE FROM races WHERE id = ? AND NOT EXISTS (SELECT 1 FROM runs WHERE race = races.id)",
                (row["race"],),
            )


def update_run(connection: sqlite3.Connection, run: int, fields: dict[str, Any], *, changed: bool) -> None:
    """Set columns of a run inside the caller's transaction; ``changed``: viewers are told."""
    unknown = set(fields) - _RUN_FIELDS - {"state", "config"}
    assert not unknown, f"no such column in runs: {unknown}"
    if changed:
        fields = {**fields, "changed": next_revision(connection)}
    names = ", ".join(f"{name} = ?" for name in fields)
    connection.execute(f"UPDATE runs SET {names} WHERE id = ?", (*fields.values(), run))


def _run_row(row: sqlite3.Row) -> RunRow:
    values = dict(row)
    values["config"] = (LabConfig if values["lab"] else RunConfig).from_json(values["config"])
    values["versions"] = json.loads(values["versions"])
    values["state"] = RunState(values["state"])
    return RunRow(**values)
