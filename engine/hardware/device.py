"""Where and how a run computes: device, threads, precision, memory layout. Loaded in workers and by the doctor."""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.config import RunConfig
from engine.errors import DeviceError
from engine.hardware.machine import processor
from engine.hardware.ranks import Ranks

# Names of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@dataclass(frozen=True)
class Device:
    """The place where a run computes. ``precision`` is ``bf16`` (autocast, weights stay 32-bit floats) or ``fp32``.

    ``ranks``: this process's place among those of a run with replicas, None for a run in one process.
    """

    torch_device: torch.device
    name: str
    precision: str
    threads: int
    ranks: Ranks | None = None

    @property
    def dtype(self) -> torch.dtype:
        """The type of activations inside the net."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32

    @property
    def memory_format(self) -> torch.memory_format:
        """Channels last, except for 32-bit floats on a GPU, whose tensor cores do not want it, and on mps."""
        on_gpu_in_fp32 = self.torch_device.type == "cuda" and self.precision == "fp32"
        return torch.contiguous_format if on_gpu_in_fp32 or self.torch_device.type == "mps" else torch.channels_last

    @property
    def blocked(self) -> bool:
        """Whether nets that suit run in oneDNN's own layout: in bf16 on a CPU (``models.layers.blocked_layout``)."""
        return self.torch_device.type == "cpu" and self.precision == "bf16"

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context for a forward pass in this precision."""
        return torch.autocast(self.torch_device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def place(self, net: nn.Module, dtype: torch.dtype | None = None) -> None:
        """Move a net to this device, in its memory layout; ``dtype`` None leaves the type of its numbers."""
        # Two calls: torch's annotations know none that names a device and a memory format together.
        net.to(self.torch_device, dtype).to(memory_format=self.memory_format)


def choose(config: RunConfig) -> Device:
    """Return the device for a run; ``auto`` takes the first CUDA device, else the CPU, and bf16 where it is native.

    Side effects: fixes this process's thread count (``config.threads``, or all cores if 0), makes cuDNN deterministic
    and its 32-bit convolutions exact, and lets the C library keep freed memory. 1 and 2 threads give different bits,
    so the count is kept with the run.

    Raises: DeviceError when a device or precision that is named is not there.
    """
    threads = config.threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    _keep_freed_memory()
    device = _torch_device(config.device)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = False
    has_bf16 = _HAS_BF16[device.type]()
    if config.precision == "bf16" and not has_bf16:
        raise DeviceError(f"{device_name(device)} has no bf16 arithmetic; use precision fp32 or auto")
    precision = "bf16" if has_bf16 and config.precision != "fp32" else "fp32"
    return Device(device, device_name(device), precision, threads)


def device_name(device: torch.device) -> str:
    """Return the model name of a GPU, or of the processor as the system knows it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor()


def describe() -> dict[str, Any]:
    """Return the facts that ``doctor`` prints: the device a run gets by default, its precision, threads and all GPUs.

    ``bf16``: whether the device has such arithmetic, so that ``precision=auto`` means it.
    """
    default = RunConfig()
    chosen = choose(default)
    cards = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    gpus = [
        {"device": f"cuda:{i}", "name": card.name, "memory_bytes": card.total_memory} for i, card in enumerate(cards)
    ]
    return {
        "device": str(chosen.torch_device),
        "name": chosen.name,
        "precision": chosen.precision,
        "bf16": chosen.precision == "bf16",
        "threads": chosen.threads,
        "gpus": gpus,
        "torch": torch.__version__,
    }


def _torch_device(wanted: str) -> torch.device:
    gpus = torch.cuda.device_count()
    if wanted == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("device mps is not there (it is the GPU of Apple's processors); use cpu or auto")
        return torch.device("mps")
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return torch.device("cpu")
    index = int(wanted.partition(":")[2] or 0)
    if index >= gpus:
        there = "no GPU is there" if not gpus else f"{gpus} GPU(s) are there, cuda:0 to cuda:{gpus - 1}"
        raise DeviceError(f"device {wanted} is not there ({there}); use cpu or auto")
    return torch.device("cuda", index)


def _keep_freed_memory() -> None:
    """Stop glibc from giving activations back to the system after each pass, which would fault them in again.

    Measured on plain-20 of the quick preset: evaluation takes about 15 % less time. A no-op without glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_MMAP_THRESHOLD, 32 * 2**20)  # the largest that glibc accepts


def _cpu_has_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


#: Whether a kind of device computes in bf16. NOT TRIED: mps, which has it since macOS 14.
_HAS_BF16: Mapping[str, Callable[[], bool]] = {
    "cpu": lambda: _cpu_has_bf16(),
    "cuda": lambda: torch.cuda.is_bf16_supported(),
    "mps": lambda: torch.backends.mps.is_macos_or_newer(14, 0),
}
