"""A worker's writer that repeats its writes while the database is locked or the disk is full.

Every method of a table of ``Writer`` is one transaction and can be repeated. Meanwhile the training waits.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Set
from functools import partial
from typing import Any, TypeVar, cast

from engine.errors import DatabaseBusy, DiskFull
from engine.runs.worker.engine_link import EngineLink
from engine.store.connection import WritingTable
from engine.store.writer import Writer

#: SQLite's busy timeout in a worker: short, because signals are checked between two tries only.
BUSY_S = 1.0
GIVE_UP_AFTER_S = 60.0
#: Time limit of a worker's last writes, whatever signal came.
LAST_WORDS_S = 10.0
_PAUSE_S = 1.0
_LOOK_S = 0.1

#: Errors that may pass until a retry.
PASSING = (DatabaseBusy, DiskFull)

_Table = TypeVar("_Table", bound=WritingTable)
_log = logging.getLogger("engine.run")


class RetryingWriter:
    """The tables of a ``Writer`` that a worker fills, each write repeated until ``GIVE_UP_AFTER_S`` or a signal.

    Raises DatabaseBusy or DiskFull then. Measurements stay in memory; the next write begins with them.
    """

    def __init__(self, writer: Writer, link: EngineLink):
        self._link = link
        self._unsaved: deque[Callable[[], Any]] = deque()
        self._give_up_after_s, self._hears = GIVE_UP_AFTER_S, True
        self.jobs, self.checkpoints = self._retried(writer.jobs), self._retried(writer.checkpoints)
        self.interventions = self._retried(writer.interventions)
        # A lost measurement would leave a gap: refused writes of these methods are kept.
        self.points, self.log = self._retried(writer.points, {"record"}), self._retried(writer.log, {"add"})
        self.probes, self.labs = self._retried(writer.probes, {"add"}), self._retried(writer.labs, {"results"})

    def last_words(self) -> None:
        """Give up early and ignore signals from now on, before the worker ends."""
        self._give_up_after_s, self._hears = LAST_WORDS_S, False

    def _retried(self, table: _Table, kept: Set[str] = frozenset()) -> _Table:
        return cast(_Table, _RetriedTable(table, kept, self._write))

    def _write(self, write: Callable[[], Any], is_kept: bool) -> Any:
        if is_kept:
            self._unsaved.append(write)
        deadline = time.monotonic() + self._give_up_after_s
        while True:
            try:
                while self._unsaved:
                    self._unsaved[0]()
                    self._unsaved.popleft()
                return None if is_kept else write()
            except PASSING as error:
                _log.warning("%s", error)
                pause = time.monotonic() + _PAUSE_S
                while time.monotonic() < pause:
                    if time.monotonic() >= deadline or (self._hears and self._link.signal is not None):
                        raise
                    time.sleep(_LOOK_S)


class _RetriedTable:
    """Proxy of a table; ``kept`` names the methods whose data must not be lost."""

    def __init__(self, table: WritingTable, kept: Set[str], write: Callable[[Callable[[], Any], bool], Any]):
        self._table, self._kept, self._write = table, kept, write

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._table, name)
        return lambda *arguments, **named: self._write(partial(method, *arguments, **named), name in self._kept)
