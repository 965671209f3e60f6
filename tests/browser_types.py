"""Check the types of the browser's modules: ``python -m tests.browser_types``, as CI does.

TypeScript comes from npm at one version, without a lock file: it has no dependencies. It is kept in the virtual
environment, so that a second check needs no network.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from engine.paths import PROJECT
from tests.node import NO_NODE, find_node

TYPESCRIPT = "5.9.3"
HOME = Path(sys.prefix) / "share" / f"typescript-{TYPESCRIPT}"
COMPILER = HOME / "node_modules" / "typescript" / "bin" / "tsc"
CONFIG = PROJECT / "app" / "live" / "jsconfig.json"


def npm(node: Path) -> list[str]:
    """Return the command that runs npm: of the same package as Node, else of the system."""
    script = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)] if script.is_file() else [shutil.which("npm") or "npm"]


def main() -> int:
    """Return 0 without a finding."""
    if (node := find_node()) is None:
        sys.exit(NO_NODE)
    if not COMPILER.is_file():
        options = ["--prefix", str(HOME), "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        if subprocess.run([*npm(node), "install", *options, f"typescript@{TYPESCRIPT}"]).returncode:
            sys.exit(f"typescript {TYPESCRIPT} could not be installed from the npm registry")
    return subprocess.run([str(node), str(COMPILER), "--project", str(CONFIG)], cwd=PROJECT).returncode


if __name__ == "__main__":
    sys.exit(main())
