"""Everything that is written to the database: races and runs, states, points, checkpoints, commands, who lives.

Probes, labs, interventions, trials, notes and who lives have their parts of it in ``probes.py``, ``labs.py``,
``whatifs.py``, ``tuning.py``, ``notes.py`` and ``living.py``.

One ``Writer`` per thread. Every method is one short transaction; what belongs together is written together or not at
all. Torch-free. Errors: those of ``engine.store.schema.connect``; CommandRefused for a move that is not legal.
"""

import json
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from engine.config import FREE, RaceConfig, RunConfig
from engine.errors import CommandRefused
from engine.events import MOVES, Evaluated, RunState, Split, StepRow
from engine.provenance import versions
from engine.store.revision import next_revision
from engine.store.schema import connect, guarded, roll_back
from engine.store.tables.interventions import InterventionWriter
from engine.store.tables.labs import LabWriter
from engine.store.tables.presence import PresenceWriter
from engine.store.tables.probes import ProbeWriter
from engine.store.tables.tuning import TuningWriter
from engine.store.tables.visitor_notes import VisitorNoteWriter
from engine.store.workspace import Workspace

#: Columns of ``runs`` that a change of state may set beside the state.
_RUN_FIELDS = frozenset(
    {"detail", "cause", "step", "parameters", "device", "precision", "threads", "images_per_s", "seconds",
     "evaluation_share", "probe_share", "train_images", "pid", "heartbeat", "started", "ended"}
)  # fmt: skip


class Writer(ProbeWriter, LabWriter, InterventionWriter, TuningWriter, VisitorNoteWriter, PresenceWriter):
    """A writing connection to the workspace's database; makes and migrates it where needed."""

    def __init__(self, workspace: Workspace, busy_s: float | None = None):
        self.workspace = workspace
        self._connection = connect(workspace, readonly=False, busy_s=busy_s)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One ``BEGIN IMMEDIATE`` transaction: committed at the end, rolled back on any error."""
        with guarded(self.workspace.database):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                roll_back(self._connection)
                raise

    # --- races and runs -------------------------------------------------------------------------------------------

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
        """Keep the pace of a race (``engine.config.lockstep``) and let viewers see that something changed."""
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
        **fields: object,
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

    def update(self, run: int, **fields: object) -> None:
        """Set columns of ``runs`` that viewers must see (detail, device, parameters, ...), the state left alone."""
        with self.transaction() as connection:
            self._update(connection, run, fields, changed=True)

    @staticmethod
    def _update(connection: sqlite3.Connection, run: int, fields: dict[str, object], *, changed: bool) -> None:
        unknown = set(fields) - _RUN_FIELDS - {"state", "config"}
        assert not unknown, f"no such column in runs: {unknown}"
        if changed:
            fields = {**fields, "changed": next_revision(connection)}
        names = ", ".join(f"{name} = ?" for name in fields)
        connection.execute(f"UPDATE runs SET {names} WHERE id = ?", (*fields.values(), run))

    def beat(self, run: int) -> None:
        """Say that the run's worker lives. Not a change that viewers are told of."""
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

    # --- what a worker records ------------------------------------------------------------------------------------

    def record(
        self,
        run: int,
        rows: Sequence[StepRow] = (),
        evaluations: Sequence[Evaluated] = (),
        images_per_s: float | None = None,
    ) -> None:
        """Append points in one transaction.

        A step that is on record already (computed again after a worker was killed) keeps its first figures. Values
        that are not finite are stored as NULL.
        """
        if not rows and not evaluations:
            return
        points = [
            (run, Split.TRAIN, r.step, _finite(r.loss), _finite(r.error), _finite(r.running_loss),
             _finite(r.running_error), r.lr, r.seconds, None, None, None)
            for r in rows
        ] + [
            (run, e.split, e.step, _finite(e.loss), _finite(e.error), None, None, None, e.seconds, e.images,
             e.took_s, e.bn)
            for e in evaluations
        ]  # fmt: skip
        step = max([r.step for r in rows] + [e.step for e in evaluations])
        seconds = max([r.seconds for r in rows] + [e.seconds for e in evaluations])
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO points (run, split, step, loss, error, running_loss, running_error, lr,"
                " seconds, images, took_s, bn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                points,
            )
            connection.execute(
                "UPDATE runs SET step = max(step, ?), seconds = max(seconds, ?), heartbeat = ?,"
                " images_per_s = coalesce(?, images_per_s) WHERE id = ?",
                (step, seconds, time.time(), images_per_s, run),
            )

    def remark(self, run: int, step: int, kind: str, text: str) -> None:
        """Put something worth a marker on the run's record. Said again after a resume it is kept once."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO remarks (run, step, kind, text, created) SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM remarks WHERE run = ? AND step = ? AND kind = ? AND text = ?)",
                (run, step, kind, text, time.time(), run, step, kind, text),
            )

    def add_checkpoint(self, run: int, step: int, reason: str, size: int) -> None:
        """Record a checkpoint file of ``size`` bytes. Reasons: tenth, autosave, pause, end, fork."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)", (run, step, reason, size, time.time())
            )

    def remove_checkpoint(self, run: int, step: int) -> None:
        """Forget a checkpoint whose file is gone."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM checkpoints WHERE run = ? AND step = ?", (run, step))

    # --- commands -------------------------------------------------------------------------------------------------

    def command(self, verb: str, run: int | None = None, argument: str = "", *, race: int | None = None) -> int:
        """Ask the engine for something; returns the command's id. Its answer appears in the same row."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO commands (verb, run, race, argument, created) VALUES (?, ?, ?, ?, ?)",
                (verb, run, race, argument, time.time()),
            )
        return int(cursor.lastrowid or 0)

    def claim(self, command: int) -> bool:
        """The engine is about to serve the command; return False if it was withdrawn."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "UPDATE commands SET claimed = ? WHERE id = ? AND done IS NULL", (time.time(), command)
            )
        return cursor.rowcount == 1

    def withdraw(self, command: int, words: str) -> bool:
        """Take back a command that no engine has claimed; return False if one has, or it is done."""
        now = time.time()
        with self.transaction() as connection:
            cursor = connection.execute(
                "UPDATE commands SET acknowledged = ?, done = ?, refusal = ?"
                " WHERE id = ? AND claimed IS NULL AND done IS NULL",
                (now, now, words, command),
            )
        return cursor.rowcount == 1

    def acknowledge(self, command: int) -> None:
        """The engine has seen the command."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE commands SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL", (time.time(), command)
            )

    def finish(self, command: int, refusal: str | None = None) -> None:
        """The command is done, or refused with one line."""
        now = time.time()
        with self.transaction() as connection:
            connection.execute(
                "UPDATE commands SET acknowledged = coalesce(acknowledged, ?), done = ?, refusal = ? WHERE id = ?",
                (now, now, refusal, command),
            )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
