"""Every SELECT of the project, with parts in ``probes.py``, ``labs.py``, ``whatifs.py``, ``tuning.py`` and
``overview.py``.

Read-only connections (``mode=ro``). Plain values and small dataclasses out. One ``Reader`` per thread at a time.
Torch-free. Errors: those of ``engine.store.schema.connect``.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import contextmanager

import numpy as np

from engine.config import LabConfig, RaceConfig, RunConfig
from engine.errors import OutdatedDatabase
from engine.events import RunState, Split
from engine.store.decimate import keep_extremes
from engine.store.rows import CheckpointRow, CommandRow, EngineRow, RaceRow, RunRow, Series
from engine.store.schema import connect, guarded
from engine.store.tables.interventions import InterventionReader
from engine.store.tables.labs import LabReader
from engine.store.tables.probes import ProbeReader
from engine.store.tables.run_list import RunListReader
from engine.store.tables.tuning import TuningReader
from engine.store.workspace import Workspace

SERIES_COLUMNS = ("step", "loss", "error", "running_loss", "running_error", "lr", "seconds")
#: What a point is kept for when a series is thinned.
DECIDING_COLUMNS = ("step", "loss", "error")
_RUN_COLUMNS = (
    "id, race, position, depth, shortcut, seed, config, versions, state, detail, cause, step, total_steps, parameters,"
    " device, precision, threads, images_per_s, seconds, evaluation_share, probe_share, pid, heartbeat, created,"
    " started, ended, changed, lab, parent_run, parent_step, train_images, note,"
    " (SELECT tunes FROM races WHERE races.id = runs.race) AS tunes"
)


class Reader(ProbeReader, LabReader, InterventionReader, TuningReader, RunListReader):
    """A reading connection to the workspace's database; one of an older version is brought up to date first.

    ``outdated``: take an older one as it is, for what every version has.
    """

    def __init__(self, workspace: Workspace, *, outdated: bool = False):
        self.workspace = workspace
        try:
            self._connection = connect(workspace, readonly=True, outdated=outdated)
        except OutdatedDatabase:
            connect(workspace, readonly=False).close()
            self._connection = connect(workspace, readonly=True)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with guarded(self.workspace.database):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def snapshot(self):
        """Hold one consistent view: everything read inside belongs to the same moment."""
        self._connection.execute("BEGIN")
        try:
            yield self
        finally:
            self._connection.execute("COMMIT")

    # --- races and runs -------------------------------------------------------------------------------------------

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
        where, values = ["1" if every else "lab = ''"], []
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

    def changed_runs(self, since: int, race: int | None = None) -> tuple[list[RunRow], list[int]]:
        """Return the runs that changed after the ``changed`` cursor, and the ids of those deleted after it."""
        only = "" if race is None else " AND race = ?"
        values = (since,) if race is None else (since, race)
        sql = f"SELECT {_RUN_COLUMNS} FROM runs WHERE changed > ?{only} ORDER BY changed"
        gone = self._all(f"SELECT run FROM deletions WHERE changed > ?{only}", *values)
        return [_run_row(row) for row in self._all(sql, *values)], [row["run"] for row in gone]

    # --- points ---------------------------------------------------------------------------------------------------

    def head(self) -> tuple[int, int]:
        """Return the stream's cursor: the newest point's id and the newest change's number. Costs microseconds.

        Neither ever falls, not even when the newest points are deleted.
        """
        row = self._all(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'points'), 0),"
            " (SELECT value FROM counters WHERE name = 'changed')"
        )[0]
        return int(row[0]), int(row[1])

    def points_since(self, since: int, upto: int, runs: Sequence[int], limit: int = 20_000) -> list[sqlite3.Row]:
        """Return points with ``since < id <= upto`` of these runs, in order of id."""
        # +run keeps SQLite from walking through all points of these runs by their index instead of the few new ids.
        return self._all(
            "SELECT id, run, split, step, loss, error, running_loss, running_error, seconds FROM points"
            f" WHERE id > ? AND id <= ? AND +run IN ({_marks(runs)}) ORDER BY id LIMIT ?",
            since, upto, *runs, limit,
        )  # fmt: skip

    def series(
        self,
        run: int,
        split: Split,
        *,
        first: int = 0,
        last: int | None = None,
        at_most: int | None = None,
        upto: int | None = None,
    ) -> Series:
        """Return the points of a run and split with first <= step <= last, in order of step.

        ``at_most`` decimates by min/max/last per power-of-two bucket of steps (see ``engine.store.decimate``);
        ``upto`` ignores points with a larger id.
        """
        where, values = "run = ? AND split = ? AND step >= ?", [run, split, first]
        for clause, value in (("step <= ?", last), ("id <= ?", upto)):
            if value is not None:
                where += f" AND {clause}"
                values.append(value)
        if at_most is None:
            columns = self._columns(SERIES_COLUMNS, where, values)
            return Series(columns, total=len(columns["step"]))
        # Of a long run most points are left out: what decides about that is read first, the rest for what is kept.
        deciding = self._columns(DECIDING_COLUMNS, where, values)
        kept = keep_extremes(deciding["step"], [deciding["loss"], deciding["error"]], at_most)
        steps = json.dumps(deciding["step"][kept].astype(np.int64).tolist())
        where = "run = ? AND split = ? AND step IN (SELECT value FROM json_each(?))"
        columns = self._columns(SERIES_COLUMNS, where, [run, split, steps])
        return Series(columns, total=len(deciding["step"]))

    def _columns(self, names: Sequence[str], where: str, values: Sequence[object]) -> dict[str, np.ndarray]:
        """Return columns of the points that a condition chooses, (points,) float64 each, in order of step."""
        with guarded(self.workspace.database):
            cursor = self._connection.cursor()
            cursor.row_factory = None
            cursor.execute(f"SELECT {', '.join(names)} FROM points WHERE {where} ORDER BY step", values)
            # Row by row into the array: half a million rows held as Python objects cost more than reading them.
            table = np.fromiter(cursor, dtype=[(name, np.float64) for name in names])
        return {name: np.ascontiguousarray(table[name]) for name in names}

    def last_points(self, runs: Sequence[int]) -> dict[tuple[int, Split], sqlite3.Row]:
        """Return the newest point of every run and split."""
        # One seek in the index of (run, split, step) for each, however long the runs are.
        rows = self._all(
            "SELECT points.* FROM json_each(?) AS wanted, json_each(?) AS kinds JOIN points ON points.id ="
            " (SELECT id FROM points AS p WHERE p.run = wanted.value AND p.split = kinds.value"
            " ORDER BY p.step DESC LIMIT 1)",
            json.dumps(list(runs)), json.dumps([split.value for split in Split]),
        )  # fmt: skip
        return {(row["run"], Split(row["split"])): row for row in rows}

    def evaluated(self, run: int, step: int) -> dict[str, tuple[float, float, int]]:
        """Return what a run's evaluation after ``step`` updates recorded, split -> (loss, error, images)."""
        rows = self._all(
            "SELECT split, loss, error, images FROM points WHERE run = ? AND step = ? AND split != ?",
            run, step, Split.TRAIN.value,
        )  # fmt: skip
        return {row["split"]: (row["loss"], row["error"], row["images"]) for row in rows}

    def remarks(self, runs: Sequence[int]) -> list[sqlite3.Row]:
        """Return the remarks of these runs in order: run, step, kind, text, created."""
        return self._all(
            f"SELECT run, step, kind, text, created FROM remarks WHERE run IN ({_marks(runs)}) ORDER BY id",
            *runs,
        )

    def checkpoints(self, run: int) -> list[CheckpointRow]:
        """Return a run's checkpoints, oldest step first."""
        rows = self._all("SELECT * FROM checkpoints WHERE run = ? ORDER BY step", run)
        return [CheckpointRow(**dict(row)) for row in rows]

    def checkpoint_totals(self) -> dict[int, tuple[int, int]]:
        """Return ``{run: (number, bytes)}`` of all checkpoints."""
        rows = self._all("SELECT run, count(*) AS number, sum(bytes) AS size FROM checkpoints GROUP BY run")
        return {row["run"]: (row["number"], row["size"]) for row in rows}

    # --- commands and who lives -----------------------------------------------------------------------------------

    def open_commands(self) -> list[CommandRow]:
        """Return the commands that are not done, oldest first."""
        return [CommandRow(**dict(row)) for row in self._all("SELECT * FROM commands WHERE done IS NULL ORDER BY id")]

    def command(self, command: int) -> CommandRow | None:
        """Return one command with the engine's answer so far."""
        rows = self._all("SELECT * FROM commands WHERE id = ?", command)
        return CommandRow(**dict(rows[0])) if rows else None

    def engine(self) -> EngineRow | None:
        """Return what the engine last said of itself; None after it ended in good order."""
        rows = self._all("SELECT pid, pid_started, version, devices, started, heartbeat FROM engine")
        if not rows:
            return None
        values = dict(rows[0])
        return EngineRow(**{**values, "devices": json.loads(values["devices"])})

    def clients(self) -> list[tuple[int, float, str]]:
        """Return (pid, process start time, kind) of every client that entered and did not leave."""
        return [tuple(row) for row in self._all("SELECT pid, pid_started, kind FROM clients")]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


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
