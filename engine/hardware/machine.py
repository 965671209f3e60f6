"""The GPUs and the processes of this machine. Torch-free.

NVIDIA's management library reads GPUs and their memory. It makes no CUDA context, so workers can be forked.
"""

import contextlib
import ctypes
import os
import platform
import signal
import sys
import zlib
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process
from pathlib import Path

import psutil
import pynvml

from engine.config.values import shown, whole_from
from engine.errors import ConfigError

#: Runs that may share a GPU, and the environment variable that sets another number.
RUNS_PER_GPU, MAX_PER_GPU = 8, 64
RUNS_PER_GPU_ENVIRONMENT = "SKIPSCOPE_RUNS_PER_GPU"
#: Start times have a resolution of 10 ms. A reused pid starts seconds later.
START_TOLERANCE_S = 1.5
_SIGKILL = 9
#: Of Linux's prctl: the signal at the parent's end.
_PR_SET_PDEATHSIG = 1
#: Start times since boot begin here, those since 1970 end here: both are in databases.
_SINCE_BOOT, _BOOT_S, _BOOTS = 1e10, 1e8, 900


@dataclass(frozen=True, slots=True)
class ProcessId:
    """The identity of a process: pid and start time, for pids are reused.

    ``started`` counts seconds since the machine's boot where the system tells them, from a number that each boot has of
    its own: a clock that is set changes nothing. Elsewhere, and in older databases, it counts seconds since 1970.
    """

    pid: int
    started: float

    def lives(self) -> bool:
        """Return whether this process still runs; a zombie does not."""
        started = _start_of(self.pid)
        if started is not None and self.started >= _SINCE_BOOT:
            started = _start_since_boot(self.pid)
        return started is not None and abs(started - self.started) <= START_TOLERANCE_S

    def kill(self) -> None:
        """Kill this process; do nothing if it has ended."""
        if self.lives():
            with contextlib.suppress(psutil.Error):
                psutil.Process(self.pid).kill()


@cache
def this_process() -> ProcessId:
    """Return the identity of the calling process."""
    return _identified(os.getpid(), psutil.Process().create_time())


def process_before(pid: int, moment: float) -> ProcessId | None:
    """Return the living process ``pid`` if it was started before ``moment``, else None."""
    started = _start_of(pid)
    return _identified(pid, started) if started is not None and started <= moment + START_TOLERANCE_S else None


def kill_with_parent() -> None:
    """Let the system kill this process when the thread that forked it ends, which a stopped process cannot do itself.

    On Linux alone. Call it in a forked process of ``multiprocessing``.
    """
    if not sys.platform.startswith("linux") or (parent := parent_process()) is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent.pid:  # it ended before
        os._exit(1)


def process_end(code: int) -> str:
    """Return how a process ended: ``ended with exit code 1``, ``was ended by signal 9 (SIGKILL)``."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    hint = "; the usual reason is too little memory" if code == -_SIGKILL else ""
    return f"was ended by signal {-code} ({name}){hint}"


def _identified(pid: int, started: float) -> ProcessId:
    since_boot = _start_since_boot(pid)
    return ProcessId(pid, started if since_boot is None else since_boot)


def _start_since_boot(pid: int) -> float | None:
    """Return when a process was started by the clock of this boot; None where the system does not tell."""
    try:
        # The name of the program, in parentheses, may hold anything.
        ticks = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    return _boot() + ticks / os.sysconf("SC_CLK_TCK")


@cache
def _boot() -> float:
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    return _SINCE_BOOT + zlib.crc32(boot) % _BOOTS * _BOOT_S


def _start_of(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as its driver describes it; None where the driver has no value.

    Units: ``total`` and ``free`` memory in bytes; ``busy`` the percentage of the last moment in which it computed.
    """

    device: str
    name: str
    total: int | None
    free: int | None
    busy: int | None = None


def processor() -> str:
    """Return the model name of the processor as the system knows it."""
    # Not platform.processor(): on Linux it names the architecture alone.
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "CPU"


def devices() -> list[str]:
    """Return the devices that runs get unasked, by torch's names: ``cpu``, then ``cuda:0``, ``cuda:1``, ..."""
    return ["cpu", *(gpu.device for gpu in gpus())]


def nameable_devices() -> list[str]:
    """Return all devices that a run may name: ``mps``, the GPU of Apple's processors, only when it is named."""
    return [*devices(), *(["mps"] if _is_apple() else [])]


def _is_apple() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def number_gpus_alike() -> None:
    """Let CUDA number GPUs as the driver does, by their place on the bus, unless the environment sets an order.

    Every process that uses CUDA, or starts such a process, calls this. Otherwise ``cuda:0`` may be another GPU than the
    one described here.
    """
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def gpus() -> list[Gpu]:
    """Return the GPUs that this process may use, with the memory that is free now."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        visible = _visible(pynvml.nvmlDeviceGetCount())
        return [_describe(f"cuda:{index}", name) for index, name in enumerate(visible)]
    except pynvml.NVMLError:
        return []
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def runs_per_gpu() -> int:
    """Return how many runs may share a GPU. Raises ConfigError when ``SKIPSCOPE_RUNS_PER_GPU`` is no such number."""
    text = os.environ.get(RUNS_PER_GPU_ENVIRONMENT, "").strip() or str(RUNS_PER_GPU)
    number = whole_from(text)
    if number is None or not 1 <= number <= MAX_PER_GPU:
        raise ConfigError(f"{RUNS_PER_GPU_ENVIRONMENT} is a whole number from 1 to {MAX_PER_GPU} (got {shown(text)})")
    return number


def _visible(count: int) -> list[str]:
    """Return the driver's numbers or unique names of the GPUs that CUDA shows, in CUDA's order."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [str(index) for index in range(count)]
    named = []
    for name in (part.strip() for part in visible.split(",")):
        # CUDA ignores everything after the first name that is no device.
        if not name or name.startswith("-") or (name.isdigit() and int(name) >= count):
            break
        named.append(name)
    return named


def _describe(device: str, name: str) -> Gpu:
    try:
        by_number = name.isdigit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(int(name)) if by_number else pynvml.nvmlDeviceGetHandleByUUID(name)
        memory, label = pynvml.nvmlDeviceGetMemoryInfo(handle), pynvml.nvmlDeviceGetName(handle)
    except pynvml.NVMLError:
        # CUDA knows this GPU by a short unique name, as a part of a card, or by a driver without this information.
        return Gpu(device, "GPU", None, None)
    busy = None
    with contextlib.suppress(pynvml.NVMLError):  # a part of a card has no such value
        busy = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    return Gpu(device, label if isinstance(label, str) else label.decode(), int(memory.total), int(memory.free), busy)
