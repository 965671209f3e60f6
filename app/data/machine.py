"""The machine's load, and the disk use of the workspace by kind and by run."""

import logging
import time
from functools import partial
from typing import Any

import psutil

from app.data.workspace import WorkspaceContext, current
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import gpus
from engine.store.space.disk import Disk as Disk
from engine.store.space.disk import read_disk
from engine.store.space.disk import size_in_words as size_in_words

_log = logging.getLogger(__name__)
#: Seconds for which a result is reused: a walk through hundreds of folders takes tens of milliseconds.
FRESH_S = 10.0
#: Seconds that a page waits for a new reading: enough for a workspace of some hundred runs.
_PATIENCE_S = 0.1
#: Files of a workspace that are not read so soon.
_MAX_WAITED_FOR = 2000


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
    return _read(context)


def disk_use_soon() -> Disk:
    """Return the disk use as it was read last, empty before the first time, and read it anew beside the page.

    Thousands of folders take a second; a page that is drawn again soon need not wait for them. Never raises.
    """
    context = current()
    kept: tuple[float, Disk] | None = context.disk
    if kept is None or time.monotonic() - kept[0] >= FRESH_S:
        reader: GuardedThread | None = context.disk_reader
        if reader is None or not reader.is_alive():
            reader = GuardedThread("disk", partial(_read, context), _log.warning)
            context.disk_reader = reader if reader.start_if_possible() else None
        if context.disk_reader is None:
            return kept[1] if kept else Disk({}, {}, ())
        if kept is None or len(kept[1].files) < _MAX_WAITED_FOR:
            reader.join(_PATIENCE_S)
        kept = context.disk
    return kept[1] if kept else Disk({}, {}, ())


def _read(context: WorkspaceContext) -> Disk:
    disk = read_disk(context.workspace.path)
    context.disk = (time.monotonic(), disk)
    return disk
