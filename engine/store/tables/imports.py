"""The table ``imports``, and rows of other workspaces: races, runs and jobs of labs as they were recorded. Torch-free.

A row gets an id of this workspace; its times are those of the record. All rows of one bundle are written inside of
``WritingConnection.together``.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from engine.config import LabConfig, RaceConfig, RunConfig
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision
from engine.store.rows import ImportRow
from engine.store.tables.labs import next_id

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


class ImportWriter(WritingTable):
    """Writes rows of other workspaces."""

    def add(self, bundle: str, exported: str, version: str) -> int:
        """Record a bundle; return the import's id."""
        with self._transaction() as connection:
            return insert(connection, "imports", bundle=bundle, exported=exported, version=version, created=time.time())

    def add_race(self, config: RaceConfig, columns: Columns) -> int:
        """Write a race without runs; return its id. ``columns``: name, preset, created, pace, tunes."""
        with self._transaction() as connection:
            return insert(connection, "races", config=config.to_json(), **columns)

    def add_run(self, race: int, config: RunConfig, columns: Columns) -> int:
        """Write a run; return its id. ``columns``: all others but those of the arm, which the config names."""
        model = config.model
        with self._transaction() as connection:
            return insert(
                connection, "runs", race=race, depth=model.depth, shortcut=model.shortcut, seed=config.seed,
                config=config.to_json(), changed=next_revision(connection), **columns,
            )  # fmt: skip

    def add_job(self, config: LabConfig, columns: Columns) -> int:
        """Write a job of a lab; return its id. ``columns``: all others but lab and config."""
        with self._transaction() as connection:
            job, revision = next_id(connection), next_revision(connection)
            insert(
                connection, "lab_jobs", id=job, lab=config.lab, config=config.to_json(), threads=config.threads,
                changed=revision, **columns,
            )  # fmt: skip
        return job

    def add_changes(self, run: int, rows: Sequence[Columns]) -> list[int]:
        """Write the changes of a run in their order; return their ids. A row: key, value, step, created."""
        with self._transaction() as connection:
            return [insert(connection, "changes", run=run, **row) for row in rows]

    def add_log(self, run: int, rows: Sequence[Columns]) -> None:
        """Write log entries of a run in their order. A row: step, kind, text, created."""
        with self._transaction() as connection:
            for row in rows:
                insert(connection, "log_entries", run=run, **row)
