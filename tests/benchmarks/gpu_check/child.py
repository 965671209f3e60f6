"""One part in a process of its own, or the description of the machine (part 0).

    python -m tests.benchmarks.gpu_check.child PART DEVICE whole|tiny FOLDER

Writes ``FOLDER/result.json``: the row of the part, or the machine. What it prints belongs to the log.
"""

import json
import platform
import sys
import time
import traceback
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import pynvml

from engine.errors import SkipscopeError, in_one_line
from engine.hardware.cores import cores
from engine.hardware.machine import number_gpus_alike, processor
from engine.provenance import versions
from tests.benchmarks.gpu_check.document import FAILED, NOT_RUN, judged, row_of, write
from tests.benchmarks.gpu_check.parts import PARTS, NotRun, Part, Setting

RESULT = "result.json"


def main(words: list[str]) -> None:
    """Run one part and write its row."""
    number, device, size, place = words
    folder = Path(place)
    number_gpus_alike()
    if number == "0":
        (folder / RESULT).write_text(json.dumps(machine()), encoding="utf-8")
        return
    setting = Setting(device, size == "tiny", folder)
    write(row(PARTS[int(number)], setting), folder / RESULT, replace=True)


def row(part: Part, setting: Setting) -> dict[str, Any]:
    """Measure one part; whatever happens becomes its row."""
    began = time.monotonic()
    try:
        return judged(part, part.measure(setting), time.monotonic() - began)
    except NotRun as reason:
        return row_of(part, NOT_RUN, str(reason), time.monotonic() - began)
    except Exception as error:
        traceback.print_exc()
        said = str(error) if isinstance(error, SkipscopeError) else in_one_line(error)
        return row_of(part, FAILED, said, time.monotonic() - began)


def machine() -> dict[str, Any]:
    """Describe this machine; loads torch and makes a CUDA context."""
    import torch

    cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    gpus = [
        {"name": card.name, "memory_bytes": card.total_memory, "capability": f"{card.major}.{card.minor}"}
        for card in cards
    ]
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
        "cudnn": str(torch.backends.cudnn.version() or ""),
        "driver": driver(),
        "gpus": gpus,
        "system": platform.platform(),
        "processor": processor(),
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "versions": {**versions(), "triton": installed("triton")},
    }


def driver() -> str:
    """Return the version of NVIDIA's driver, '' without one."""
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        said = pynvml.nvmlSystemGetDriverVersion()
        pynvml.nvmlShutdown()
        return said if isinstance(said, str) else said.decode()
    return ""


def installed(package: str) -> str:
    """Return the version of a package, or that it is not there."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return "not installed"


if __name__ == "__main__":
    main(sys.argv[1:])
