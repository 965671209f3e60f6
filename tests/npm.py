"""Packages of npm that only the checks need: one version each, kept in the virtual environment.

There is no lock file: none of them has dependencies. A second check needs no network.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.node import NO_NODE, find_node


def npm(node: Path) -> list[str]:
    """Return the command that runs npm: of the same package as Node, else of the system."""
    script = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)] if script.is_file() else [shutil.which("npm") or "npm"]


def installed(name: str, version: str) -> Path:
    """Return the folder of a package, installed where it is not there yet; exit with one line where that fails."""
    if (node := find_node()) is None:
        sys.exit(NO_NODE)
    home = Path(sys.prefix) / "share" / f"{name}-{version}"
    folder = home / "node_modules" / name
    if not (folder / "package.json").is_file():
        options = ["--prefix", str(home), "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        if subprocess.run([*npm(node), "install", *options, f"{name}@{version}"]).returncode:
            sys.exit(f"{name} {version} could not be installed from the npm registry")
    return folder
