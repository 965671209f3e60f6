"""The tables of the labs: ``lab_jobs``, ``lab_curves`` and ``lab_metrics``.

Curves are little-endian float32 without codes. Torch-free.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.config import LabConfig
from engine.errors import ConfigError, missing
from engine.events import CurveName, CurveUpdated, MetricReported, Progressed, RunState
from engine.provenance import versions
from engine.store import blobs
from engine.store.connection import ReadingTable, WritingTable, insert
from engine.store.revision import next_revision, update_job
from engine.store.rows import LabJobRow


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One curve of a lab: ``y`` over ``x``, float32 (points,); ``id`` grows with every change of any curve."""

    id: int
    panel: str
    name: CurveName
    x: np.ndarray
    y: np.ndarray


class LabWriter(WritingTable):
    """Records jobs of labs and their results."""

    def submit(self, config: LabConfig) -> int:
        """Write a queued job of a lab; return its id."""
        with self._transaction() as connection:
            job = next_id(connection)
            insert(
                connection, "lab_jobs", id=job, lab=config.lab, config=config.to_json(), versions=versions(),
                state=RunState.QUEUED, threads=config.threads, created=time.time(), changed=next_revision(connection),
            )  # fmt: skip
        return job

    def progress(self, job: int, event: Progressed, seconds: float) -> None:
        """Record the progress of a lab; the words of the event name the next task."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE lab_jobs SET done = ?, total = ?, detail = ?, seconds = ?, heartbeat = ?, changed = ?"
                " WHERE id = ?",
                (event.done, event.total, event.words, seconds, time.time(), next_revision(connection), job),
            )

    def results(self, job: int, curves: Sequence[CurveUpdated] = (), metrics: Sequence[MetricReported] = ()) -> None:
        """Record curves and metrics, in place of earlier ones of the same name; notify viewers."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO lab_curves (job, panel, kind, setting, value, cell, part, points, x, y)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (job, c.panel, *c.name, len(c.x), *(blobs.encode(np.asarray(axis), "f4") for axis in (c.x, c.y)))
                    for c in curves
                ],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO lab_metrics VALUES (?, ?, ?)",
                [(job, metric.name, metric.value if np.isfinite(metric.value) else None) for metric in metrics],
            )
            update_job(connection, job)


class LabReader(ReadingTable):
    """Reads jobs of labs and their results."""

    def get(self, job: int) -> LabJobRow | None:
        """Return one job, None if there is none."""
        return self._first(LabJobRow, "SELECT * FROM lab_jobs WHERE id = ?", job)

    def known(self, job: int) -> LabJobRow:
        """Return one job. Raises ConfigError if there is none."""
        if (row := self.get(job)) is None:
            raise ConfigError(missing(f"lab job {job}"))
        return row

    def all(self, states: Sequence[RunState] = ()) -> list[LabJobRow]:
        """Return the jobs of all labs, oldest first, in some states or in any."""
        sql = "SELECT * FROM lab_jobs WHERE ? OR state IN (SELECT value FROM json_each(?)) ORDER BY id"
        return self._all(LabJobRow, sql, not states, list(states))

    def newest(self, lab: str, limit: int = 50) -> list[LabJobRow]:
        """Return the newest jobs of a lab first."""
        return self._all(LabJobRow, "SELECT * FROM lab_jobs WHERE lab = ? ORDER BY id DESC LIMIT ?", lab, limit)

    def finished(self) -> dict[str, int]:
        """Return the newest finished job of every lab that has one: lab -> job."""
        rows = self._rows("SELECT lab, max(id) AS id FROM lab_jobs WHERE state = ? GROUP BY lab", RunState.FINISHED)
        return {row["lab"]: row["id"] for row in rows}

    def curves(self, job: int, since: int = 0, panels: Sequence[str] = ()) -> list[CurveRow]:
        """Return the curves of a job, of some panels or of all, newer than the cursor ``since``, oldest first."""
        rows = self._rows(
            "SELECT id, panel, kind, setting, value, cell, part, x, y FROM lab_curves WHERE job = ? AND id > ?"
            " AND (? OR panel IN (SELECT value FROM json_each(?))) ORDER BY id",
            job, since, not panels, list(panels),
        )  # fmt: skip
        return [
            CurveRow(number, panel, CurveName(*name), blobs.decode(x, "f4"), blobs.decode(y, "f4"))
            for number, panel, *name, x, y in rows
        ]

    def metrics(self, job: int) -> dict[str, float | None]:
        """Return the metrics of a job so far; None for a metric that is not finite."""
        rows = self._rows("SELECT name, value FROM lab_metrics WHERE job = ? ORDER BY name", job)
        return {row["name"]: row["value"] for row in rows}


def next_id(connection: sqlite3.Connection) -> int:
    """Return the id of a new job from the sequence of the runs, inside the caller's transaction."""
    if not connection.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'runs'").rowcount:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('runs', 1)")
    return int(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()[0])
