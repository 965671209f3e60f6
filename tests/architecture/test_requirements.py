"""What is imported is pinned: what runs in requirements.txt, the tests' own in tests/requirements.txt."""

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OWN = {"engine", "app", "tests", "assets"}
#: What a person installs for a cluster alone: 240 MB. The version is pinned where its absence is said.
OPTIONAL = {"ray"}


def pins(name: str) -> dict[str, str]:
    """Return the pins of a file of requirements, without those of the file that it begins with."""
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", line) for line in lines)
    return dict(line.split("==") for line in lines)


#: What an installation that only views does without.
TO_TRAIN = {"torch", "torchvision", "pytest"}


@cache
def imported(top: str) -> set[str]:
    """Return the first names of all modules of others that a folder imports."""
    names = set()
    for path in (PROJECT / top).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - OWN - sys.stdlib_module_names


@pytest.mark.parametrize("top", sorted(OWN))
def test_what_is_imported_is_pinned(top):
    known = pins("requirements.txt") | (pins("tests/requirements.txt") if top in ("tests", "assets") else {})
    distributions = packages_distributions()
    missing = {name for name in imported(top) - OPTIONAL if not set(distributions.get(name, ())) & set(known)}
    assert not missing


def test_what_runs_comes_first_and_nothing_is_pinned_twice():
    lines = (PROJECT / "tests/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "-r ../requirements.txt"
    assert not set(pins("requirements.txt")) & set(pins("tests/requirements.txt"))


def test_the_installation_that_only_views_has_all_but_torch_with_the_same_pins():
    everything = pins("requirements.txt")
    assert pins("app/requirements.txt") == {name: pin for name, pin in everything.items() if name not in TO_TRAIN}
    assert everything.keys() >= TO_TRAIN


def test_what_is_installed_is_what_is_pinned():
    for name, pin in (pins("requirements.txt") | pins("tests/requirements.txt")).items():
        assert version(name).partition("+")[0] == pin, name
