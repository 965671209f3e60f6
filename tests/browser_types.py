"""Check the types of the browser's modules: ``python -m tests.browser_types``, as CI does.

TypeScript comes from npm at one version (``tests.npm``).
"""

import subprocess
import sys

from engine.paths import PROJECT
from tests.node import find_node
from tests.npm import installed

TYPESCRIPT = "5.9.3"
CONFIG = PROJECT / "app" / "live" / "jsconfig.json"


def main() -> int:
    """Return 0 without a finding."""
    compiler = installed("typescript", TYPESCRIPT) / "bin" / "tsc"
    return subprocess.run([str(find_node()), str(compiler), "--project", str(CONFIG)], cwd=PROJECT).returncode


if __name__ == "__main__":
    sys.exit(main())
