"""The tables ``races``, ``runs`` and ``deletions``: what was planned, and where each run stands.

The halves of ``Reader`` and ``Writer`` that know them. A run's state changes by legal moves alone
(``engine.events.MOVES``). Torch-free.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

from engine.config import FREE, LabConfig, RaceConfig, RunConfig
from engine.errors import CommandRefused, ConfigError
from engine.events import MOVES, RunState
from engine.provenance import versions
from engine.store.connection import ReadingConnection, WritingConnection
from engine.store.revision import next_revision
from engine.store.rows import RaceRow, RunRow

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


class RaceReader(ReadingConnection):
    """What the store says of races and runs; part of ``Reader``."""

    def races(self, limit: int = 200) -> list[RaceRow]:
        """Return the newest races first; those of trials are hidden: see ``tuning``."""
        rows = self._all(
            "SELECT races.*, count(runs.id) AS runs FROM races LEFT JOIN runs ON runs.race = races.id"
            " WHERE races.lab = '' AND races.tunes IS NULL GROUP BY races.id ORDER BY races.id DESC LIMIT ?",
            limit,
        )
        return [_race_row(row) for row in rows]

    def race(self, race: int) -> RaceRow | None:
        """Return one race, that of trials too; None if there is none."""
        rows = self._all(
            "SELECT races.*, (SELECT count(*) FROM runs WHERE race = races.id) AS runs FROM races"
            " WHERE id = ? AND lab = ''",
            race,
        )
        return _race_row(rows[0]) if rows else None

    def runs(self, race: int | None = None, states: Iterable[RunState] = (), *, every: bool = False) -> list[RunRow]:
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
            where.append(f"state IN ({_marks(wanted)})")
            values.extend(wanted)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE {' AND '.join(where)} ORDER BY race, position"
        return [_run_row(row) for row in self._all(sql, *values)]

    def run(self, run: int) -> RunRow | None:
        """Return one run, None if there is none."""
        rows = self._all(f"SELECT {_RUN_COLUMNS} FROM runs WHERE id = ?", run)
        return _run_row(rows[0]) if rows else None

    def known_run(self, run: int) -> RunRow:
        """Return one run. Raises ConfigError in one line if there is none."""
        row = self.run(run)
        if row is None:
            raise ConfigError(f"there is no run {run}; `python -m engine runs` lists them")
        return row

    def known_race(self, race: int) -> RaceRow:
        """Return one race, that of trials too. Raises ConfigError in one line if there is none."""
        row = self.race(race)
        if row is None:
            raise ConfigError(f"there is no race {race}; `python -m engine runs` lists them")
        return row

    def changed_runs(self, since: int, race: int | None = None) -> tuple[list[RunRow], list[int]]:
        """Return the runs that changed after the ``changed`` cursor, and the ids of those deleted after it."""
        only = "" if race is None else " AND race = ?"
        values = (since,) if race is None else (since, race)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE changed > ?{only} ORDER BY changed"
        gone = self._all(f"SELECT run FROM deletions WHERE changed > ?{only}", *values)
        return [_run_row(row) for row in self._all(sql, *values)], [row["run"] for row in gone]


class RaceWriter(WritingConnection):
    """How races and runs get into the store and on from state to state; part of ``Writer``."""

    def submit(self, race: RaceConfig) -> tuple[int, list[int]]:
        """Write a race and its runs, all queued, and the trials of ``lr=tuned`` as a race of their own.

        Returns the race's id and its runs' ids in starting order.
        """
        with self.transaction() as connection:
            race_id, runs = self._submit(connection, race, race.runs(), race.pace)
            if trials := race.trials():
                self._submit(connection, race, trials, FREE, tunes=race_id)
        return race_id, runs

    @staticmethod
    def _submit(
        connection: sqlite3.Connection, race: RaceConfig, runs: Sequence[RunConfig], pace: str, tunes: int | None = None
    ) -> tuple[int, list[int]]:
        now, origin = time.time(), json.dumps(versions(), sort_keys=True)
        cursor = connection.execute(
            "INSERT INTO races (name, preset, config, created, pace, tunes) VALUES (?, ?, ?, ?, ?, ?)",
            (race.name, race.preset, race.to_json(), now, pace, tunes),
        )
        race_id, ids = int(cursor.lastrowid or 0), []
        for position, config in enumerate(runs):
            cursor = connection.execute(
                "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps,"
                " created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (race_id, position, config.model.depth, config.model.shortcut, config.seed, config.to_json(),
                 origin, RunState.QUEUED, config.optim.steps, now, next_revision(connection)),
            )  # fmt: skip
            ids.append(int(cursor.lastrowid or 0))
        return race_id, ids

    def set_pace(self, race: int, pace: str) -> None:
        """Set the pace of a race (``engine.config.lockstep``) and tell viewers."""
        with self.transaction() as connection:
            connection.execute("UPDATE races SET pace = ? WHERE id = ?", (pace, race))
            next_revision(connection)

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
        with self.transaction() as connection:
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
            self._update(connection, run, {"state": to, **fields}, changed=True)
        return True

    def update(self, run: int, **fields: Any) -> None:
        """Set columns of ``runs`` that viewers must see (detail, device, parameters, ...), the state left alone."""
        with self.transaction() as connection:
            self._update(connection, run, fields, changed=True)

    @staticmethod
    def _update(connection: sqlite3.Connection, run: int, fields: dict[str, Any], *, changed: bool) -> None:
        unknown = set(fields) - _RUN_FIELDS - {"state", "config"}
        assert not unknown, f"no such column in runs: {unknown}"
        if changed:
            fields = {**fields, "changed": next_revision(connection)}
        names = ", ".join(f"{name} = ?" for name in fields)
        connection.execute(f"UPDATE runs SET {names} WHERE id = ?", (*fields.values(), run))

    def beat(self, run: int) -> None:
        """Record that the run's worker lives; viewers are not told."""
        with self.transaction() as connection:
            self._update(connection, run, {"heartbeat": time.time()}, changed=False)

    def delete(self, run: int) -> None:
        """Remove a run with its points, remarks and checkpoint records; the race goes with its last run."""
        with self.transaction() as connection:
            row = connection.execute("SELECT race FROM runs WHERE id = ?", (run,)).fetchone()
            if row is None:
                return
            connection.execute("INSERT INTO deletions VALUES (?, ?, ?)", (run, row["race"], next_revision(connection)))
            connection.execute("DELETE FROM runs WHERE id = ?", (run,))
            connection.execute(
                "DELETE FROM races WHERE id = ? AND NOT EXISTS (SELECT 1 FROM runs WHERE race = races.id)",
                (row["race"],),
            )


def _race_row(row: sqlite3.Row) -> RaceRow:
    config = RaceConfig.from_json(row["config"])
    return RaceRow(
        row["id"], row["name"], row["preset"], config, row["created"], row["runs"], row["pace"], row["tunes"]
    )


def _run_row(row: sqlite3.Row) -> RunRow:
    values = dict(row)
    values["config"] = (LabConfig if values["lab"] else RunConfig).from_json(values["config"])
    values["versions"] = json.loads(values["versions"])
    values["state"] = RunState(values["state"])
    return RunRow(**values)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
