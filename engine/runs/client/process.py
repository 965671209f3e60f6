"""Finds, starts and ends the engine's process. Torch-free."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine import __version__
from engine.errors import (
    DatabaseDamaged,
    EngineRunning,
    EngineUnreachable,
    NoDatabase,
    SkipscopeError,
    VersionMismatch,
    WorkspaceError,
)  # fmt: skip
from engine.events import AT_WORK
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import ProcessId
from engine.hardware.training import require_torch
from engine.paths import PROJECT
from engine.runs.client.author import author
from engine.runs.client.engine_lock import engine_lives, is_held
from engine.runs.client.shutdown import Shutdown, outcomes
from engine.runs.launchers.registry import LauncherChoice
from engine.runs.protocol.liveness import SILENT_S, Sign, gone
from engine.runs.protocol.verbs import SHUTDOWN
from engine.store.connection import check, obstacle, set_aside
from engine.store.reader import Reader
from engine.store.rows import EngineRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Extra time for a started, living process: an engine starts slowly on a busy machine.
SLOW_START_S = 50.0
#: An engine ends within 35 s of a shutdown, or later by as long as a locked database holds it up.
SHUTDOWN_S = 50.0
#: So long a shutdown waits for another program's lock.
_LOCKED_S = 2.0
_POLL_S = 0.01
#: An engine takes half a second to start, and each look opens the database.
_START_POLL_S = 0.03
_ATTEMPTS = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The state (alive, none, other-version, silent) of the workspace's engine."""

    state: str
    pid: int | None = None
    version: str = ""
    devices: list[str] = field(default_factory=list)
    message: str = ""


