"""The tables of the labs: ``traces`` (their curves) and ``figures`` (their numbers); a lab's job is a row of ``runs``.

Curves are little-endian float32 without codes. Torch-free.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.config import LabConfig
from engine.events import ALIVE, CurveUpdated, MetricReported, RunState
from engine.provenance import versions
from engine.store import blobs
from engine.store.connection import ReadingConnection, ReadingTable, WritingTable
from engine.store.revision import next_revision
from engine.store.rows import RunRow
from engine.store.tables.runs import RunReader

#: The metric under which the job of a lab that measures times keeps how many jobs ran beside it. The job counts them
#: when it ends: later the rows of runs that were paused, resumed or extended no longer tell.
CONCURRENT_JOBS = "other_jobs"


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One curve of a lab: ``y`` over ``x``, float32 (points,); ``id`` grows with every change of any curve."""

    id: int
    panel: str
    name: str
    x: np.ndarray
    y: np.ndarray


class LabWriter(WritingTable):
    """How a lab gets into the store."""

    def submit(self, config: LabConfig, machine: str = "") -> int:
        """Write a lab's job, queued, as a race of its own; return its run id.

        ``machine`` in words is kept beside the versions, for what holds for one machine alone.
        """
        now = time.time()
        origin = json.dumps(versions() | ({"machine": machine} if machine else {}), sort_keys=True)
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO races (name, preset, config, created, lab) VALUES ('', '', ?, ?, ?)",
                (config.to_json(), now, config.lab),
            )
            cursor = connection.execute(
                "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps,"
                " threads, created, changed, lab) VALUES (?, 0, 0, '', 0, ?, ?, ?, 0, ?, ?, ?, ?)",
                (int(cursor.lastrowid or 0), config.to_json(), origin, RunState.QUEUED, config.threads, now,
                 next_revision(connection), config.lab),
            )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def progress(self, run: int, done: int, total: int, words: str, seconds: float) -> None:
        """Record that ``done`` of ``total`` tasks of a lab are done; ``words`` name the next one."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET step = ?, total_steps = ?, detail = ?, seconds = ?, heartbeat = ?, changed = ?"
                " WHERE id = ?",
                (done, total, words, seconds, time.time(), next_revision(connection), run),
            )

    def results(self, run: int, curves: Sequence[CurveUpdated] = (), metrics: Sequence[MetricReported] = ()) -> None:
        """Keep curves and numbers; those of the same name are replaced, and viewers are told."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO traces (run, panel, name, points, x, y) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (run, curve.panel, curve.name, len(curve.x), blobs.encode(np.asarray(curve.x), "f4"),
                     blobs.encode(np.asarray(curve.y), "f4"))
                    for curve in curves
                ],
            )  # fmt: skip
            connection.executemany(
                "INSERT OR REPLACE INTO figures VALUES (?, ?, ?)",
                [(run, metric.name, metric.value if np.isfinite(metric.value) else None) for metric in metrics],
            )
            connection.execute("UPDATE runs SET changed = ? WHERE id = ?", (next_revision(connection), run))


class LabReader(ReadingTable):
    """What can be asked about labs."""

    def __init__(self, connection: ReadingConnection):
        super().__init__(connection)
        self._runs = RunReader(connection)

    def curves(self, run: int, since: int = 0) -> list[CurveRow]:
        """Return the curves of a lab that were made or replaced after the cursor ``since``, oldest first."""
        rows = self._rows("SELECT id, panel, name, x, y FROM traces WHERE run = ? AND id > ? ORDER BY id", run, since)
        return [
            CurveRow(row["id"], row["panel"], row["name"], blobs.decode(row["x"], "f4"), blobs.decode(row["y"], "f4"))
            for row in rows
        ]

    def metrics(self, run: int) -> dict[str, float | None]:
        """Return the numbers that a lab found so far; None where it was not finite."""
        rows = self._rows("SELECT name, value FROM figures WHERE run = ? ORDER BY name", run)
        return {row["name"]: row["value"] for row in rows}

    def jobs(self, lab: str, limit: int = 50) -> list[RunRow]:
        """Return the newest jobs of a lab first, as run rows."""
        rows = self._rows("SELECT id FROM runs WHERE lab = ? ORDER BY id DESC LIMIT ?", lab, limit)
        return [job for row in rows if (job := self._runs.get(row["id"])) is not None]

    def finished(self) -> dict[str, int]:
        """Return the newest finished job of every lab that has one: lab -> run."""
        rows = self._rows(
            "SELECT lab, max(id) AS id FROM runs WHERE lab != '' AND state = ? GROUP BY lab", RunState.FINISHED.value
        )
        return {row["lab"]: row["id"] for row in rows}

    def concurrent_jobs(self, run: int) -> int:
        """Return how many other jobs, trainings or labs, have had a worker since this job was started.

        Call it at the end of the job. A paused job had a worker up to its last heartbeat.
        """
        rows = self._rows(
            "SELECT count(*) AS others FROM runs AS one JOIN runs AS other ON other.id != one.id"
            " AND (other.state IN (SELECT value FROM json_each(?)) OR other.heartbeat > one.started"
            " OR (other.started IS NOT NULL AND other.ended > one.started))"
            " WHERE one.id = ?",
            json.dumps(sorted(ALIVE)),
            run,
        )
        return int(rows[0]["others"])
