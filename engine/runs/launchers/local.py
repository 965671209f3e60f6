"""Workers on this machine: forked from a process with torch loaded (``forkserver``), else spawned.

A thread waits for the fork server, which needs seconds to load torch, and starts the workers one after another. A start
that fails is tried again with growing pauses: other programs may have taken memory or processes for a moment.

A start can fail after the fork: the fork server ends before it names the new process. Such a process is unknown, and
must never work beside the worker of the next try. Each try therefore has a pipe of its own, and its process does
nothing before the engine admits it there. A failed try closes the pipe, which ends its process.
"""

import atexit
import contextlib
import logging
import multiprocessing
import multiprocessing.util
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from engine.errors import in_one_line
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import ProcessId, process_before, process_end
from engine.hardware.training import view_only
from engine.runs.launchers.fork_server import ForkServer, ForkServerFailed, cause_of
from engine.runs.launchers.registry import LeftBehindProcess
from engine.runs.protocol.job import Job
from engine.store.rows import JobRow

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess

    Context = ForkServerContext | SpawnContext

#: Starts of one worker, and the seconds between them.
TRIES, PAUSES_S = 6, (1.0, 2.0, 4.0, 8.0, 16.0)
#: Seconds between two tries to start any process after the last start failed.
AGAIN_S = 30.0
#: A fork server that has not answered for so long is named, and ended.
SILENT_S, START_LIMIT_S = 4.0, 20.0
#: A gap between two looks counts for no more: the machine may have slept.
_MAX_GAP_S = 1.0
#: Time for the fork server to say how a worker ended whose pipe is closed.
_SAID_S = 2.0
#: Exit code from multiprocessing when the fork server, which knew the exit code, is gone.
_UNKNOWN_EXIT = 255
#: multiprocessing reads an exit code once, and polls all children at each start: not in two threads at once.
_one_at_a_time = threading.Lock()
#: The first word to a worker: the engine knows its process.
_ADMITTED = "admitted"

_log = logging.getLogger(__name__)


class LocalWorker:
    """A worker process of this machine; see ``engine.runs.launchers.registry.Launched``."""

    def __init__(self, job: Job, context: "Context", work: Callable[[Job, Connection], None]):
        self.job = job
        # Signals go down, signs of life come up; the end of the pipe shows the worker the engine's end. None before a
        # process is known, to which the signals of that time are sent.
        self._pipe: Connection | None = None
        self._waiting: list[str] = []
        self._context, self._work = context, work
        self._identity: ProcessId | None = None
        self._failure: str | None = None
        self._last_word = ""
        self._cut_at: float | None = None
        self._is_begun, self._is_withdrawn, self._is_killed = False, False, False
        self._lock = threading.Lock()

    def start(self) -> bool:
        """Start the process; return False once withdrawn. Raises what the start raises; it may then be repeated."""
        with self._lock:
            self._is_withdrawn = self._is_withdrawn or self._is_killed
            if self._is_withdrawn:
                return False
            self._is_begun = True
        try:
            process, pipe = self._forked()
        except BaseException:
            self._is_begun = False
            raise
        assert process.pid is not None, "a started process has an id"
        self._process = process
        self._identity = process_before(process.pid, float("inf")) or ProcessId(process.pid, 0.0)
        with self._lock:
            self._pipe = pipe
            for word in [_ADMITTED, *self._waiting]:
                self._tell(word)
        if self._is_killed:
            self.kill()
        return True

    def _forked(self) -> "tuple[BaseProcess, Connection]":
        """Start a process; return it with this end of its pipe, which a failed start closes."""
        theirs, ours = self._context.Pipe()
        try:
            process = self._context.Process(
                target=_admitted, args=(self._work, self.job, theirs), name=f"run-{self.job.run}"
            )
            with _one_at_a_time:
                process.start()
        except BaseException:
            ours.close()  # a process that was forked all the same ends
            raise
        finally:
            theirs.close()
        return process, ours

    def fail(self, cause: str) -> None:
        """Give up the start."""
        self._failure = f"worker could not be started: {cause}"

    @property
    def pid(self) -> int | None:
        """The worker's process id; None until it exists."""
        return None if self._identity is None else self._identity.pid

    @property
    def place(self) -> str:
        """The worker's process in words; '' until it exists."""
        return "" if self._identity is None else f"process {self._identity.pid}"

    @property
    def delay(self) -> str:
        """Never: what delays one start here delays all of them (``LocalLauncher.trouble``)."""
        return ""

    @property
    def is_lost_with_place(self) -> bool:
        """Never: this machine is also the engine's."""
        return False

    def send(self, word: str) -> None:
        """Send ``pause``, ``stop`` or ``changes``; the worker reacts between two steps."""
        with self._lock:
            if self._pipe is None:
                self._waiting.append(word)
            else:
                self._tell(word)

    def shows_life(self) -> bool:
        """Return whether the worker gave a sign of life since the last call."""
        if (pipe := self._pipe) is None:
            return False
        gave = False
        try:
            while pipe.poll():
                self._last_word = pipe.recv_bytes().decode(errors="replace")
                gave = True
        except (OSError, EOFError):  # the worker is gone
            self._cut_at = self._cut_at or time.monotonic()
        return gave

    def ended(self) -> str | None:
        """Return None while the worker lives or starts, else how the worker ended."""
        if self._failure is not None:
            return self._failure
        if self._is_withdrawn:
            return "ended before it started"
        if self._identity is None:
            return None
        code = None
        if _one_at_a_time.acquire(blocking=False):  # another process may be starting; the next round tries again
            try:
                code = self._process.exitcode
            finally:
                _one_at_a_time.release()
        if code is None and self._cut_at and time.monotonic() - self._cut_at > _SAID_S and not self._identity.lives():
            code = _UNKNOWN_EXIT  # the fork server, which would say how it ended, does not answer
        if code is None or (code == _UNKNOWN_EXIT and self._identity.lives()):
            return None
        self.shows_life()
        if self._last_word:
            return f"worker ended: {self._last_word}"
        if code == _UNKNOWN_EXIT:
            return "worker ended; the process that started it does not say how"
        return f"worker {process_end(code)}"

    def withdraw(self) -> bool:
        """Give up a start that has not begun; return whether it had not."""
        with self._lock:
            self._is_withdrawn = self._is_withdrawn or (not self._is_begun and self._failure is None)
        return self._is_withdrawn

    def kill(self) -> None:
        """End the process at once."""
        self._is_killed = True
        if self._identity is not None:
            self._identity.kill()
        else:
            self.withdraw()

    def _tell(self, word: str) -> None:
        with contextlib.suppress(OSError):
            assert self._pipe is not None, "signals wait for a process"
            self._pipe.send(word)


