"""The engine (``python -m engine serve``), one per workspace: schedules runs, serves commands, watches workers.

The engine holds the workspace's lock and leads its own process group. It ends without runs and clients, without its
workspace, and, with all runs paused, on SIGTERM, SIGINT or ``shutdown``. Workers of a killed engine write checkpoints
and end; the next engine adopts their runs. Torch-free.
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
from engine.errors import DatabaseBusy, DiskFull, EngineRunning, NoDatabase, SkipscopeError, WorkspaceError, in_one_line
from engine.events import ALIVE, RunState
from engine.hardware.machine import ProcessId, number_gpus_alike, this_process
from engine.runs.launchers.registry import LauncherChoice, make_launcher
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.job import PAUSE
from engine.runs.supervisor.commands import CommandHandler
from engine.runs.supervisor.dispatch import Dispatch
from engine.runs.supervisor.tuning import Tuning
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.runs.temporary_folder import TemporaryFolder
from engine.runs.unfinished_imports import UnfinishedImports
from engine.store.connection import check
from engine.store.notice import Notice
from engine.store.reader import Reader
from engine.store.rows import JobRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

ROUND_S = 0.02
HEARTBEAT_S = 1.0
IDLE_S = 60.0
#: Another engine may be about to end, and a client may hold the lock for a moment to test it.
LOCK_S = 1.0
#: How long a shutdown waits for the workers' checkpoints, and for a sign of life, before it ends workers by force.
CLOSING_S, CLOSING_HUNG_S = 30.0, 10.0
#: How long a shutdown waits for workers that it ended, and for a database that does not answer.
_LAST_S = 5.0
#: So long an engine that released its lock may take until its process is gone.
_ENDING_S = 2.0
#: A database up to this size is checked at the start; a larger one would delay the start.
_CHECKED_BYTES = 64 * 1024**2

_log = logging.getLogger(__name__)


def serve(workspace: Workspace, idle_s: float = IDLE_S, launcher: LauncherChoice | None = None) -> None:
    """Be the workspace's engine until no work is left.

    Raises EngineRunning when another engine lives, WorkspaceError and DatabaseDamaged for an unusable workspace,
    ConfigError for a launcher that cannot be used, before anything is made.
    """
    chosen = (launcher or LauncherChoice()).try_out()
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
            with contextlib.suppress(NoDatabase):  # an empty file: the writer creates the tables
                check(workspace)
        me = this_process()
        # For an unreadable database: see EngineProcess.shutdown.
        workspace.engine_pid.write_text(f"{me.pid} {me.started!r}\n")
        workspace.engine_launcher.write_text(f"{chosen}\n")
        workspace.engine_end.unlink(missing_ok=True)
        with TemporaryFolder(workspace) as temporary:
            Supervisor(workspace, idle_s, chosen, temporary).run()
    except BaseException as error:
        # Clients would else learn no more than that the engine is gone.
        with contextlib.suppress(OSError):
            cause = str(error) if isinstance(error, SkipscopeError) else in_one_line(error)
            workspace.engine_end.write_text(f"{cause}\n")
        raise
    finally:
        with contextlib.suppress(OSError):
            workspace.engine_pid.unlink()
        with contextlib.suppress(OSError):
            workspace.engine_launcher.unlink()
        # A deleted workspace has no lock file.
        with contextlib.suppress(OSError):
            lock.release()


class Supervisor:
    """The engine's loop."""

    def __init__(
        self, workspace: Workspace, idle_s: float, launcher: LauncherChoice, temporary: TemporaryFolder | None = None
    ):
        self._workspace, self._idle_s, self._temporary = workspace, idle_s, temporary
        number_gpus_alike()
        self._launcher = make_launcher(launcher, workspace)
        self._launcher.warm()  # loads torch in the background
        self._writer, self._reader = Writer(workspace), Reader(workspace)
        self._notice = Notice(workspace.engine_notice).prepare()
        self._pool = WorkerPool(self._launcher, self._reader, self._writer)
        self._coordinator = Coordinator(workspace)
        self._handler = CommandHandler(self._reader, self._writer, self._pool, self._coordinator, self.shutdown)
        self._tuning = Tuning(self._reader, self._writer, self._pool)
        self._dispatch = Dispatch(self._reader, self._writer, self._pool, self._coordinator, self._tuning)
        self._imports = UnfinishedImports(workspace, self._writer)
        self._folder = _identity(workspace)
        self._closing_at: float | None = None
        self._needed_at = time.monotonic()
        self._beat_at = 0.0
        self._adopted = self._swept = self._imports_swept = self._paused_all = self._is_copy = False
        self._began = time.time()

    def shutdown(self) -> None:
        """Pause all runs, then end."""
        if self._closing_at is None:
            _log.info("ending: pausing all runs")
            self._closing_at = time.monotonic()

    def run(self) -> None:
        """Loop until the engine may end."""
        self._take_signals()
        self._is_copy = self._other_engine_lives()
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
            if self._temporary is not None and not len(self._pool):
                self._temporary.remove()
            self._coordinator.close()
            self._reader.close()
            self._writer.close()

    def _goes_on(self) -> bool:
        """Do a round and return whether another round follows; sign off before the end."""
        try:
            if self._round():
                return True
            self._writer.presence.leave_engine()
            # Clients that submitted before the sign-off rely on this engine; later clients start another.
            if self._closing_at is None and (self._queued() or self._reader.commands.pending()):
                self._sign_on()
                return True
            return False
        except (sqlite3.OperationalError, DatabaseBusy, DiskFull) as error:
            if not self._workspace_is_there():
                raise
            if self._closing_at is not None and time.monotonic() - self._closing_at > CLOSING_S + _LAST_S:
                _log.error("ended although the database does not answer (%s)", error)
                return False
            # A locked database or a full disk does not end the engine.
            if self._notice.say(str(error).partition(";")[0]):
                _log.warning("the database does not answer (%s); trying again", error)
            return True

    def _round(self) -> bool:
        """Do all due work; return False when the engine may end."""
        now = time.monotonic()
        # Before the first write: a worker that hangs may hold the lock of the database.
        self._pool.end_hung(None if self._closing_at is None else CLOSING_HUNG_S)
        if not self._adopted:
            self._pool.adopt(none_lives=self._is_copy)
            self._handler.forget_shutdowns(self._began)
            self._tuning.see_to()  # before the first command
            self._adopted = True
        self._pool.watch()
        self._coordinator.sweep(self._pool.occupies)
        self._handler.serve()
        if self._closing_at is None:
            self._dispatch.schedule()
            self._imports_swept = self._imports_swept or self._imports.remove_some()
        elif not self._close_down(now):
            return False
        if now - self._beat_at < HEARTBEAT_S:
            return True
        self._beat_at = now
        if not self._workspace_is_there():
            raise WorkspaceError("the folder was removed or replaced")
        self._writer.presence.engine_beat()
        self._notice.say("")
        self._pool.mark_lost()
        if not self._swept and self._temporary is not None and not self._pool.left_behind:
            self._temporary.sweep()
            self._swept = True
        if self._is_needed():
            self._needed_at = now
        if now - self._needed_at >= self._idle_s and self._closing_at is None:
            _log.info("no run and no client for %g s", self._idle_s)
            return False
        return True

    def _other_engine_lives(self) -> bool:
        """Return whether the engine on record lives: without the lock it is that of the workspace this is a copy of."""
        row, deadline = self._reader.presence.engine(), time.monotonic() + _ENDING_S
        while row is not None and ProcessId(row.pid, row.pid_started).lives():
            if time.monotonic() > deadline:
                _log.info("a copy: process %d is the engine of the workspace it was copied from", row.pid)
                return True
            time.sleep(ROUND_S)
        return False

    def _sign_on(self) -> None:
        me = this_process()
        self._needed_at = time.monotonic()
        self._writer.presence.enter_engine(me.pid, me.started, __version__, self._dispatch.devices)

    def _queued(self) -> Sequence[JobRow]:
        return self._reader.jobs.all([RunState.QUEUED])

    def _close_down(self, now: float) -> bool:
        """Pause all runs; return whether workers are still ending."""
        for row in self._queued():
            self._writer.jobs.move_from(row, RunState.PAUSED, detail="paused before it started")
        for row in self._reader.jobs.all([RunState.STARTING]):
            if self._pool.withdraw(row.id):
                self._writer.jobs.move_from(row, RunState.PAUSED, detail="paused before it started")
        if not self._paused_all:
            self._paused_all = True
            self._pool.send_all(PAUSE)
        waited_s = now - (self._closing_at or now)
        if not len(self._pool) or waited_s > CLOSING_S + _LAST_S:
            return False
        if waited_s > CLOSING_S:
            self._pool.end_all_by_force(f"its step did not end within {CLOSING_S:g} s of the shutdown; ended by force")
        return True

    def _is_needed(self) -> bool:
        """Return whether a run is at work or a client lives; remove dead clients."""
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
                os._exit(1)  # second signal: the workers detect the end and write their checkpoints
            self.shutdown()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        if hasattr(os, "setpgid") and os.getpgrp() != os.getpid():
            with contextlib.suppress(OSError):
                os.setpgid(0, 0)


def _identity(workspace: Workspace) -> tuple[int, int] | None:
    """Return device and inode of the database file; None if there is none."""
    try:
        status = workspace.database.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
