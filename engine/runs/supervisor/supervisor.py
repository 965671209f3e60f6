"""The engine: one per workspace, torch-free. Schedules queued runs, serves commands, watches workers, adopts runs.

    python -m engine serve

It holds the workspace's lock, says who it is in table ``engine``, and leads its own process group. It ends some time
after the last run and the last client are gone, at once when its workspace disappears, and on SIGTERM, SIGINT or the
``shutdown`` command, which pause all runs first. If it is killed, its workers write checkpoints and end by themselves,
and the next engine adopts their runs.
"""

import contextlib
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Sequence

from filelock import FileLock, Timeout

from engine import __version__
from engine.errors import DatabaseBusy, DiskFull, EngineRunning, NoDatabase, SkipscopeError, WorkspaceError
from engine.events import ALIVE, RunState
from engine.hardware.machine import ProcessId, number_gpus_alike, this_process
from engine.runs.launchers.registry import make_launcher
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.job import PAUSE
from engine.runs.supervisor.commands import CommandHandler
from engine.runs.supervisor.dispatch import Dispatch
from engine.runs.supervisor.tuning import Tuning
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.connection import check
from engine.store.reader import Reader
from engine.store.rows import JobRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

ROUND_S = 0.05
HEARTBEAT_S = 1.0
IDLE_S = 60.0
#: The engine before may be about to let go, and somebody may look for a moment whether the lock is held.
LOCK_S = 1.0
#: How long workers get to write their checkpoints when the engine is told to end; then they find out by themselves.
CLOSING_S = 30.0
#: A database up to this size is read through at the start; beyond it that would be felt.
_CHECKED_BYTES = 64 * 1024**2

_log = logging.getLogger(__name__)


def serve(workspace: Workspace, idle_s: float = IDLE_S, launcher: str = "local") -> None:
    """Be the workspace's engine until there is nothing more to do.

    Raises EngineRunning when another engine lives, WorkspaceError and DatabaseDamaged when the workspace cannot be
    used; each in one line, with nothing changed.
    """
    workspace.prepare()
    lock = FileLock(workspace.engine_lock)
    try:
        lock.acquire(timeout=LOCK_S)
    except Timeout:
        raise EngineRunning(
            f"an engine lives for workspace {workspace.path} already; "
            "`python -m engine shutdown` ends it, --workspace DIR takes another workspace"
        ) from None
    try:
        if workspace.database.exists() and workspace.database.stat().st_size <= _CHECKED_BYTES:
            with contextlib.suppress(NoDatabase):  # an empty file: the tables are made in it
                check(workspace)
        me = this_process()
        # For when the database cannot be read: see Control.shutdown.
        workspace.engine_pid.write_text(f"{me.pid} {me.started!r}\n")
        Supervisor(workspace, idle_s, launcher).run()
    finally:
        with contextlib.suppress(OSError):
            workspace.engine_pid.unlink()
        # After a deleted workspace there is no lock file to let go of.
        with contextlib.suppress(OSError):
            lock.release()


