"""Notices that other programs take the cores of a run with several threads, which wait for each other. Torch-free.

All threads of an operation end it together. While one of them waits for a core the others spin or sleep, so a run
loses far more than the cores that it lacks: one thread was 5 to 54 times as fast as two (quick A-20, two cores, one or
two busy programs; 1,340 to 2,830 images/s). Shorter spins (GOMP_SPINCOUNT, OMP_WAIT_POLICY) gave 1.5 times as much,
for oneDNN's own barriers spin as well.

How fast a run should be is unknown: nets, evaluations and probes differ. Linux counts for every thread how long it
computed, and how long it was ready and waited for a core. On a quiet machine nothing waits, whatever the run does.
Other systems do not count this, and nothing is noticed there.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import SkipscopeError
from engine.events import CROWDED
from engine.guarded_thread import GuardedThread
from engine.store.writer import Writer

#: Interval of the samples, and the time over which waits are summed: noticed within seven seconds.
SAMPLE_S, WINDOW_S = 1.0, 5.0
_SAMPLES = round(WINDOW_S / SAMPLE_S) + 1
#: Shares of the time of all threads that were ready: from the first on the run is crowded, below the second no longer.
#: Measured with two threads: 0.01 to 0.02 on a quiet machine, 0.5 with one busy program beside them, 0.67 with two.
CROWDED_FROM, FREE_BELOW = 0.3, 0.1
#: Less waiting than this share of the time is no matter: a run that waits in lockstep hardly computes.
_MIN_WAIT = 0.2

_log = logging.getLogger("engine.run")


class Sample(NamedTuple):
    """The threads of a process at one moment: ``{thread: (computed, waited for a core)}``, seconds since its start."""

    moment: float
    threads: Mapping[str, tuple[float, float]]


def crowded(samples: Sequence[Sample], before: bool) -> bool:
    """Return whether the threads wait for cores, by the oldest and newest of ``samples``; ``before``: it was so."""
    if len(samples) < 2:
        return before
    first, last = samples[0], samples[-1]
    seconds = last.moment - first.moment
    if seconds < WINDOW_S:
        return before
    computed = waited = 0.0
    for thread, (now_computed, now_waited) in last.threads.items():
        then_computed, then_waited = first.threads.get(thread, (0.0, 0.0))
        computed, waited = computed + now_computed - then_computed, waited + now_waited - then_waited
    share = waited / max(computed + waited, 1e-9)
    if waited < _MIN_WAIT * seconds:
        return False
    return share >= (FREE_BELOW if before else CROWDED_FROM)


def notice(threads: int, replicas: int = 1) -> str:
    """Return the detail of a crowded run, with the way out; ``replicas``: its processes, which share the threads."""
    if replicas > 1:
        return f"{CROWDED}, and its {replicas} replicas wait for each other until these end"
    return f"{CROWDED}, and its {threads} threads wait for each other; a new race with --set threads=1 is faster"


def sample(others: Iterable[int] = ()) -> Sample:
    """Return the threads of this process and of others now.

    Raises OSError or ValueError where the system does not count waits.
    """
    threads = {}
    for process in ("self", *others):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            threads.update(_threads(Path(f"/proc/{process}/task")))
    if not threads:
        raise OSError("the system counts no waits")
    return Sample(time.monotonic(), threads)


def _threads(tasks: Path) -> dict[str, tuple[float, float]]:
    threads = {}
    for task in tasks.iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            computed, waited, _ = (task / "schedstat").read_text().split()
            threads[task.name] = (int(computed) / 1e9, int(waited) / 1e9)
    return threads


class ContentionMonitor:
    """Watches a run's processes in a thread of its own, for a step on a crowded machine may take long.

    ``text``, a ``notice``, is the run's detail while it trains and nothing else is to be said.
    """

    def __init__(self, open_writer: Callable[[], Writer], run: int, text: str, take: Callable[[], Sample] = sample):
        self._open_writer, self._run, self._take = open_writer, run, take
        self._text, self._ends = text, threading.Event()
        self._writer: Writer | None = None
        self._thread = GuardedThread("contention", self._watch, _log.warning)

    def start(self) -> "ContentionMonitor":
        """Begin to watch."""
        self._thread.start_if_possible()
        return self

    def stop(self) -> None:
        """Stop watching; the run's last state clears the notice."""
        self._ends.set()

    def _watch(self) -> None:
        samples: deque[Sample] = deque(maxlen=_SAMPLES)
        found = said = False
        with ExitStack() as stack:
            try:
                while not self._ends.wait(SAMPLE_S):
                    samples.append(self._take())
                    before, found = found, crowded(samples, found)
                    if found != before:
                        _log.warning("%s", self._text if found else "its threads have their cores again")
                    # Again with every sample: what the run said meanwhile, and took back, stands in its place.
                    if found or said:
                        said = self._say(found, stack)
            except (OSError, ValueError) as error:
                _log.info("waits for cores are not watched (%s)", error)

    def _say(self, found: bool, stack: ExitStack) -> bool:
        """Show or withdraw the notice; return whether it may stand. What else the run has to say goes first."""
        before, after = ("", self._text) if found else (self._text, "")
        try:
            if self._writer is None:
                self._writer = stack.enter_context(self._open_writer())
            self._writer.jobs.change_detail(self._run, before, after)
        except (sqlite3.Error, SkipscopeError) as error:
            _log.warning("%s", error)
            return True
        return found
