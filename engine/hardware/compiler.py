"""Whether this machine can compile nets (``--set compile=true``): the needs of torch.compile. Torch-free.

On a CPU torch writes C++ and needs a compiler and Python's headers; on a GPU it needs Triton, whose launcher is C.
"""

import importlib.util
import os
import shutil
import sysconfig
from pathlib import Path

#: Where generated code is kept inside a workspace.
CACHE = "compiled"
#: Why ``graph=true`` is refused where there is no GPU (``engine.training.recorded_update``).
GRAPH_REFUSAL = "graph=true records the update as a CUDA graph, which needs a GPU of NVIDIA; set graph=false"
_CPP, _C = ("g++", "clang++", "c++"), ("gcc", "clang", "cc")


def why_not(kind: str) -> str:
    """Return the missing part for compiling on ``cpu``, ``cuda`` or ``mps`` in one clause, '' when none is missing."""
    if kind == "mps":
        return "it was never tried there"
    if kind == "cuda":
        if importlib.util.find_spec("triton") is None:
            return "Triton is not installed"
        return "" if _found("CC", _C) else f"no C compiler is there ({', '.join(_C)})"
    if not _found("CXX", _CPP):
        return f"no C++ compiler is there ({', '.join(_CPP)})"
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return "" if headers.exists() else f"Python's headers are not there ({headers})"


def refusal(kind: str) -> str:
    """Return why ``compile=true`` is refused, as a sentence for people, '' when it is not."""
    reason = why_not(kind)
    where = {"cuda": "a GPU", "mps": "mps"}.get(kind, "the CPU")
    remedy = "set compile=false" if kind == "mps" else "install it, or set compile=false"
    return f"compile=true cannot be used on {where}: {reason}; {remedy}" if reason else ""


def use_cache(folder: Path) -> None:
    """Let this process keep generated code in ``folder`` and nowhere else. Call it before torch compiles anything."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    os.environ["TRITON_CACHE_DIR"] = str(folder / "triton")


def _found(variable: str, names: tuple[str, ...]) -> bool:
    own = os.environ.get(variable)
    return any(shutil.which(name) for name in ((own,) if own else names))
