"""Watches a target from outside while faults happen: ages of rows, ends of processes, paths in use. One thread.

A row's age is an upper bound: the row was not there yet at the look before the one that saw it.
"""

import contextlib
import os
import sqlite3
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from engine.paths import PROJECT
from tests.faults.oracle import select
from tests.faults.target import Target, lives

#: Seconds between two looks, where ages are judged.
LOOK_S = 0.03
_FAMILY_LOOK_S = 0.5
#: Where programs leave files that they forget.
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
_RUNS = (
    "SELECT id, state, pid, total_steps, detail,"
    " (SELECT max(step) FROM points WHERE points.run = runs.id AND split = 'train') FROM runs"
)


@dataclass
class _Trace:
    """What was seen of one run."""

    state: str = ""
    pid: int | None = None
    total: int = 0
    detail: str = ""
    newest: int = 0
    #: The look before the newest row was there, and the newest step when the present worker was first seen.
    not_before: float = 0.0
    replayed: int = 0


@dataclass
class _Departure:
    """A process that is to end, since when, and what came of it."""

    process: psutil.Process
    name: str
    since: float
    took_s: float | None = None


@dataclass(frozen=True)
class Age:
    """How old the newest row of a run was at a moment."""

    run: int
    step: int
    seconds: float
    context: str


@dataclass
class Monitor(threading.Thread):
    """Looks at a target until ``close``."""

    target: Target
    look_s: float = LOOK_S
    looked_at: float = 0.0
    longest_gap_s: float = 0.0
    departures: list[_Departure] = field(default_factory=list)
    _traces: dict[int, _Trace] = field(default_factory=dict)
    _paths: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(name="monitor", daemon=True)
        self._lock = threading.Lock()
        self._ended = threading.Event()

    __hash__ = threading.Thread.__hash__

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        if self.is_alive():
            self.join(10)

    def run(self) -> None:
        """Look until the end."""
        family_at = 0.0
        while not self._ended.wait(self.look_s):
            with contextlib.suppress(sqlite3.Error, OSError):
                self._look_at_rows()
            for departure in self.departures:
                if departure.took_s is None and not lives(departure.process):
                    departure.took_s = time.monotonic() - departure.since
            if time.monotonic() - family_at > _FAMILY_LOOK_S:
                family_at = time.monotonic()
                self._look_at_files()

    def ages(self) -> list[Age]:
        """Return the age of the newest row of every run whose living worker has added rows and has more to add."""
        now = time.monotonic()
        load = os.getloadavg()[0]
        with self._lock:
            return [
                Age(
                    run, trace.newest, now - trace.not_before,
                    f"run {run} at step {trace.newest} of {trace.total}, detail {trace.detail!r}, load {load:.1f}, "
                    f"last look {now - self.looked_at:.2f} s ago",
                )
                for run, trace in self._traces.items()
                if trace.state == "running" and trace.replayed < trace.newest < trace.total and _exists(trace.pid)
            ]  # fmt: skip

    def expect_end(self, processes: list[psutil.Process], name: str) -> None:
        """Measure from now on how long these processes live on."""
        now = time.monotonic()
        known = {departure.process for departure in self.departures}
        self.departures += [_Departure(process, name, now) for process in processes if process not in known]

    def left_outside(self) -> list[str]:
        """Return what the processes used outside of workspace and installation and what is still there."""
        private = [*self.target.temporary.rglob("*"), *self.target.home.rglob("*")]
        return sorted({*map(str, private), *(path for path in self._paths if Path(path).exists())})

    def _look_at_rows(self) -> None:
        began = time.monotonic()
        rows = select(self.target.workspace, _RUNS)
        with self._lock:
            before, self.looked_at = self.looked_at or began, began
            self.longest_gap_s = max(self.longest_gap_s, began - before)
            for run, state, pid, total, detail, newest in rows:
                trace = self._traces.setdefault(run, _Trace())
                newest = newest or 0
                if newest > trace.newest:
                    trace.not_before = before
                if pid != trace.pid:
                    trace.replayed = trace.newest
                trace.state, trace.pid, trace.total, trace.detail, trace.newest = state, pid, total, detail, newest

    def _look_at_files(self) -> None:
        """Collect files and sockets in the shared temporary folders."""
        sockets = _sockets()
        # The installation may lie in a temporary folder too: what is imported for the first time is read there.
        known = tuple(f"{folder}/" for folder in (self.target.folder, PROJECT, sys.prefix, sys.base_prefix))
        shared = tuple(f"{folder}/" for folder in {*_SHARED_FOLDERS, tempfile.gettempdir()})
        for process in self.target.family():
            with contextlib.suppress(OSError):
                for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        path = str(descriptor.readlink())
                        path = sockets.get(path, path)
                        if not path.startswith(known) and path.startswith(shared):
                            self._paths.add(path)


def _exists(pid: int | None) -> bool:
    with contextlib.suppress(psutil.Error):
        return pid is not None and lives(psutil.Process(pid))
    return False


def _sockets() -> dict[str, str]:
    """Return the paths of Unix sockets by the names of their descriptors."""
    found = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
            parts = line.split(maxsplit=7)
            if len(parts) == 8 and parts[7].startswith("/"):
                found[f"socket:[{parts[6]}]"] = parts[7]
    return found
