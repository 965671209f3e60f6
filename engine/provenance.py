"""Where a number comes from: package versions and the project's commit, read without importing torch or running git."""

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from engine import __version__
from engine.paths import PROJECT

PACKAGES = ("torch", "torchvision", "numpy", "streamlit", "plotly")


@cache
def versions() -> dict[str, str]:
    """Return ``{"skipscope": ..., "commit": ..., "python": ..., "torch": ..., ...}``."""
    installed = {"skipscope": __version__, "commit": commit(), "python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            installed[package] = "not installed"
    return installed


def release(versions: Mapping[str, str]) -> tuple[int, ...]:
    """Return the first two numbers of the version that is on record: (0, 5) for 0.5.1, (0,) where none is."""
    parts = versions.get("skipscope", "").split(".")[:2]
    return tuple(int(part) if part.isdecimal() else 0 for part in parts)


def commit() -> str:
    """Return the checked-out commit (first 12 digits), or an empty string outside a git checkout.

    Read by hand, for git may be missing and takes a process.
    """
    git = PROJECT / ".git"
    try:
        if git.is_file():  # a worktree: the file names the real folder
            git = (PROJECT / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head[:12]
        ref = head.removeprefix("ref:").strip()
        common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        if (common / ref).exists():
            return (common / ref).read_text().strip()[:12]
        packed = (common / "packed-refs").read_text().splitlines()
        return next((line.split()[0][:12] for line in packed if line.endswith(f" {ref}")), "")
    except OSError:
        return ""
