"""The table ``changes`` (what was changed in live runs, and how far finished ones were extended), and forks of runs.

Torch-free.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence

from engine.config import STEPS
from engine.events import RunState
from engine.provenance import versions
from engine.store.connection import ReadingTable, WritingTable
from engine.store.revision import next_revision
from engine.store.rows import ChangeRow, ForkPlan, RunRow


class InterventionWriter(WritingTable):
    """How interventions get into the store."""

    def add_change(self, run: int, key: str, value: float, created: float) -> None:
        """Record a change of a live run; the worker that applies it fills in the step."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO changes (run, key, value, created) VALUES (?, ?, ?, ?)", (run, key, value, created)
            )

    def drop_change(self, change: int) -> None:
        """Remove a change that no step will ever apply."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM changes WHERE id = ? AND step IS NULL", (change,))

    def take_over(self, run: int, change: int, step: int, text: str) -> None:
        """Record that a change takes effect at update ``step``, with a remark; a repeat does nothing."""
        with self._transaction() as connection:
            cursor = connection.execute("UPDATE changes SET step = ? WHERE id = ? AND step IS NULL", (step, change))
            if cursor.rowcount:
                _log(connection, run, step, text)
                connection.execute("UPDATE runs SET changed = ? WHERE id = ?", (next_revision(connection), run))

    def extend(self, run: int, steps: int, created: float) -> bool:
        """Queue a finished run again, with ``steps`` in total; return False when it is not finished any more."""
        with self._transaction() as connection:
            row = connection.execute("SELECT state, total_steps FROM runs WHERE id = ?", (run,)).fetchone()
            if row is None or row["state"] != RunState.FINISHED:
                return False
            end = row["total_steps"]
            connection.execute(
                "INSERT INTO changes (run, key, value, step, created) VALUES (?, ?, ?, ?, ?)",
                (run, STEPS, steps, end, created),
            )
            connection.execute(
                "UPDATE runs SET state = ?, total_steps = ?, detail = '', cause = '', ended = NULL, changed = ?"
                " WHERE id = ?",
                (RunState.QUEUED, steps, next_revision(connection), run),
            )
            _log(connection, run, end, f"steps {end} to {steps}")
        return True

    def fork(self, parent: RunRow, plan: ForkPlan, created: float, place: Callable[[int], int]) -> int:
        """Write a fork of ``parent``, queued, and return its id; its changes get their ids here.

        ``place(run)`` puts the checkpoint's file into the fork's folder and returns its size in bytes: without a file
        there is no fork.
        """
        config, step = plan.config, plan.step
        total = max([config.optim.steps, *(int(change.value) for change in plan.changes if change.key == STEPS)])
        with self._transaction() as connection:
            position = connection.execute("SELECT max(position) + 1 FROM runs WHERE race = ?", (parent.race,))
            seconds = connection.execute(
                "SELECT max(seconds) FROM points WHERE run = ? AND step <= ?", (parent.id, step)
            ).fetchone()[0]
            cursor = connection.execute(
                "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, step, total_steps,"
                " device, threads, seconds, created, parent_run, parent_step, changed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (parent.race, position.fetchone()[0], config.model.depth, config.model.shortcut, config.seed,
                 config.to_json(), json.dumps(versions(), sort_keys=True), RunState.QUEUED, step, total,
                 parent.device, parent.threads, seconds or 0.0, created, parent.id, step, next_revision(connection)),
            )  # fmt: skip
            child = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT INTO changes (run, key, value, step, created) VALUES (?, ?, ?, ?, ?)",
                [(child, change.key, change.value, change.step, created) for change in plan.changes],
            )
            connection.execute(
                "INSERT INTO checkpoints VALUES (?, ?, 'fork', ?, ?)", (child, step, place(child), time.time())
            )
            _log(connection, child, step, f"fork of run {parent.id} at step {step}", "fork")
        return child


class InterventionReader(ReadingTable):
    """What the store says of interventions."""

    def changes(self, run: int) -> list[ChangeRow]:
        """Return what was changed in a run while it lived, in the order asked for, extensions included."""
        rows = self._rows("SELECT * FROM changes WHERE run = ? ORDER BY id", run)
        return [ChangeRow(**dict(row)) for row in rows]

    def changes_of(self, runs: Sequence[int]) -> list[ChangeRow]:
        """Return what was changed in these runs, each in the order asked for, extensions included."""
        rows = self._rows(
            "SELECT * FROM changes WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, id",
            json.dumps(list(runs)),
        )
        return [ChangeRow(**dict(row)) for row in rows]

    def further_ends(self, run: int) -> tuple[int, ...]:
        """Return the numbers of steps to which a run was extended, ascending."""
        return tuple(int(row.value) for row in self.changes(run) if row.key == STEPS)

    def changed_keys(self, runs: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Return what was changed in each of these runs while it trained, by key; runs without changes are left out."""
        found: dict[int, tuple[str, ...]] = {}
        marks = ", ".join("?" * len(runs))
        for row in self._rows(
            "SELECT DISTINCT run, key FROM changes WHERE step IS NOT NULL AND key <> ?"
            f" AND run IN ({marks}) ORDER BY run, key",
            STEPS, *runs,
        ):  # fmt: skip
            found[row["run"]] = (*found.get(row["run"], ()), row["key"])
        return found

    def fork_of(self, run: int, created: float) -> int | None:
        """Return the fork of a run that was asked for at that moment, None if there is none."""
        rows = self._rows("SELECT id FROM runs WHERE parent_run = ? AND created = ?", run, created)
        return rows[0]["id"] if rows else None


def _log(connection: sqlite3.Connection, run: int, step: int, text: str, kind: str = "change") -> None:
    connection.execute(
        "INSERT INTO log_entries (run, step, kind, text, created) VALUES (?, ?, ?, ?, ?)",
        (run, step, kind, text, time.time()),
    )
