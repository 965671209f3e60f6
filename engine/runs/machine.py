"""What this machine has and who lives on it: cores, CUDA devices, processes. Torch-free; CUDA is never touched.

GPUs are counted through NVIDIA's management library, which makes no CUDA context, so that workers can be forked.
"""

import contextlib
import math
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import pynvml

#: Start times are read with a resolution of 10 ms and shift when the clock is set; a reused pid is seconds away.
START_TOLERANCE_S = 1.5
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken for another: pid and start time (seconds since 1970)."""

    pid: int
    started: float

    def lives(self) -> bool:
        """Return whether this very process still runs (a zombie does not)."""
        started = _start_of(self.pid)
        return started is not None and abs(started - self.started) <= START_TOLERANCE_S

    def kill(self) -> None:
        """End this very process at once; nothing happens if it is gone."""
        if self.lives():
            with contextlib.suppress(psutil.Error):
                psutil.Process(self.pid).kill()


@cache
def this_process() -> ProcessId:
    """Return who we are."""
    return ProcessId(os.getpid(), psutil.Process().create_time())


def process_before(pid: int, moment: float) -> ProcessId | None:
    """Return the living process ``pid`` if it was started before ``moment``, else None."""
    started = _start_of(pid)
    return ProcessId(pid, started) if started is not None and started <= moment + START_TOLERANCE_S else None


def _start_of(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def cores() -> int:
    """Return how many cores this process may use: its affinity, bounded by a container's quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
        if quota != "max":
            count = min(count, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass
    return max(1, count)


def devices() -> list[str]:
    """Return the devices that runs can be given: ``cpu``, then ``cuda:0``, ``cuda:1``, ... as torch will name them."""
    return ["cpu", *(f"cuda:{index}" for index in range(_cuda_count()))]


def _cuda_count() -> int:
    try:
        pynvml.nvmlInit()
        try:
            count = pynvml.nvmlDeviceGetCount()
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return count
    named = []
    for name in (part.strip() for part in visible.split(",")):
        # As CUDA reads it: everything after the first name that is no device is ignored.
        if not name or name.startswith("-") or (name.isdigit() and int(name) >= count):
            break
        named.append(name)
    return len(named)