def _admitted(work: Callable[[Job, Connection], None], job: Job, signals: Connection) -> None:
    """Work on the job once the engine knows this process; end without a deed where the engine does not."""
    try:
        signals.recv()
    except (EOFError, OSError):
        return
    work(job, signals)


def _work(job: Job, signals: Connection) -> None:
    from engine.runs.worker.worker import work

    work(job, signals)


@dataclass(eq=False)
class _Phase:
    is_start: bool


class LocalLauncher:
    """Starts workers on this machine (``engine.runs.launchers.registry.Launcher``); tests replace ``work``."""

    work: Callable[[Job, Connection], None] = staticmethod(_work)

    def __init__(self) -> None:
        self._fork_server: ForkServer | None = None
        self._context: Context = multiprocessing.get_context("spawn")
        if "forkserver" in multiprocessing.get_all_start_methods():
            self._fork_server = ForkServer()
            self._context = multiprocessing.get_context("forkserver")
        self._trouble = ""
        self._closed = threading.Event()
        # No executor: at the engine's exit Python would wait for an executor's thread.
        self._tasks: queue.SimpleQueue[LocalWorker | None] = queue.SimpleQueue()
        self._current: LocalWorker | None = None
        #: What the thread waits for, and for how many seconds, as far as ``trouble`` saw them.
        self._phase: _Phase | None = None
        self._seen: _Phase | None = None
        self._phase_s, self._looked_at = 0.0, time.monotonic()
        self._begin()

    def trouble(self) -> str:
        """Look after the starts; return what keeps workers from being started, in one line, '' for nothing.

        Call it often: a fork server that does not answer is ended here, and begins anew.
        """
        if words := view_only():
            return words
        if not self._thread.is_alive() and not self._closed.is_set():
            self._begin()
            if self._thread.is_alive():
                self.warm()
        now = time.monotonic()
        gap, self._looked_at = min(now - self._looked_at, _MAX_GAP_S), now
        self._phase_s = self._phase_s + gap if self._phase is self._seen else 0.0
        self._seen = phase = self._phase
        if phase is None or self._phase_s < SILENT_S:
            return self._trouble
        if phase.is_start and self._phase_s > START_LIMIT_S and self._fork_server is not None:
            self._fork_server.kill()
        if self._trouble:
            return self._trouble  # has a cause
        return "the process that starts workers does not answer" if phase.is_start else "torch is still loading"

    def warm(self) -> None:
        """Load torch into the fork server, in the background."""
        if not view_only():
            self._tasks.put(None)

    def launch(self, job: Job) -> LocalWorker:
        """Start a worker as soon as the fork server is ready."""
        worker = LocalWorker(job, self._context, type(self).work)
        self._tasks.put(worker)
        return worker

    def adopt(self, row: JobRow) -> LeftBehindProcess | None:
        """Return the process that the job's row names, if it lives."""
        # The worker wrote heartbeats: a process that started later reuses its id.
        process = process_before(row.pid, row.heartbeat) if row.pid and row.heartbeat else None
        return None if process is None else LeftBehindProcess(process)

    def capacity(self) -> None:
        """Return None: runs are planned for this machine."""
        return

    def close(self) -> None:
        """Start no further worker, and let this process end while workers live: they end once it has."""
        self._closed.set()
        self._tasks.put(None)
        # At its exit Python would wait for the workers, and they for the end of this process.
        atexit.unregister(multiprocessing.util._exit_function)  # type: ignore[attr-defined]
        if self._fork_server is not None:
            self._fork_server.close()

    def _begin(self) -> None:
        self._thread = GuardedThread("launcher", self._start_in_turn, self._on_failure)
        try:
            self._thread.start()
        except RuntimeError as error:  # no further thread for now
            self._trouble = in_one_line(error)

    def _on_failure(self, cause: str) -> None:
        """Fail the workers that wait; ``trouble`` begins the thread anew."""
        self._give_up(self._current, cause)

    def _start_in_turn(self) -> None:
        while not self._closed.is_set():
            try:
                self._current = self._tasks.get(timeout=AGAIN_S if self._trouble else None)
            except queue.Empty:
                self._current = None
            if self._closed.is_set():
                return
            self._start(self._current)
            self._current = None

    def _start(self, worker: LocalWorker | None) -> None:
        """Start a worker, or make the fork server ready for one; after failures also prove that a process starts."""
        cause = ""
        for tries in range(1, TRIES + 1):
            try:
                self._make_ready()
                with self._during(is_start=True):
                    is_started = self._prove() if worker is None else worker.start()
                if is_started:
                    self._trouble = ""
                elif cause:
                    self._trouble = _again(cause)
                return
            except Exception as error:
                cause = self._cause(error)
            name = "the fork server" if worker is None else f"run {worker.job.run}"
            _log.warning("start %d of %d of %s: %s", tries, TRIES, name, cause)
            if tries < TRIES:
                pause = PAUSES_S[tries - 1]
                self._trouble = f"{cause}; starts again in {pause:g} s (try {tries + 1} of {TRIES})"
                if self._closed.wait(pause):
                    return
        self._give_up(worker, f"{cause}; tried {TRIES} times")

    def _prove(self) -> bool:
        if self._trouble:
            with _one_at_a_time:
                self._context.Process(target=_do_nothing, name="proof").start()
            _log.info("workers can be started again")
        return True

    def _give_up(self, worker: LocalWorker | None, cause: str) -> None:
        """Fail this worker, and those that wait behind it for the same fork server."""
        self._trouble = _again(cause)
        waiting = [] if worker is None else [worker]
        with contextlib.suppress(queue.Empty):
            while True:
                if (behind := self._tasks.get_nowait()) is not None:
                    waiting.append(behind)
        for each in waiting:
            each.fail(cause)

    @contextlib.contextmanager
    def _during(self, is_start: bool) -> Iterator[None]:
        self._phase = _Phase(is_start)
        try:
            yield
        finally:
            self._phase = None

    def _make_ready(self) -> None:
        if self._fork_server is None:
            return
        with self._during(is_start=False):
            lacks = self._fork_server.make_ready()
        if lacks:
            _log.warning("the fork server could not load torch, workers load it themselves (%s)", lacks)

    def _cause(self, error: Exception) -> str:
        """Return the cause of a failed start in one line: where the fork server ended, why."""
        if isinstance(error, ForkServerFailed):
            return str(error)
        end = self._fork_server.end() if self._fork_server and isinstance(error, EOFError | ConnectionError) else ""
        return end or cause_of(error)


def _again(cause: str) -> str:
    return f"{cause}; tries again every {AGAIN_S:g} s"


def _do_nothing() -> None:
    """Show by a process that one can be started."""
