"""Serves the table ``commands``: acknowledges a new command, and answers once the run has the requested state.

Commands on one run are served in order, one at a time. Repeats are harmless: two viewers may press the same button.
"""

import logging
import shutil
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from engine.config import lockstep
from engine.errors import ConfigError, SkipscopeError, WorkspaceError, missing
from engine.events import PAUSABLE, RESUMABLE, RunState
from engine.labs.registry import LABS
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.instant import unkept
from engine.runs.protocol.job import PAUSE, STOP
from engine.runs.protocol.verbs import BESIDE, PACE, RUN_VERBS, SHUTDOWN, recorded_elsewhere, unknown
from engine.runs.supervisor.interventions import Interventions
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.rows import CommandRow, JobRow, LabJobRow, RunRow
from engine.store.writer import Writer

_S = RunState

_log = logging.getLogger(__name__)


class CommandHandler:
    """Serves the commands of one workspace."""

    def __init__(
        self, reader: Reader, writer: Writer, pool: WorkerPool, coordinator: Coordinator, shutdown: Callable[[], None]
    ):
        self._workspace, self._reader, self._writer, self._pool = reader.workspace, reader, writer, pool
        self._coordinator, self._shutdown = coordinator, shutdown
        self._verbs = {"pause": self._pause, "resume": self._resume, "stop": self._stop, "delete": self._delete}
        self._forks = interventions = Interventions(reader, writer, pool)
        self._interventions = {"set": interventions.set, "extend": interventions.extend, "fork": interventions.fork}
        self._begun: set[int] = set()

    def serve(self) -> None:
        """Acknowledge new commands and continue those that are not done."""
        busy: set[int] = set()
        for command in self._reader.commands.pending():
            first = command.acknowledged is None
            if command.claimed is None:
                # The client may withdraw the command until here.
                if not self._writer.commands.claim(command.id):
                    continue
                _log.info("command %d: %s %s, from %s", command.id, command.verb, command.run or "", command.author)
            answer = self._guarded_answer(command, busy)
            if answer is not None:
                self._writer.commands.finish(command.id, answer or None)
                self._begun.discard(command.id)
                self._forks.forget(command.id)
                continue
            if command.verb not in BESIDE:
                busy.add(command.run or 0)
            if first:
                self._writer.commands.acknowledge(command.id)

    def forget_shutdowns(self, before: float) -> None:
        """Finish the shutdown commands that were created ``before``, for an earlier engine."""
        for command in self._reader.commands.pending():
            if command.verb == SHUTDOWN and command.created < before:
                self._writer.commands.finish(command.id)

    def _guarded_answer(self, command: CommandRow, busy: set[int]) -> str | None:
        """Return the answer; an error in one command is its refusal, not the end of the engine."""
        try:
            return self._answer(command, busy)
        except (sqlite3.Error, WorkspaceError):
            raise  # the engine handles a database that does not answer
        except SkipscopeError as error:
            return str(error)
        except Exception as error:
            _log.exception("command %d", command.id)
            return f"{command.verb} could not be done ({type(error).__name__}); see {self._workspace.engine_log}"

    def _answer(self, command: CommandRow, busy: set[int]) -> str | None:
        """Return '' when the command is done, one line when it is refused, None while it is under way."""
        if command.verb == SHUTDOWN:
            self._shutdown()
            return ""
        if command.verb == PACE:
            return self._pace(command)
        if command.verb not in RUN_VERBS:
            return unknown(command.verb, (*RUN_VERBS, PACE, SHUTDOWN))
        run = command.run or 0
        if run in busy or self._pool.is_left_behind(run):
            return None
        row = self._reader.jobs.get(run)
        if row is None:
            gone = command.verb == "delete" and command.acknowledged is not None
            return "" if gone else missing(f"run {run}")
        if command.verb in self._interventions:
            training = self._reader.runs.known(run)
            if training.tunes is not None:
                return f"run {run} is a trial for race {training.tunes}; interventions are for the runs of that race"
            if training.instant:
                return unkept(f"run {run}")
            return self._interventions[command.verb](training, command)
        # An acknowledged command may have waited for another command on the run and begins here.
        first = command.id not in self._begun
        self._begun.add(command.id)
        return self._verbs[command.verb](row, first)

    def _pace(self, command: CommandRow) -> str:
        race = self._reader.races.get(command.race or 0)
        if race is None or race.tunes is not None:
            return missing(f"race {command.race}")
        if race.instant:
            return unkept(f"race {race.id}")
        try:
            lockstep(command.argument)
        except ConfigError as error:
            return str(error)
        self._writer.races.set_pace(race.id, command.argument)
        try:
            self._coordinator.set(race.id, command.argument)
        except OSError as error:
            return f"the pace is kept for runs that start later; those that run cannot be told ({error})"
        return ""

    def _pause(self, row: JobRow, first: bool) -> str | None:
        if row.state == _S.PAUSED:
            return ""
        if row.state == _S.QUEUED:
            return self._move(row, _S.PAUSED, detail="paused before it started")
        if row.state == _S.STARTING and self._pool.withdraw(row.id):
            return self._move(row, _S.PAUSED, detail="paused before it started")
        if row.state in {_S.STARTING, _S.RUNNING}:
            if first:
                self._writer.jobs.update(row.id, detail="pausing at the end of this step")
                self._pool.send(row.id, PAUSE)
            return None
        if not first:
            return ""  # the run ended before the signal reached its worker
        return f"run {row.id} is {row.state}; only queued, starting and running runs can be paused"

    def _resume(self, row: JobRow, first: bool) -> str | None:
        if row.state in PAUSABLE:
            return ""
        if isinstance(row, LabJobRow) and row.lab not in LABS:
            return f"run {row.id} is a job of the lab {row.lab}, which this version does not have"
        if isinstance(row, RunRow) and row.instant and row.state != _S.PAUSED:
            # An ended race that is at work again would be one that a newer race has replaced.
            return unkept(f"run {row.id}")
        if row.imported is not None:
            return recorded_elsewhere(row.id)
        if row.state in RESUMABLE | {_S.FAILED}:
            return self._move(row, _S.QUEUED, detail="", cause="", ended=None)
        return f"run {row.id} is {row.state}; only paused, lost and failed runs can be resumed"

    def _stop(self, row: JobRow, first: bool) -> str | None:
        if row.state == _S.STOPPED:
            return ""
        if row.state in {_S.QUEUED, _S.PAUSED, _S.LOST}:
            return self._move(row, _S.STOPPED, detail="stopped", cause="", ended=time.time())
        if row.state == _S.STARTING and self._pool.withdraw(row.id):
            return self._move(row, _S.STOPPED, detail="stopped before it started", ended=time.time())
        if row.state in {_S.STARTING, _S.RUNNING}:
            self._writer.jobs.move(
                row.id, _S.STOPPING, only_from={_S.STARTING, _S.RUNNING}, detail="stopping at the end of this step"
            )
            self._pool.send(row.id, STOP)
            return None
        if row.state == _S.STOPPING:
            return None
        if not first:
            return ""
        return f"run {row.id} is {row.state} and has ended; there is nothing to stop"

    def _delete(self, row: JobRow, first: bool) -> str | None:
        if self._pool.has(row.id):
            if row.state in {_S.STARTING, _S.RUNNING, _S.STOPPING}:
                return f"run {row.id} is {row.state}; stop it before deleting it"
            return None  # its worker is about to end
        if self._forks.copies(row.id):
            return None  # a fork takes its checkpoint
        self._writer.jobs.delete(row.id)
        shutil.rmtree(self._workspace.run(row.id), ignore_errors=True)
        if isinstance(row, RunRow) and self._reader.races.get(row.race) is None:
            self._coordinator.forget(row.race)
        return ""

    def _move(self, row: JobRow, to: RunState, **fields: Any) -> str | None:
        # None: a worker moved the run meanwhile, so the next round tries again.
        return "" if self._writer.jobs.move_from(row, to, **fields) else None
