"""The table ``changes`` (changes of live runs, extensions of finished runs), and forks of runs. Torch-free."""

import time
from collections.abc import Callable, Sequence

from engine.config import STEPS
from engine.events import RunState
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import update_job
from engine.store.rows import ChangeRow, ForkPlan, RunRow
from engine.store.tables.log_entries import log
from engine.store.tables.points import clock_at
from engine.store.tables.runs import insert_run


class InterventionWriter(WritingTable):
    """Records interventions."""

    def add_change(self, run: int, key: str, value: float, created: float) -> None:
        """Record a change of a live run; the worker that applies the change fills in the step."""
        with self._transaction() as connection:
            insert(connection, "changes", run=run, key=key, value=value, created=created)

    def drop_change(self, change: int) -> None:
        """Remove a change that no step will apply."""
        self._execute("DELETE FROM changes WHERE id = ? AND step IS NULL", change)

    def take_over(self, run: int, change: int, step: int, text: str) -> None:
        """Record that a change takes effect at update ``step``, with a log entry; a repeat does nothing."""
        with self._transaction() as connection:
            cursor = connection.execute("UPDATE changes SET step = ? WHERE id = ? AND step IS NULL", (step, change))
            if cursor.rowcount:
                log(connection, run, step, "change", text)
                update_job(connection, run)

    def extend(self, run: int, steps: int, created: float) -> bool:
        """Queue a finished run again, with ``steps`` in total; return False when its state has changed."""
        with self._transaction() as connection:
            row = connection.execute("SELECT state, total_steps FROM runs WHERE id = ?", (run,)).fetchone()
            if row is None or row["state"] != RunState.FINISHED:
                return False
            end = row["total_steps"]
            insert(connection, "changes", run=run, key=STEPS, value=steps, step=end, created=created)
            update_job(connection, run, state=RunState.QUEUED, total_steps=steps, detail="", cause="", ended=None)
            log(connection, run, end, "change", f"steps {end} to {steps}")
        return True

    def fork(self, parent: RunRow, plan: ForkPlan, created: float, place: Callable[[int], int]) -> int:
        """Write a queued fork of ``parent``; return its id.

        ``place(run)`` puts the checkpoint's file into the fork's folder and returns the size in bytes.
        """
        step = plan.step
        with self._transaction() as connection:
            last = connection.execute("SELECT max(position) FROM runs WHERE race = ?", (parent.race,)).fetchone()[0]
            child = insert_run(
                connection, parent.race, last + 1, plan.config, step=step, total_steps=plan.total_steps,
                device=parent.device, threads=parent.threads, seconds=clock_at(connection, parent.id, step),
                created=created,
                parent_run=parent.id, parent_step=step,
            )  # fmt: skip
            for change in plan.changes:
                values = {"key": change.key, "value": change.value, "step": change.step, "created": created}
                insert(connection, "changes", run=child, **values)
            size = place(child)
            insert(connection, "checkpoints", run=child, step=step, reason="fork", bytes=size, created=time.time())
            log(connection, child, step, "fork", f"fork of run {parent.id} at step {step}")
        return child


class InterventionReader(ReadingTable):
    """Reads interventions."""

    def changes(self, run: int) -> list[ChangeRow]:
        """Return the changes of a run, extensions included, in the order of their commands."""
        return self.changes_of([run])

    def changes_of(self, runs: Sequence[int]) -> list[ChangeRow]:
        """Return the changes of these runs, each as in ``changes``."""
        sql = "SELECT * FROM changes WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, id"
        return self._all(ChangeRow, sql, list(runs))

    def further_ends(self, run: int) -> tuple[int, ...]:
        """Return the total steps of each extension of a run, ascending."""
        return tuple(int(row.value) for row in self.changes(run) if row.key == STEPS)

    def fork_of(self, run: int, created: float) -> int | None:
        """Return the fork of a run whose command was ``created`` at that moment, None if there is none."""
        rows = self._rows("SELECT id FROM runs WHERE parent_run = ? AND created = ?", run, created)
        return rows[0]["id"] if rows else None
