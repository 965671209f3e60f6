"""Workers on this machine: forked from a process with torch loaded (``forkserver``), else spawned.

Python 3.11's fork server ignores ``sys_path`` and hides ImportErrors of its preload: the engine runs in the project's
root, and a first process proves that torch is loaded. The fork server needs seconds for torch; a thread waits for it.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from engine.hardware.machine import ProcessId, process_before
from engine.paths import PROJECT
from engine.runs.protocol.job import Job

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    Context = ForkServerContext | SpawnContext

PRELOAD = "engine.runs.launchers.preload"
#: Exit code from multiprocessing when the fork server, which knew the exit code, is gone.
_UNKNOWN_EXIT = 255
_SIGKILL = 9
#: multiprocessing reads an exit code once, and polls all children at each start: not in two threads at once.
_one_at_a_time = threading.Lock()


class LocalWorker:
    """A worker process of this machine; see ``engine.runs.launchers.registry.Launched``."""

    def __init__(self, job: Job, context: "Context", work: Callable[[Job, Connection], None]):
        self.job = job
        # One way: signals go down, and the end of the pipe shows the worker the engine's end.
        self._theirs, self._signals = context.Pipe(duplex=False)
        self._process = context.Process(target=work, args=(job, self._theirs), name=f"run-{job.run}")
        self._identity: ProcessId | None = None
        self._failure: str | None = None
        self._killed = False

    def start(self) -> None:
        """Start the process once the fork server is ready. Never raises: see ``ended``."""
        try:
            if self._killed:
                self._failure = "ended before it started"
                return
            with _one_at_a_time:
                self._process.start()
            pid = self._process.pid
            assert pid is not None, "a started process has an id"
            self._identity = process_before(pid, float("inf")) or ProcessId(pid, 0.0)
            if self._killed:
                self.kill()
        except Exception as error:  # the engine must survive any failure
            self._failure = f"worker could not be started ({type(error).__name__}: {error})"
        finally:
            self._theirs.close()

    @property
    def pid(self) -> int | None:
        """The worker's process id; None until it exists."""
        return None if self._identity is None else self._identity.pid

    def send(self, word: str) -> None:
        """Send ``pause``, ``stop`` or ``changes``; the worker reacts between two steps."""
        with contextlib.suppress(OSError):
            self._signals.send(word)

    def ended(self) -> str | None:
        """Return None while the worker lives or starts, else how the worker ended."""
        if self._failure is not None:
            return self._failure
        if self._identity is None:
            return None
        if not _one_at_a_time.acquire(blocking=False):
            return None  # another process is starting; the next round tries again
        try:
            code = self._process.exitcode
        finally:
            _one_at_a_time.release()
        if code is None or (code == _UNKNOWN_EXIT and self._identity.lives()):
            return None
        return _in_words(code)

    def kill(self) -> None:
        """End the process at once."""
        self._killed = True
        if self._identity is not None:
            self._identity.kill()


def _work(job: Job, signals: Connection) -> None:
    from engine.runs.worker.worker import work

    work(job, signals)


class LocalLauncher:
    """Starts workers on this machine (``engine.runs.launchers.registry.Launcher``); tests replace ``work``."""

    work: Callable[[Job, Connection], None] = staticmethod(_work)

    def __init__(self) -> None:
        fork_server = "forkserver" in multiprocessing.get_all_start_methods()
        self._context: Context = multiprocessing.get_context("spawn")
        if fork_server:
            self._context = multiprocessing.get_context("forkserver")
            os.chdir(PROJECT)
            self._context.set_forkserver_preload([PRELOAD])
        # No executor: at the engine's exit Python would wait for an executor's thread.
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._start_in_turn, name="launcher", daemon=True).start()

    def warm(self) -> None:
        """Load torch into the fork server, in the background."""
        self._tasks.put(self._warm)

    def launch(self, job: Job) -> LocalWorker:
        """Start a worker as soon as the fork server is ready."""
        worker = LocalWorker(job, self._context, type(self).work)
        self._tasks.put(worker.start)
        return worker

    def close(self) -> None:
        """Start no further worker."""
        self._tasks.put(None)

    def _warm(self) -> None:
        if self._context.get_start_method() != "forkserver":
            return
        process = self._context.Process(target=_prove_preload, name="preload")
        with _one_at_a_time:
            process.start()
        process.join()
        if process.exitcode != 0:
            print("the fork server could not load torch; workers load it themselves", file=sys.stderr, flush=True)

    def _start_in_turn(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _prove_preload() -> None:
    """Exit with 0 in a forked process with torch; show the ImportError that the fork server hides."""
    loaded = PRELOAD in sys.modules
    if not loaded:
        __import__(PRELOAD)  # shows the traceback
    raise SystemExit(0 if loaded and "torch" in sys.modules else 1)


def _in_words(code: int) -> str:
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        hint = "; the usual reason is too little memory" if -code == _SIGKILL else ""
        return f"worker was ended by signal {-code} ({name}){hint}"
    if code == _UNKNOWN_EXIT:
        return "worker vanished together with the process that started it"
    return f"worker ended with exit code {code}"
