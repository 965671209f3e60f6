"""Lockstep: the runs of a race share their step counts in a file that engine and workers map into memory. Torch-free.

With ``lockstep:K`` no run gets more than K steps ahead of the slowest run with a worker.

The file holds 8-byte integers in the machine's byte order: a head (mark, K, number of slots), then for each slot the
run, its part (0 or 1) and its step. The engine assigns slots and frees the slots of dead workers. A worker writes only
its own step, and leaves at its end. Every access is a single aligned integer, so no lock is needed.
"""

import mmap
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from engine.config import lockstep
from engine.store.workspace import Workspace

#: First integer of a file of this layout.
_MARK = (0x534B49505F504331).to_bytes(8, sys.byteorder)
_HEAD, _WIDTH, _SLOTS = 3, 3, 1024
_K, _COUNT = 1, 2
_RUN, _PART, _STEP = 0, 1, 2
_BYTES = 8 * (_HEAD + _WIDTH * _SLOTS)
#: How long a held run sleeps between two checks.
NAP_S = 0.005


class SharedSteps:
    """The mapped file of one race; it stays open until ``close``."""

    def __init__(self, path: Path, make: bool = False):
        """Map the file; ``make`` creates a missing file or replaces one of another layout. Raises OSError."""
        # A mapped file must not be truncated: a new file takes the name.
        if make and not _is_whole(path):
            part = path.with_suffix(".pace-part")
            part.write_bytes(_MARK + bytes(_BYTES - 8))
            part.replace(path)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _BYTES)
        # No numpy: a memoryview reads and writes single integers at a fraction of the cost.
        self._cells = memoryview(self._map).cast("q")

    def close(self) -> None:
        """Unmap the file; may be called twice."""
        self._cells.release()
        self._map.close()

    @property
    def ahead(self) -> int:
        """K: how many steps ahead of the slowest a run may be; 0: no limit."""
        return self._cells[_K]

    @ahead.setter
    def ahead(self, steps: int) -> None:
        self._cells[_K] = steps

    def taking_part(self) -> dict[int, int]:
        """Return ``{run: step}`` of the participating runs."""
        return {run: self._cells[slot + _STEP] for run, slot in self._slots().items()}

    def slowest(self) -> int | None:
        """Return the smallest step of the participating runs, None without runs."""
        return min(self.taking_part().values(), default=None)

    def enter(self, run: int, step: int) -> bool:
        """Let ``run`` take part after ``step`` updates; return False without a free slot. For the engine alone."""
        cells = self._cells
        slot = self.slot(run)
        if slot is None:
            end = _HEAD + _WIDTH * cells[_COUNT]
            slot = next((free for free in range(_HEAD, end, _WIDTH) if not cells[free + _PART]), end)
            if slot >= _HEAD + _WIDTH * _SLOTS:
                return False
        cells[slot + _RUN], cells[slot + _STEP] = run, step
        cells[slot + _PART] = 1
        cells[_COUNT] = max(cells[_COUNT], (slot - _HEAD) // _WIDTH + 1)
        return True

    def leave(self, run: int) -> None:
        """End the part of ``run``, if it takes part."""
        if (slot := self.slot(run)) is not None:
            self._cells[slot + _PART] = 0

    def slot(self, run: int) -> int | None:
        """Return the slot of a participating ``run``, for ``publish``."""
        return self._slots().get(run)

    def publish(self, slot: int, step: int) -> None:
        """Write the step of a slot."""
        self._cells[slot + _STEP] = step

    def _slots(self) -> dict[int, int]:
        cells = self._cells
        slots = range(_HEAD, _HEAD + _WIDTH * cells[_COUNT], _WIDTH)
        return {cells[slot + _RUN]: slot for slot in slots if cells[slot + _PART]}


class Throttle(Protocol):
    """The worker's side: publishes the step of its run, and holds the run while it is too far ahead."""

    def reach(self, step: int) -> bool:
        """Publish that ``step`` updates are done; return whether the next update has to wait."""

    def hold(self, step: int, ends: Callable[[], bool], waits: Callable[[float], None]) -> None:
        """Sleep until the next update may begin or until ``ends()``; call ``waits`` with the seconds so far."""

    def leave(self) -> None:
        """End the part of this run."""


class SharedThrottle:
    """The throttle of a worker beside the file; a run without a slot is not held."""

    def __init__(self, path: Path, run: int):
        self._run = run
        self._file: SharedSteps | None = None
        self._slot: int | None = None
        with suppress(OSError):
            self._file = SharedSteps(path)
            self._slot = self._file.slot(run)

    def reach(self, step: int) -> bool:
        """Publish that ``step`` updates are done; return whether the next update has to wait."""
        if self._file is None or self._slot is None:
            return False
        self._file.publish(self._slot, step)
        return self._file.ahead > 0 and self._is_held(self._file, step)

    def hold(self, step: int, ends: Callable[[], bool], waits: Callable[[float], None]) -> None:
        """Sleep until the next update may begin or until ``ends()``; call ``waits`` with the seconds so far."""
        began = time.monotonic()
        while self._file is not None and self._is_held(self._file, step) and not ends():
            waits(time.monotonic() - began)
            time.sleep(NAP_S)

    def leave(self) -> None:
        """End the part of this run."""
        if self._file is not None:
            self._file.leave(self._run)
            self._file.close()
            self._file = self._slot = None

    @staticmethod
    def _is_held(file: SharedSteps, step: int) -> bool:
        ahead = file.ahead
        # There is no slowest run only when the engine has freed the slot of a run that it took for dead.
        slowest = file.slowest()
        return ahead > 0 and slowest is not None and step - slowest >= ahead


class Coordinator:
    """The engine's side: the files of the races with workers."""

    def __init__(self, workspace: Workspace):
        self._workspace = workspace
        self._files: dict[int, SharedSteps] = {}

    def enter(self, race: int, run: int, step: int, pace: str) -> None:
        """Let ``run`` take part from ``step`` on, before the launch of its worker. Raises OSError."""
        file = self._open(race)
        file.ahead = lockstep(pace)
        file.enter(run, step)

    def set(self, race: int, pace: str) -> None:
        """Set the pace of a race from the next updates on."""
        if race in self._files or self._workspace.shared_steps(race).exists():
            self._open(race).ahead = lockstep(pace)

    def sweep(self, has_worker: Callable[[int], bool]) -> None:
        """End the part of runs without a worker; close the files of races without workers."""
        for race, file in list(self._files.items()):
            for run in file.taking_part():
                if not has_worker(run):
                    file.leave(run)
            if not file.taking_part():
                file.close()
                del self._files[race]

    def forget(self, race: int) -> None:
        """Remove the file of a deleted race."""
        if (file := self._files.pop(race, None)) is not None:
            file.close()
        self._workspace.shared_steps(race).unlink(missing_ok=True)

    def close(self) -> None:
        """Unmap all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _open(self, race: int) -> SharedSteps:
        if race not in self._files:
            self._files[race] = SharedSteps(self._workspace.shared_steps(race), make=True)
        return self._files[race]


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8) == _MARK and path.stat().st_size == _BYTES
    except FileNotFoundError:
        return False