class Supervisor:
    """The engine's loop."""

    def __init__(self, workspace: Workspace, idle_s: float, launcher: str):
        self._workspace, self._idle_s = workspace, idle_s
        number_gpus_alike()
        self._launcher = make_launcher(launcher)
        self._launcher.warm()  # torch loads while the rest is set up
        self._writer, self._reader = Writer(workspace), Reader(workspace)
        self._pool = WorkerPool(self._launcher, self._reader, self._writer)
        self._coordinator = Coordinator(workspace)
        self._handler = CommandHandler(self._reader, self._writer, self._pool, self._coordinator, self.shutdown)
        self._tuning = Tuning(self._reader, self._writer, self._pool)
        self._dispatch = Dispatch(self._reader, self._writer, self._pool, self._coordinator, self._tuning)
        self._folder = _identity(workspace)
        self._closing_at: float | None = None
        self._needed_at = time.monotonic()
        self._beat_at = 0.0
        self._adopted = self._paused_all = False
        self._began = time.time()

    def shutdown(self) -> None:
        """Pause all runs, then end."""
        if self._closing_at is None:
            _log.info("ending: pausing all runs")
            self._closing_at = time.monotonic()

    def run(self) -> None:
        """Loop until the engine may end."""
        self._take_signals()
        self._sign_on()
        _log.info("engine %s, process %d, workspace %s, devices %s, %d cores", __version__, os.getpid(),
                  self._workspace.path, ", ".join(self._dispatch.devices), self._dispatch.cores)  # fmt: skip
        try:
            while self._goes_on():
                time.sleep(ROUND_S)
            _log.info("ended")
        except (sqlite3.Error, SkipscopeError) as error:
            if self._workspace_is_there():
                raise
            _log.info("the workspace is gone (%s)", error)
        finally:
            if not self._workspace_is_there():
                self._pool.kill_all()
            self._launcher.close()
            self._coordinator.close()
            self._reader.close()
            self._writer.close()

    def _goes_on(self) -> bool:
        """Do a round and return whether another one follows; signs off when none does."""
        try:
            if self._round():
                return True
            self._writer.presence.leave_engine()
            # Whoever asked while this engine still said that it lives relies on it; later ones start another engine.
            if self._closing_at is None and (self._queued() or self._reader.commands.pending()):
                self._sign_on()
                return True
            return False
        except (sqlite3.OperationalError, DatabaseBusy, DiskFull) as error:
            if not self._workspace_is_there():
                raise
            # A database that somebody else keeps locked, or a full disk, is no reason to end.
            _log.warning("the database does not answer (%s); trying again", error)
            return True

    def _round(self) -> bool:
        """Do everything that is due; return False when the engine may end."""
        now = time.monotonic()
        if not self._adopted:
            self._pool.adopt()
            self._handler.forget_shutdowns(self._began)
            self._tuning.see_to()  # before a command that was given meanwhile is served
            self._adopted = True
        self._pool.watch()
        self._coordinator.sweep(self._pool.occupies)
        self._handler.serve()
        if self._closing_at is None:
            self._dispatch.schedule()
        elif not self._close_down(now):
            return False
        if now - self._beat_at < HEARTBEAT_S:
            return True
        self._beat_at = now
        if not self._workspace_is_there():
            raise WorkspaceError("the folder was removed or replaced")
        self._writer.presence.engine_beat()
        self._pool.mark_lost()
        if self._is_needed():
            self._needed_at = now
        if now - self._needed_at >= self._idle_s and self._closing_at is None:
            _log.info("no run and no client for %g s", self._idle_s)
            return False
        return True

    def _sign_on(self) -> None:
        me = this_process()
        self._needed_at = time.monotonic()
        self._writer.presence.enter_engine(me.pid, me.started, __version__, self._dispatch.devices)

    def _queued(self) -> Sequence[JobRow]:
        return self._reader.jobs.all([RunState.QUEUED])

    def _close_down(self, now: float) -> bool:
        """Pause everything; return whether workers are still on their way out."""
        for row in self._queued():
            self._writer.jobs.move_from(row, RunState.PAUSED, detail="paused before it started")
        if not self._paused_all:
            self._paused_all = True
            self._pool.send_all(PAUSE)
        if not len(self._pool):
            return False
        if now - (self._closing_at or now) > CLOSING_S:
            _log.warning("%d workers are still in a step; they will write their checkpoints alone", len(self._pool))
            return False
        return True

    def _is_needed(self) -> bool:
        """Return whether a run is not at rest or a client lives; forgets clients that died."""
        needed = bool(len(self._pool)) or bool(self._reader.jobs.all([RunState.QUEUED, *ALIVE]))
        for pid, started, kind in self._reader.presence.clients():
            if ProcessId(pid, started).lives():
                needed = True
            else:
                _log.info("client %s (process %d) is gone", kind, pid)
                self._writer.presence.leave_client(pid, started)
        return needed

    def _workspace_is_there(self) -> bool:
        return _identity(self._workspace) == self._folder

    def _take_signals(self) -> None:
        def end(*_: object) -> None:
            if self._closing_at is not None:
                os._exit(1)  # asked twice: the workers notice and write their checkpoints alone
            self.shutdown()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        if hasattr(os, "setpgid") and os.getpgrp() != os.getpid():
            with contextlib.suppress(OSError):
                os.setpgid(0, 0)


def _identity(workspace: Workspace) -> tuple[int, int] | None:
    """Return what tells this folder's database from any other at the same place; None if there is none."""
    try:
        status = workspace.database.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
