"""The process from which workers are forked: its start, and in one line what ended it or what it lacks. Torch-free.

Python's own fork server ends at its first error, and its clients see no more than a closed pipe. This one writes what
becomes of it into a small file, which is made beforehand: on a full disk there is no room for another one.
"""

import contextlib
import errno
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from multiprocessing import forkserver
from pathlib import Path
from types import TracebackType

from engine.errors import in_one_line
from engine.hardware.machine import process_before, process_end
from engine.paths import PROJECT

PRELOAD = "engine.runs.launchers.preload"
#: Names the file to the fork server: an internal variable, no setting.
REPORT = "FORK_SERVER_REPORT"
#: How long torch may take to load: minutes from a cold network disk.
LOADING_LIMIT_S = 180.0
#: Time for the system to tell how a process ended whose pipe is closed.
_END_S = 1.0
_POLL_S = 0.02
#: A gap between two looks counts for no more: the machine may have slept.
_MAX_GAP_S = 1.0
_REPORT_BYTES = 512
_READY, _LACKS, _ENDED = "ready", "lacks ", "ended "
_HINTS = {
    errno.EAGAIN: "this user may start no further process or thread (ulimit -u)",
    errno.ENOMEM: "there is too little memory",
    errno.EMFILE: "too many files are open (ulimit -n)",
}

_log = logging.getLogger(__name__)


class ForkServerFailed(Exception):
    """The fork server could not be started, or ended; ``str(error)`` is one line."""


class ForkServer:
    """The one fork server of this process. One thread at a time may use it."""

    def __init__(self) -> None:
        # Python 3.11's fork server ignores ``sys_path``: it must start in the project's root.
        os.chdir(PROJECT)
        forkserver.set_forkserver_preload([PRELOAD])
        descriptor, name = tempfile.mkstemp(prefix="fork-server-")
        os.write(descriptor, b" " * _REPORT_BYTES)
        os.close(descriptor)
        self._report = Path(name)
        os.environ[REPORT] = name

    def close(self) -> None:
        """Remove the file; the process ends with this one."""
        self._report.unlink(missing_ok=True)

    def make_ready(self) -> str:
        """Start the process unless it lives, and wait until it serves; return what it could not load, '' for nothing.

        Raises ForkServerFailed, and OSError when no process can be started.
        """
        if (pid := _pid()) is not None and _exit_of(pid) is not None:
            _log.warning("%s; starting another one", self.end())
        forkserver.ensure_running()
        pid = _pid()
        waited, looked_at = 0.0, time.monotonic()
        while not (said := self._said(pid)):
            if pid is not None and _exit_of(pid) is not None:
                break
            now = time.monotonic()
            waited, looked_at = waited + min(now - looked_at, _MAX_GAP_S), now
            if waited > LOADING_LIMIT_S:
                self.kill()
                raise ForkServerFailed(f"the fork server did not load torch within {LOADING_LIMIT_S:g} s and was ended")
            time.sleep(_POLL_S)
        if not said or said.startswith(_ENDED):
            raise ForkServerFailed(self.end() or "the fork server ended")
        return said.removeprefix(_LACKS) if said.startswith(_LACKS) else ""

    def kill(self) -> None:
        """End the process at once; the next start begins another one."""
        if (pid := _pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> str:
        """Return how the process ended, '' while it lives."""
        pid, code = _pid(), None
        deadline = time.monotonic() + _END_S
        while pid is not None and (code := _exit_of(pid)) is None:
            if time.monotonic() > deadline:
                return ""
            time.sleep(_POLL_S)
        said = self._said(pid)
        if said.startswith(_ENDED):
            return f"the fork server ended ({said.removeprefix(_ENDED)})"
        when = "" if said else ", while it loaded torch,"
        return "" if code is None else f"the fork server{when} {process_end(code)}"

    def _said(self, pid: int | None) -> str:
        """Return what the process wrote, '' while it wrote nothing."""
        with contextlib.suppress(OSError):
            line, end, _ = self._report.read_bytes().partition(b"\n")
            writer, _, text = line.decode(errors="replace").partition(" ")
            return text if end and (pid is None or writer == str(pid)) else ""
        return ""


class Report:
    """The fork server's own side of the file."""

    def __init__(self) -> None:
        self._name, self._pid = os.environ.get(REPORT), os.getpid()

    def ready(self) -> None:
        """Tell the engine that everything is loaded."""
        self._write(_READY)

    def lacks(self, error: Exception) -> None:
        """Tell the engine what could not be loaded."""
        self._write(_LACKS + cause_of(error))

    def tell_end(self) -> None:
        """Tell the engine, from now on, which error ends the fork server."""
        sys.excepthook = self._on_error

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if os.getpid() == self._pid:  # a worker is a copy of the fork server
            self._write(_ENDED + cause_of(error))
        sys.__excepthook__(kind, error, trace)

    def _write(self, text: str) -> None:
        if self._name is None or multiprocessing.parent_process() is not None:
            return  # imported elsewhere
        line = f"{self._pid} {text}".encode()[: _REPORT_BYTES - 1] + b"\n"
        with contextlib.suppress(OSError), Path(self._name).open("r+b", buffering=0) as file:
            file.write(line)


def cause_of(error: BaseException) -> str:
    """Return an error in one line, with what it means where the system's words say too little."""
    hint = _HINTS.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{hint}; {in_one_line(error)}" if hint else in_one_line(error)


def _pid() -> int | None:
    # Python keeps it to itself; without it the cause of an end is lost, no more.
    return getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)


def _exit_of(pid: int) -> int | None:
    """Return the exit code of this process's child, negative for a signal; None while it lives.

    The child is not collected: Python's fork server does that as it starts another one.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return None if process_before(pid, float("inf")) else 1
    try:
        status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return 1  # collected elsewhere
    if status is None:
        return None
    return status.si_status if status.si_code == os.CLD_EXITED else -status.si_status
