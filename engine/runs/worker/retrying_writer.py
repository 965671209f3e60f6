"""A worker's writer that repeats its writes while the database is locked by another program or the disk is full.

Every method of ``Writer`` is one transaction, so a refused one can be repeated. Meanwhile nothing trains, and
measurements wait in memory.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from engine.errors import DatabaseBusy, DiskFull
from engine.runs.worker.engine_link import EngineLink
from engine.store.writer import Writer

#: How long SQLite itself waits in a worker: short, because signals are heard between two tries only.
BUSY_S = 1.0
GIVE_UP_AFTER_S = 60.0
#: How long the last writes of a worker are tried, whatever signal came.
LAST_WORDS_S = 10.0
_PAUSE_S = 1.0
_LOOK_S = 0.1
#: Methods whose data are kept when they could not be written; the record would have a gap without them.
_MEASUREMENTS = frozenset({"record", "remark", "probe", "lab_results"})

#: Errors that may be over when one tries again.
PASSING = (DatabaseBusy, DiskFull)

_log = logging.getLogger("engine.run")


class RetryingWriter:
    """A ``Writer`` whose methods are repeated; raises DatabaseBusy or DiskFull when that takes too long.

    It gives up after ``GIVE_UP_AFTER_S``, or at once when there is a signal. Measurements are then kept in memory; the
    next write begins with them.
    """

    def __init__(self, writer: Writer, link: EngineLink):
        self._writer, self._link = writer, link
        self._unsaved: deque[Callable[[], Any]] = deque()
        self._give_up_after_s, self._hears = GIVE_UP_AFTER_S, True

    def last_words(self) -> None:
        """Give up early and ignore signals from now on: the worker is about to end."""
        self._give_up_after_s, self._hears = LAST_WORDS_S, False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._writer, name)

        def retried(*arguments: object, **named: object) -> Any:
            def write() -> Any:
                return method(*arguments, **named)

            if name in _MEASUREMENTS:
                self._unsaved.append(write)
                return self._insist(lambda: None)
            return self._insist(write)

        return retried

    def _insist(self, write: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + self._give_up_after_s
        while True:
            try:
                while self._unsaved:
                    self._unsaved[0]()
                    self._unsaved.popleft()
                return write()
            except PASSING as error:
                _log.warning("%s", error)
                pause = time.monotonic() + _PAUSE_S
                while time.monotonic() < pause:
                    if time.monotonic() >= deadline or (self._hears and self._link.signal is not None):
                        raise
                    time.sleep(_LOOK_S)
