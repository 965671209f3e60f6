"""The table ``imports``, and rows of other workspaces: races, runs and jobs of labs as they were recorded. Torch-free.

A row gets an id of this workspace; its times are those of the record. Curves and layers come first, under numbers that
``begin`` reserves and that no run has yet; the rows of races, runs and jobs come together, and with them ``finish``.
Until then a row of ``unfinished_imports`` says which numbers these are, and which process writes.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.config import LabConfig, RaceConfig, RunConfig
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision
from engine.store.rows import ImportRow, UnfinishedImport

#: Rows of one transaction that removes what an import left, and probes, each with arrays of up to some megabytes.
_REMOVED_ROWS, _REMOVED_PROBES = 1_000, 20
#: Columns of a row by name.
Columns = Mapping[str, Any]


class ImportReader(ReadingTable):
    """Reads where imported rows come from."""

    def get(self, imported: int) -> ImportRow | None:
        """Return one import, None if there is none."""
        return self._first(ImportRow, "SELECT * FROM imports WHERE id = ?", imported)

    def whole_race(self, bundle: str, runs: int) -> int | None:
        """Return the first race of the newest import of a bundle that still has all of its ``runs``, None without."""
        sql = (
            "SELECT min(race) AS race FROM imports JOIN runs ON runs.imported = imports.id WHERE bundle = ? "
            "GROUP BY imports.id HAVING count(*) = ? ORDER BY imports.id DESC LIMIT 1"
        )
        rows = self._rows(sql, bundle, runs)
        return int(rows[0]["race"]) if rows else None

    def unfinished(self) -> list[UnfinishedImport]:
        """Return the imports that are under way, or were cut off."""
        return self._all(UnfinishedImport, "SELECT * FROM unfinished_imports ORDER BY id")


class ImportWriter(WritingTable):
    """Writes rows of other workspaces."""

    def begin(self, runs: int, pid: int, pid_started: float) -> UnfinishedImport:
        """Reserve numbers for ``runs`` runs and jobs, for an import by this process."""
        with self._transaction() as connection:
            if not connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'runs'", (runs,)).rowcount:
                connection.execute("INSERT INTO sqlite_sequence VALUES ('runs', ?)", (runs,))
            last = int(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()[0])
            span = {"first_run": last - runs + 1, "last_run": last}
            number = insert(connection, "unfinished_imports", pid=pid, pid_started=pid_started, **span)
        return UnfinishedImport(number, pid, pid_started, **span)

    def finish(self, unfinished: UnfinishedImport) -> bool:
        """Forget the row of ``begin``: nothing is left to write, or to remove; False if another process took it."""
        sql = "DELETE FROM unfinished_imports WHERE id = ? AND pid = ? AND pid_started = ?"
        with self._transaction() as connection:
            values = unfinished.id, unfinished.pid, unfinished.pid_started
            return bool(connection.execute(sql, values).rowcount)

    def take(self, unfinished: UnfinishedImport) -> UnfinishedImport | None:
        """Make an import nobody's, to remove what it wrote; return it so, None if it was finished or taken."""
        sql = "UPDATE unfinished_imports SET pid = 0, pid_started = 0 WHERE id = ? AND pid = ? AND pid_started = ?"
        with self._transaction() as connection:
            values = unfinished.id, unfinished.pid, unfinished.pid_started
            taken = connection.execute(sql, values).rowcount
        return replace(unfinished, pid=0, pid_started=0.0) if taken else None

    def remove_some(self, unfinished: UnfinishedImport) -> bool:
        """Delete some rows of an import that was cut off; return False once none is left."""
        span, of_runs = (unfinished.first_run, unfinished.last_run), "WHERE run BETWEEN ? AND ?"
        with self._transaction() as connection:
            some = f"(SELECT id FROM probes {of_runs} LIMIT {_REMOVED_PROBES})"
            # Without their parents the rows cascade only where foreign keys are on.
            connection.execute(f"DELETE FROM arrays WHERE probe IN {some}", span)
            removed = connection.execute(f"DELETE FROM probes WHERE id IN {some}", span).rowcount
            for table, key in (("point_blocks", "run"), ("lab_curves", "job")):
                some = f"(SELECT id FROM {table} WHERE {key} BETWEEN ? AND ? LIMIT {_REMOVED_ROWS})"
                removed = removed or connection.execute(f"DELETE FROM {table} WHERE id IN {some}", span).rowcount
            if not removed:
                connection.execute(f"DELETE FROM layers {of_runs}", span)
        return bool(removed)

    def add(self, bundle: str, exported: str, version: str) -> int:
        """Record a bundle; return the import's id."""
        with self._transaction() as connection:
            return insert(connection, "imports", bundle=bundle, exported=exported, version=version, created=time.time())

    def add_race(self, config: RaceConfig, columns: Columns) -> int:
        """Write a race without runs; return its id. ``columns``: name, preset, created, pace, tunes."""
        with self._transaction() as connection:
            return insert(connection, "races", config=config.to_json(), **columns)

    def add_run(self, race: int, config: RunConfig, columns: Columns) -> None:
        """Write a run. ``columns``: its id and all others but those of the arm, which the config names."""
        model = config.model
        with self._transaction() as connection:
            insert(
                connection, "runs", race=race, depth=model.depth, shortcut=model.shortcut, seed=config.seed,
                config=config.to_json(), changed=next_revision(connection), **columns,
            )  # fmt: skip

    def add_job(self, config: LabConfig, columns: Columns) -> None:
        """Write a job of a lab. ``columns``: its id and all others but lab and config."""
        with self._transaction() as connection:
            insert(
                connection, "lab_jobs", lab=config.lab, config=config.to_json(), threads=config.threads,
                changed=next_revision(connection), **columns,
            )  # fmt: skip

    def add_changes(self, run: int, rows: Sequence[Columns]) -> list[int]:
        """Write the changes of a run in their order; return their ids. A row: key, value, step, created."""
        with self._transaction() as connection:
            return [insert(connection, "changes", run=run, **row) for row in rows]

    def add_log(self, run: int, rows: Sequence[Columns]) -> None:
        """Write log entries of a run in their order. A row: step, kind, text, created."""
        with self._transaction() as connection:
            for row in rows:
                insert(connection, "log_entries", run=run, **row)
