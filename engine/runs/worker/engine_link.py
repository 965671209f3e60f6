"""The worker's link to its engine: a thread for signals, signs of life and the engine's end, another for the heartbeat.

Both show that the process lives, not that the training advances. Signs of life go through the pipe: a locked database
holds up the heartbeat alone. A thread that ends by an error ends the run, with its cause.
"""

import contextlib
import logging
import os
import signal
import sqlite3
import threading
from enum import StrEnum
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from engine.errors import SkipscopeError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.runs.protocol.job import CHANGES, PAUSE, STOP
from engine.runs.worker.worker_store import WorkerStore
from engine.store.notice import Notice

HEARTBEAT_S = 1.0
#: Seconds between two signs of life to the engine.
SIGN_OF_LIFE_S = 1.0
#: Time for a worker to end its step and write its checkpoint after its engine vanished.
GRACE_S = 8.0
#: Exit code of a worker that exceeded ``GRACE_S``.
GRACE_EXIT = 3

_log = logging.getLogger(__name__)


class Signal(StrEnum):
    """Why a worker takes no further event."""

    PAUSE = PAUSE
    STOP = STOP
    #: SIGTERM, for example when the machine shuts down.
    TERMINATED = "terminated"
    ENGINE_GONE = "engine gone"
    #: A thread of the link ended: no signal can arrive any more.
    BROKEN = "broken"


#: A command outranks an event: the next engine does not resume a run that a person paused.
_RANK = {Signal.BROKEN: -1, Signal.TERMINATED: 0, Signal.ENGINE_GONE: 1, Signal.PAUSE: 2, Signal.STOP: 3}


class EngineLink:
    """Listens to the engine and writes heartbeats.

    ``signal``: the strongest signal so far. ``changes``: read the run's changes again. ``trouble``: what broke the
    link, in one line. ``notice`` speaks while the database refuses heartbeats.
    """

    def __init__(self, store: WorkerStore, run: int, signals: Connection):
        self.signal: Signal | None = None
        self.changes = False
        self.trouble = ""
        self.notice = Notice(store.workspace.notice(run))
        self._store, self._run, self._signals = store, run, signals

    def start(self) -> "EngineLink":
        """Start both threads; ignore Ctrl-C, which the engine handles, and pause on SIGTERM.

        Signals of the system reach a worker only that works in the main thread of its process.
        """
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: self._heard(Signal.TERMINATED))
        GuardedThread("signals", self._listen, self.give_up).start()
        GuardedThread("heartbeat", self._beat, self.give_up).start()
        return self

    def engine_lives(self) -> bool:
        """Return whether the engine that started this worker lives."""
        parent = parent_process()
        return parent is None or not wait([parent.sentinel], 0)

    def give_up(self, cause: str) -> None:
        """End the run with the cause of a thread that ended."""
        self.trouble = cause
        self._heard(Signal.BROKEN)

    def _heard(self, new: Signal) -> None:
        if self.signal is None or _RANK[new] > _RANK[self.signal]:
            self.signal = new

    def _receive(self, message: str) -> None:
        if message == CHANGES:
            self.changes = True
        else:
            self._heard(Signal(message))

    def _listen(self) -> None:
        parent = parent_process()
        sources: list[Any] = [self._signals] if parent is None else [self._signals, parent.sentinel]
        while True:
            ready = wait(sources, SIGN_OF_LIFE_S)
            try:
                if not ready:
                    self._signals.send_bytes(b"")
                    continue
                if ready != [self._signals] and not self._signals.poll():
                    break
                self._receive(self._signals.recv())
            except (EOFError, OSError):
                break
        self._heard(Signal.ENGINE_GONE)
        grace = threading.Timer(GRACE_S, _give_up)
        grace.daemon = True
        grace.start()

    def _beat(self) -> None:
        pause = threading.Event()
        writer, refused = None, False
        while not pause.wait(HEARTBEAT_S):
            try:
                writer = writer or self._store.writer(HEARTBEAT_S)
                writer.jobs.beat(self._run)
                self.notice.repeat()
                refused = False
            except (sqlite3.Error, SkipscopeError) as error:
                self.notice.repeat(str(error).partition(";")[0])
                if not refused:
                    _log.warning("heartbeat was not written: %s", error)
                refused = True


def last_word(signals: Connection, error: BaseException) -> None:
    """Tell the engine what ends this worker, for a run whose row cannot be written."""
    with contextlib.suppress(OSError):
        signals.send_bytes((str(error) if isinstance(error, SkipscopeError) else in_one_line(error)).encode())


def _give_up() -> None:
    _log.error("the engine is gone and the step did not end within %g s; the run is lost", GRACE_S)
    logging.shutdown()
    os._exit(GRACE_EXIT)
