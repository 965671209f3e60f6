"""Looks after the other replicas of a run, in a thread of its worker: whatever ends one of them ends the run.

The thread that trains asks for the trouble between two events and in each wait. Where it computes for long, or is held
up in code that nobody can interrupt, the watch records the end itself and ends the process. Torch-free.
"""

import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from engine.errors import ReplicaFailed, ReplicaLost, SkipscopeError
from engine.events import RunState
from engine.guarded_thread import GuardedThread
from engine.runs.worker.engine_link import EngineLink
from engine.runs.worker.replicas import Replicas
from engine.runs.worker.retrying_writer import BUSY_S, RetryingWriter
from engine.runs.worker.status_reporter import Interrupted, StatusReporter
from engine.runs.worker.worker_store import WorkerStore

if TYPE_CHECKING:
    from engine.hardware.ranks import Ranks

#: Interval of the looks.
LOOK_S = 0.5
#: A training that exchanges numbers notices a trouble by itself within this time.
NOTICED_S = 3.0
#: Time until it is known why a connection broke: the cause is told before, the end of a process a moment later.
_EXPLAINED_S = 3.0
#: Why a run pauses or stops without a checkpoint of its own.
_OVERDUE = "a replica did not answer, so the run goes on from its newest checkpoint"

_log = logging.getLogger("engine.run")


class ReplicaWatch:
    """The watch of one run. ``ranks``: set once this process is rank 0."""

    def __init__(self, run: int, replicas: Replicas, store: WorkerStore, link: EngineLink):
        self.replicas = replicas
        self.ranks: Ranks | None = None
        self._run, self._store, self._link = run, store, link
        self._cause: SkipscopeError | Interrupted | None = None
        self._is_noticed = threading.Event()

    def start(self) -> "ReplicaWatch":
        """Begin to look."""
        GuardedThread("replicas", self._watch, self._link.give_up).start()
        return self

    def close(self) -> None:
        """Stop: the others are not needed any more, or their end is being told."""
        self._is_noticed.set()

    @property
    def has_trouble(self) -> bool:
        """Whether ``check`` raises."""
        return self._cause is not None

    def check(self) -> None:
        """Raise what ends the run; for the thread that trains.

        Raises: ReplicaFailed, ReplicaLost.
        """
        if self._cause is not None:
            self.close()
            raise self._cause

    def meanwhile(self, is_overdue: bool) -> None:
        """Look around in a wait for the others; a pause or stop does not wait for an update that is overdue."""
        self.check()
        if is_overdue and self._link.signal is not None:
            self.close()
            raise Interrupted(_OVERDUE)

    def explained(self, error: ReplicaLost) -> SkipscopeError:
        """Return the cause behind a broken connection: what a replica told, or how it ended."""
        self.close()
        deadline = time.monotonic() + _EXPLAINED_S
        while time.monotonic() < deadline:
            if (cause := self._trouble()) is not None:
                return cause
            time.sleep(0.02)
        return error

    def _trouble(self) -> SkipscopeError | None:
        trouble = None if self.ranks is None else self.ranks.trouble()
        # Of a silent replica the system may know more.
        return trouble if isinstance(trouble, ReplicaFailed) else self.replicas.trouble() or trouble

    def _watch(self) -> None:
        while not self._is_noticed.wait(LOOK_S):
            cause = self._trouble() or self._interruption()
            if cause is None:
                continue
            self._cause = cause
            if not self._is_noticed.wait(NOTICED_S):
                self._give_up(cause)
            return

    def _interruption(self) -> Interrupted | None:
        """Return whether a signal waits for a GPU that waits for a replica."""
        if self.ranks is not None and self._link.signal is not None and self.ranks.is_overdue():
            return Interrupted(_OVERDUE)
        return None

    def _give_up(self, cause: SkipscopeError | Interrupted) -> None:
        """End the run in the place of the thread that trains."""
        _log.error("%s", cause)
        word = str(cause)
        try:
            if not isinstance(cause, ReplicaLost):
                self._record(cause)
                word = ""
        except (sqlite3.Error, SkipscopeError) as error:
            _log.error("%s", error)
        finally:
            self.replicas.leave(word)

    def _record(self, cause: SkipscopeError | Interrupted) -> None:
        with self._store.writer(BUSY_S) as opened:
            reporter = StatusReporter(self._run, RetryingWriter(opened, self._link), self._link)
            if isinstance(cause, Interrupted):
                reporter.leave(reason=str(cause))
            else:
                reporter.end(RunState.FAILED, str(cause))
