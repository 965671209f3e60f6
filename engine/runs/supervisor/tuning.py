"""``lr=tuned`` in the engine: trials of a grid of rates for every arm, before the runs of the arm start. Torch-free.

A learning rate that suits one arm alone can cause the whole gap between two arms. The trials are a race of their own,
with a seed that no race has (``engine.config.race``). ``engine.runs.protocol.trials`` holds the rule.
Trials follow the waiting runs of their arm: the trials pause when the last run pauses, and resume with the first run.
They stop when no run is left, and the engine deletes them with the race.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from engine.config import TUNED
from engine.events import ALIVE, FINAL, RunState
from engine.runs.protocol.job import PAUSE, STOP
from engine.runs.protocol.trials import WITH_ITS_RUNS, best, in_words, progress, why_not
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.tables.tuning import ArmTuning
from engine.store.writer import Writer

_S = RunState
_TRAINING = {_S.STARTING, _S.RUNNING}

_log = logging.getLogger(__name__)


class Tuning:
    """Starts, pauses and stops the trials, and holds the runs that wait for them."""

    def __init__(self, reader: Reader, writer: Writer, pool: WorkerPool):
        self._workspace, self._reader, self._writer, self._pool = reader.workspace, reader, writer, pool
        #: Trials that got the signal to pause with their runs. They resume with the runs, whatever their detail says.
        self._signalled: set[int] = set()

    def see_to(self) -> dict[int, str]:
        """Do what is due; return the queued runs that may not start yet, with the reason in words."""
        waits: dict[int, str] = {}
        for trials, race in self._reader.tuning.pending():
            rows = {row.id: row for row in self._reader.runs.all(trials, every=True)}
            self._clear(rows.values())
            if self._reader.races.get(race) is None:
                self._drop(rows.values())
                continue
            runs = [row for row in self._reader.runs.all(race) if row.config.optim.lr == TUNED]
            for arm in self._reader.tuning.arms(race):
                waiting = [row for row in runs if (row.depth, row.shortcut) == (arm.depth, arm.shortcut)]
                waits |= self._see_to_arm(arm, waiting, [rows[trial.run] for trial in arm.trials if trial.run in rows])
        return waits | self._in_turn()

    def _see_to_arm(self, arm: ArmTuning, waiting: Sequence[RunRow], trials: Sequence[RunRow]) -> dict[int, str]:
        queued = [row for row in waiting if row.state == _S.QUEUED]
        held = [row for row in waiting if row.state in {_S.QUEUED, _S.PAUSED}]
        if held and arm.done == len(arm.trials):
            self._decide(arm, held)
            return {}
        if queued:
            self._resume(trials)
        elif held:
            self._pause(trials)
        else:
            self._stop(trials)
            return {}
        return {row.id: f"waits for its learning rate: {progress(arm)}" for row in queued}

    def _decide(self, arm: ArmTuning, held: Sequence[RunRow]) -> None:
        if (chosen := best(arm)) is not None:
            text = in_words(arm, chosen)
            _log.info("%s: %s", arm.arm, text)
            self._writer.tuning.take([row.id for row in held], chosen.run, chosen.lr, text)
            return
        reasons = Counter(
            (why_not(trial) or "") + (f": {trial.cause}" if trial.state in {_S.FAILED, _S.LOST} else "")
            for trial in arm.trials
        )
        counted = "; ".join(f"{count} {reason}" for reason, count in reasons.items())
        remedy = "choose other rates (--set tune_grid=...)"
        if any(trial.warming for trial in arm.trials):
            remedy = "give them more steps (--set tune_steps=...)"
        self._fail(held, f"none of the {len(arm.trials)} trials gave a learning rate ({counted}); {remedy}")

    def _fail(self, runs: Sequence[RunRow], cause: str) -> None:
        for row in runs:
            if row.state == _S.QUEUED:  # a paused run fails when it is resumed
                self._writer.jobs.move_from(row, _S.FAILED, cause=cause, detail="", ended=time.time())

    def _in_turn(self) -> dict[int, str]:
        """Return the runs that must not start, with the reason in words; fail the runs whose trials are gone.

        The first seed of an arm starts once the arm has its rate. Further seeds wait for the rates of all arms, so that
        all arms begin before one arm has trained all of its seeds.
        """
        waits: dict[int, str] = {}
        queued = self._reader.runs.all(states=[_S.QUEUED])
        first: dict[int, int] = {}
        arms: dict[int, set[tuple[int, str]]] = {}
        for row in queued:
            if row.config.optim.lr == TUNED:
                if row.race not in arms:
                    arms[row.race] = {(trial.depth, trial.shortcut) for trial in self._reader.tuning.trials(row.race)}
                if (row.depth, row.shortcut) not in arms[row.race]:
                    self._fail([row], "its learning rate was to be tuned and its trials were deleted; start a new race")
                first[row.race] = min(row.seed, first.get(row.race, row.seed))
        for row in queued:
            if row.race in first and row.config.optim.lr != TUNED and row.seed > first[row.race]:
                waits[row.id] = f"waits until every arm has its learning rate: seed {first[row.race]} goes first"
        return waits

    def _resume(self, trials: Sequence[RunRow]) -> None:
        for row in trials:
            if row.state == _S.PAUSED and (row.detail == WITH_ITS_RUNS or row.id in self._signalled):
                self._signalled.discard(row.id)
                self._writer.jobs.move_from(row, _S.QUEUED, detail="")

    def _pause(self, trials: Sequence[RunRow]) -> None:
        for row in trials:
            if row.state == _S.QUEUED:
                self._writer.jobs.move_from(row, _S.PAUSED, detail=WITH_ITS_RUNS)
            elif row.state in _TRAINING and self._pool.has(row.id):
                self._signalled.add(row.id)
                self._pool.send(row.id, PAUSE)
            elif row.state == _S.PAUSED and row.detail != WITH_ITS_RUNS:
                self._writer.jobs.update(row.id, detail=WITH_ITS_RUNS)

    def _stop(self, trials: Iterable[RunRow]) -> None:
        for row in trials:
            detail = "nobody waits for it any more"
            if row.state in _TRAINING and self._pool.has(row.id):
                self._writer.jobs.move(row.id, _S.STOPPING, only_from=_TRAINING, detail=detail)
                self._pool.send(row.id, STOP)
            elif row.state in {_S.QUEUED, _S.PAUSED}:
                self._writer.jobs.move_from(row, _S.STOPPED, detail=detail, ended=time.time())

    def _drop(self, trials: Collection[RunRow]) -> None:
        """Delete the trials of a deleted race; trials at work are stopped first."""
        self._stop(trials)
        for row in trials:
            if row.state not in ALIVE and not self._pool.occupies(row.id):
                self._writer.jobs.delete(row.id)
                shutil.rmtree(self._workspace.run(row.id), ignore_errors=True)

    def _clear(self, trials: Iterable[RunRow]) -> None:
        """Remove the checkpoints of ended trials, for only the metrics of a trial are needed."""
        for row in trials:
            if row.state in FINAL and not self._pool.has(row.id):
                for saved in self._reader.checkpoints.of(row.id):
                    self._workspace.checkpoint(row.id, saved.step).unlink(missing_ok=True)
                    self._writer.checkpoints.remove(row.id, saved.step)
