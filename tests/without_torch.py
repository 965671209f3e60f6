"""Child processes in which torch is not installed, as in an installation that only views: a finder refuses it.

The finder is in a ``sitecustomize`` that comes first, so that what the children start lacks torch as well.
"""

import os
import subprocess
import sys
from pathlib import Path

from engine.paths import PROJECT

_FINDER = '''"""Refuses torch and what needs it, as if it were not installed."""
import sys
from importlib.machinery import PathFinder

MISSING = ("torch", "torchvision")


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in MISSING else super().find_spec(name, path, target)


sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
'''


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of processes without torch; ``folder`` keeps the finder."""
    (folder / "sitecustomize.py").write_text(_FINDER, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT)])}


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python without torch to its end."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, env=environment(folder), capture_output=True, text=True, timeout=120
    )
