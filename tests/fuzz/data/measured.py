"""Loads a data set in a process of its own, and says what it took: ``python -m ...measured NAME RESIZE WORKSPACE``."""

import json
import resource
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from engine.paths import PROJECT

#: No test may take the machine with it: more than this, and the process is refused memory.
_LIMIT = 6 * 2**30


class Taken(NamedTuple):
    """What loading took: the error in one line, '' for none, the most memory in MB, and seconds."""

    error: str
    mb: float
    seconds: float


def load(name: str, workspace: Path, resize: int = 0, *, torch: bool = True) -> Taken:
    """Load a set as a worker does, with torch, or as the command line and the page look at it."""
    command = [sys.executable, "-m", __name__, name, str(resize), str(workspace), "torch" * torch]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return Taken(*json.loads(ended.stdout))


def main(name: str, resize: int, workspace: Path, torch: str) -> None:
    """Load and print."""
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT))
    if torch:
        import_module(torch)
    from engine.data.files.cache import load_decoded
    from engine.errors import SkipscopeError

    began, error = time.monotonic(), ""
    try:
        load_decoded(name, 1, workspace, lambda text: None, resize)
    except SkipscopeError as refusal:
        error = str(refusal)
    print(json.dumps([error, peak_mb(), time.monotonic() - began]))


def peak_mb() -> float:
    """Return the most memory that this process had. Linux counts in ``ru_maxrss`` what the parent had."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