class EngineProcess:
    """The process of one workspace's engine; threads may share the object."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace

    def status(self, reader: Reader | None = None) -> EngineStatus:
        """Return the engine's status. Raises DatabaseDamaged and VersionMismatch for an unreadable database.

        Without a ``reader`` the database is opened for it.
        """
        row = self._engine_row() if reader is None else reader.presence.engine()
        if row is None or not engine_lives(self.workspace, row):
            told = "no engine runs" if row is None else gone(Sign(False, row.heartbeat), time.time())
            message = f"{told}; it starts with the next race or command"
            if cause := self._cause_of_end():
                message = f"{message}. The last one ended by an error: {cause} (log: {self.workspace.engine_log})"
            return EngineStatus("none", message=message)
        state, message = "alive", f"engine {row.version}, process {row.pid}"
        if row.version != __version__:
            state = "other-version"
            message = (
                f"an engine of version {row.version} lives (process {row.pid}), this is {__version__}; "
                "end it with `python -m engine shutdown`, its runs stay paused"
            )
        elif (age := time.time() - row.heartbeat) > SILENT_S:
            state = "silent"
            reason = obstacle(self.workspace) or f"see {self.workspace.engine_log}"
            message = f"the engine (process {row.pid}) has not answered for {age:.0f} s; {reason}"
        return EngineStatus(state, row.pid, row.version, row.devices, message)

    def ensure(self, timeout_s: float = 10.0, unless_ended_since: float | None = None) -> EngineRow:
        """Start the engine if none lives, and return its row.

        Args:
            unless_ended_since: A time: none is started where somebody gave the command to end one after it.

        Raises VersionMismatch for an engine of another version, EngineUnreachable without an answer in time or where
        somebody ended it, WorkspaceError and DatabaseDamaged for an unusable workspace.
        """
        self.workspace.prepare()
        self._status_of_this_version()
        Writer(self.workspace).close()  # creates missing tables
        began = time.monotonic()
        started, attempts = None, 0
        while True:
            status = self._status_of_this_version()
            if status.state == "alive" and (row := self._engine_row()) is not None:
                return row
            if (
                status.state == "none"
                and (started is None or started.poll() is not None)
                and not is_held(self.workspace)
            ):
                if unless_ended_since is not None and self._was_ended_since(unless_ended_since):
                    raise EngineUnreachable("somebody ended the engine; it starts with the next race or command")
                # The first attempt may have met an ending engine.
                if attempts == _ATTEMPTS:
                    raise EngineUnreachable(f"the engine ended while it started: {self._last_words()}")
                started, attempts = self._start(), attempts + 1
            starts = started is not None and started.poll() is None and status.state == "none"
            limit_s = timeout_s + (SLOW_START_S if starts else 0.0)
            if time.monotonic() > began + limit_s:
                raise EngineUnreachable(
                    status.message if status.state == "silent" else
                    f"the engine did not answer within {limit_s:g} s; see {self.workspace.engine_log}"
                )  # fmt: skip
            time.sleep(_START_POLL_S)

    def ensure_with(self, chosen: LauncherChoice) -> None:
        """Start the engine with a launcher, and let this process start others with it.

        Raises ConfigError for a wrong choice, EngineRunning for an engine with another launcher, and the errors of
        ``ensure``.
        """
        chosen.check().for_engines()
        self.ensure()
        with suppress(OSError):
            if (other := self.workspace.engine_launcher.read_text().strip()) != str(chosen):
                raise EngineRunning(
                    f"the engine of workspace {self.workspace.path} has the launcher {other}; end it first with "
                    "`python -m engine shutdown`, its runs stay paused"
                )

    def require_training(self) -> None:
        """Raise ViewOnly where runs can train neither here nor on a cluster of this workspace's engine."""
        launcher = str(LauncherChoice.of_environment())
        with suppress(OSError):  # an engine that lives may have another one
            launcher = self.workspace.engine_launcher.read_text().strip() or launcher
        if launcher == str(LauncherChoice()):
            require_torch()

    def shutdown(self, timeout_s: float = SHUTDOWN_S) -> Shutdown | None:
        """Pause all runs and end the engine of any version, by SIGTERM where the database cannot be written.

        Returns what became of its runs, None without an engine. Raises EngineUnreachable when the engine does not end
        in time, DatabaseDamaged for a damaged database without an engine.
        """
        try:
            row = self._engine_row()
            if row is None or not engine_lives(self.workspace, row, asks_lock=True):
                return None
            process = ProcessId(row.pid, row.pid_started)
            # Before the command: an engine may answer it before the next line.
            with Reader(self.workspace) as reader:
                runs = [run.id for run in reader.jobs.all(AT_WORK)]
            self._ask_to_end(process)
        except (DatabaseDamaged, VersionMismatch):
            if not self._end_by_signal(timeout_s):
                raise
            return Shutdown(is_known=False)
        self._await_end(process, timeout_s)
        try:
            with Reader(self.workspace) as reader:
                return Shutdown(outcomes(filter(None, map(reader.jobs.get, runs))))
        except (SkipscopeError, sqlite3.Error):
            return Shutdown(is_known=False)

    def new_database(self) -> Path:
        """End the engine of a damaged database, move the database aside and return its new path.

        Raises WorkspaceError for a healthy or missing database, EngineRunning while an engine lives on a healthy one.
        """
        if not self.workspace.database.exists():
            raise WorkspaceError(f"workspace {self.workspace.path} holds no database; there is nothing to move aside")
        running = EngineRunning("an engine lives for this workspace; end it first with `python -m engine shutdown`")
        try:
            check(self.workspace)
        except DatabaseDamaged:
            self._end_by_signal()
            if is_held(self.workspace):
                raise running from None
            return set_aside(self.workspace)
        if is_held(self.workspace):
            raise running
        raise WorkspaceError(f"{self.workspace.database} is healthy and stays where it is")

    def _status_of_this_version(self) -> EngineStatus:
        if (status := self.status()).state == "other-version":
            raise VersionMismatch(status.message)
        return status

    def _engine_row(self) -> EngineRow | None:
        try:
            with Reader(self.workspace, outdated=True) as reader:
                return reader.presence.engine()
        except NoDatabase:
            return None

    def _end_by_signal(self, timeout_s: float = SHUTDOWN_S) -> bool:
        """End the engine of ``engine.pid``; return False when none lives."""
        try:
            pid, started = self.workspace.engine_pid.read_text().split()
            process = ProcessId(int(pid), float(started))
        except (OSError, ValueError):
            return False
        if not process.lives() or is_held(self.workspace) is False:
            return False
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        self._await_end(process, timeout_s)
        return True

    def _ask_to_end(self, process: ProcessId) -> None:
        """Give the command, or the signal that means the same where nothing can be written now."""
        try:
            with Writer(self.workspace, _LOCKED_S) as writer:
                writer.commands.give(SHUTDOWN, author=author())
        except (DatabaseDamaged, VersionMismatch):
            raise
        except WorkspaceError:
            # A full disk, or a lock: a worker that was stopped within a transaction keeps it until the engine ends it.
            if not is_held(self.workspace):
                raise  # the process of the row is no engine of this workspace
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)

    def _await_end(self, process: ProcessId, timeout_s: float) -> None:
        if not until(lambda: not process.lives(), timeout_s):
            raise EngineUnreachable(
                f"the engine (process {process.pid}) did not end within {timeout_s:g} s; after `kill -9 {process.pid}` "
                f"its workers save their checkpoints and end; see {self.workspace.engine_log}"
            )

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the engine in another session, without pipes, its output in ``engine.log``."""
        arguments = [sys.executable, "-m", "engine", "--workspace", str(self.workspace.path), "serve"]
        if (chosen := LauncherChoice.of_environment()) != LauncherChoice():
            arguments += ["--launcher", chosen.name, "--address", chosen.address]
        with self.workspace.engine_log.open("ab") as log:
            process = subprocess.Popen(
                arguments, cwd=PROJECT, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, close_fds=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        # Without a wait the ended process would stay a zombie, which is all that a lack of threads costs.
        with suppress(RuntimeError):
            GuardedThread("engine-reaper", process.wait, _log.warning).start()
        return process

    def _was_ended_since(self, moment: float) -> bool:
        with Reader(self.workspace) as reader:
            return reader.commands.last_given(SHUTDOWN) > moment

    def _cause_of_end(self) -> str:
        """Return the error that ended the last engine, '' after an end in good order or by a kill."""
        with suppress(OSError):
            return self.workspace.engine_end.read_text(errors="replace").strip()
        return ""

    def _last_words(self) -> str:
        if cause := self._cause_of_end():
            return cause
        with suppress(OSError, IndexError):
            return self.workspace.engine_log.read_text(errors="replace").strip().splitlines()[-1]
        return f"see {self.workspace.engine_log}"


def until(met: Callable[[], bool], seconds: float) -> bool:
    """Return whether ``met()`` became true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
