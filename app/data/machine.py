"""The machine's load, and the disk use of the workspace by kind and by run."""

import time
from typing import Any

import psutil

from app.data.workspace import current
from engine.hardware.machine import gpus
from engine.store.disk import Disk as Disk
from engine.store.disk import read_disk
from engine.store.disk import size_in_words as size_in_words

#: Seconds for which a result is reused: a walk through hundreds of folders takes tens of milliseconds.
FRESH_S = 10.0


class MachineLoad:
    """Read the meters every ``every_s`` seconds at most. Use one thread: ``psutil`` counts for each thread apart."""

    def __init__(self, every_s: float) -> None:
        self._has_gpus = bool(gpus())
        self._every_s = every_s
        self._last: list[Any] | None = None
        psutil.cpu_percent()  # begins the count
        self._read = time.monotonic()

    def now(self) -> list[Any] | None:
        """Return ``[processor, memory, [[busy, memory], ...]]`` in whole percent, a pair per graphics card.

        None stands for an unknown value, and for all before ``every_s`` seconds have passed. The processor is the mean
        of all cores since the last reading.
        """
        moment = time.monotonic()
        if moment - self._read >= self._every_s:
            cards = gpus() if self._has_gpus else []
            memory = round(psutil.virtual_memory().percent)
            self._last = [round(psutil.cpu_percent()), memory, [_card(gpu) for gpu in cards]]
            self._read = moment
        return self._last


def _card(gpu: Any) -> list[int | None]:
    used = None if not gpu.total or gpu.free is None else round(100 * (gpu.total - gpu.free) / gpu.total)
    return [gpu.busy, used]


def disk_use(fresh_s: float = FRESH_S) -> Disk:
    """Return the disk use of the workspace, ``fresh_s`` seconds old at most. Never raises."""
    context = current()
    kept: tuple[float, Disk] | None = context.disk
    if kept and time.monotonic() - kept[0] < fresh_s:
        return kept[1]
    disk = read_disk(context.workspace.path)
    context.disk = (time.monotonic(), disk)
    return disk
