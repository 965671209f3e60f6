"""A worker's writer that repeats its writes while the database is locked or the disk is full.

Every method of a table of ``Writer`` is one transaction and can be repeated. Refused measurements stay in memory, in
their order. The training goes on beside them until its next checkpoint is due, or up to ``MAX_KEPT_BYTES``, then waits.
Any other write waits at once. A full disk ends no run: only the end of the engine or of the machine ends a wait.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Set
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np

from engine.errors import DatabaseBusy, DiskFull
from engine.events import CurveUpdated, Probed, StepRow
from engine.runs.worker.engine_link import EngineLink, Signal
from engine.store.connection import WritingTable
from engine.store.writer import Writer

#: SQLite's busy timeout in a worker: short, because signals are checked between two tries only.
BUSY_S = 1.0
#: Time limit of a worker's last writes, whatever signal came.
LAST_WORDS_S = 10.0
#: Measurements in memory at most; the training waits with more.
MAX_KEPT_BYTES = 16 * 2**20
#: Pauses between two tries: the first, the longest, and the factor from one to the next.
_PAUSE_S, _MAX_PAUSE_S, _SLOWER = 1.0, 4.0, 1.5
_LOOK_S = 0.1
#: A refusal that goes on is logged so often.
_LOGGED_S = 60.0
#: About the memory of a measured step, and of any other argument.
_STEP_BYTES, _OTHER_BYTES = 400, 200

#: Errors that may pass until a retry.
PASSING = (DatabaseBusy, DiskFull)
#: Signals that leave no time. A pause or a stop waits for the writes before it.
HURRY = (Signal.TERMINATED, Signal.ENGINE_GONE, Signal.BROKEN)

_Table = TypeVar("_Table", bound=WritingTable)
_Result = TypeVar("_Result")
_log = logging.getLogger("engine.run")


class RetryingWriter:
    """The tables of a ``Writer`` that a worker fills, each write repeated until it succeeds or a signal is urgent.

    Raises DatabaseBusy or DiskFull after a signal of ``HURRY``. The link's notice says what the worker waits for.
    """

    def __init__(self, writer: Writer, link: EngineLink):
        self._link, self._notice = link, link.notice
        self._kept: deque[tuple[Callable[[], Any], int]] = deque()
        self._give_up_after_s, self._hears = math.inf, True
        self._retry_at = self._refused_at = self._logged_at = 0.0
        self._pause_s = _PAUSE_S
        self.jobs, self.checkpoints = self._retried(writer.jobs), self._retried(writer.checkpoints)
        self.interventions = self._retried(writer.interventions)
        # A lost measurement would leave a gap: refused writes of these methods are kept.
        self.points, self.log = self._retried(writer.points, {"record"}), self._retried(writer.log, {"add"})
        self.probes, self.labs = self._retried(writer.probes, {"add"}), self._retried(writer.labs, {"results"})

    @property
    def kept_bytes(self) -> int:
        """About the memory of the measurements that wait."""
        return sum(size for _, size in self._kept)

    def last_words(self) -> None:
        """Give up early and ignore signals from now on, before the worker ends."""
        self._give_up_after_s, self._hears = LAST_WORDS_S, False

    def repeat(self, write: Callable[[], _Result]) -> _Result:
        """Call ``write`` after the kept writes until it raises no error of ``PASSING``; return its result."""
        deadline = time.monotonic() + self._give_up_after_s
        while True:
            try:
                self._write_kept()
                result = write()
                self._accepted()
                return result
            except PASSING as error:
                self._refused(error, "waits")
                while time.monotonic() < self._retry_at:
                    if time.monotonic() >= deadline or (self._hears and self._link.signal in HURRY):
                        raise
                    time.sleep(_LOOK_S)

    def _retried(self, table: _Table, kept: Set[str] = frozenset()) -> _Table:
        return cast(_Table, _RetriedTable(table, kept, self._keep, self.repeat))

    def _keep(self, write: Callable[[], Any], size: int) -> None:
        """Write a measurement, or keep it for the next try."""
        self._kept.append((write, size))
        if time.monotonic() >= self._retry_at:
            try:
                self._write_kept()
                self._accepted()
                return
            except PASSING as error:
                self._refused(error, "trains on")
                if not self._hears:
                    raise
        if self.kept_bytes > MAX_KEPT_BYTES:
            self.repeat(lambda: None)

    def _write_kept(self) -> None:
        while self._kept:
            self._kept[0][0]()
            self._kept.popleft()

    def _refused(self, error: Exception, does: str) -> None:
        now = time.monotonic()
        self._refused_at = self._refused_at or now
        self._retry_at = now + self._pause_s
        self._pause_s = min(_MAX_PAUSE_S, _SLOWER * self._pause_s)
        cause = str(error).partition(";")[0]
        self._notice.say(f"{does}: {cause}; measurements in memory: {len(self._kept)}")
        if not self._logged_at or now - self._logged_at >= _LOGGED_S:
            self._logged_at = now
            _log.warning("%s: %s", does, error)

    def _accepted(self) -> None:
        if self._refused_at:
            _log.info("the database takes writes again after %.0f s", time.monotonic() - self._refused_at)
            self._retry_at = self._refused_at = self._logged_at = 0.0
            self._pause_s = _PAUSE_S
            self._notice.say("")


class _RetriedTable:
    """Proxy of a table; ``kept`` names the methods whose data must not be lost."""

    def __init__(
        self,
        table: WritingTable,
        kept: Set[str],
        keep: Callable[[Callable[[], Any], int], None],
        repeat: Callable[[Callable[[], Any]], Any],
    ):
        self._table, self._kept, self._keep, self._repeat = table, kept, keep, repeat

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._table, name)

        def write(*values: object, **named: object) -> Any:
            once = partial(method, *values, **named)
            return self._keep(once, _size([*values, *named.values()])) if name in self._kept else self._repeat(once)

        return write


def _size(value: object) -> int:
    """Return about the bytes of a measurement."""
    if isinstance(value, StepRow):
        return _STEP_BYTES
    if isinstance(value, Probed):
        return sum(np.asarray(array).nbytes for array in value.arrays.values())
    if isinstance(value, CurveUpdated):
        return _OTHER_BYTES * (1 + len(value.x))
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return _OTHER_BYTES
