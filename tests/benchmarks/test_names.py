"""Benchmarks are run by hand and seldom: what they take from the project is looked up here, at every run of the tests.

Imports inside functions count, and so do attributes of imported modules and modules that a process runs (``-m NAME``).
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from engine.paths import PROJECT
from tests.benchmarks.gpu_check.parts import PARTS

PLACE = PROJECT / "tests/benchmarks"
OURS = {"engine", "app", "tests"}


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def missing(tree: ast.Module) -> Iterator[str]:
    """Yield every name of this project that a file uses and that is not there."""
    modules: dict[str, ModuleType] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and is_ours(node.module or ""):
            for alias in node.names:
                thing = found(node.module or "", alias.name)
                if thing is None:
                    yield f"line {node.lineno}: {node.module} has no {alias.name}"
                elif isinstance(thing, ModuleType):
                    modules[alias.asname or alias.name] = thing
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.List | ast.Tuple):
            words = [word.value if isinstance(word, ast.Constant) else None for word in node.elts]
            names = [name for option, name in pairwise(words) if option == "-m" and isinstance(name, str)]
        yield from (f"line {node.lineno}: no module {name}" for name in names if is_ours(name) and found(name) is None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            module = modules[node.value.id]
            if found(module.__name__, node.attr) is None:
                yield f"line {node.lineno}: {module.__name__} has no {node.attr}"


def found(module: str, name: str = "") -> object | None:
    """Return a module, or what it has of a name; None where that is not there."""
    try:
        here = import_module(module)
        return getattr(here, name) if name and hasattr(here, name) else import_module(f"{module}.{name}".strip("."))
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and not is_ours(error.name or ""):
            pytest.skip(f"{error.name} is not installed")
        return None


@pytest.mark.parametrize("path", sorted(PLACE.rglob("*.py")), ids=lambda path: str(path.relative_to(PLACE)))
def test_every_name_that_a_benchmark_takes_from_the_project_is_there(path: Path):
    assert list(missing(ast.parse(path.read_text(encoding="utf-8")))) == []
    import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"))


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.name)
def test_every_part_of_the_gpu_check_has_its_function(part):
    assert callable(part.resolved())


@pytest.mark.parametrize(
    "line",
    [
        "def late():\n    from engine.config import Missing",
        "from engine import config\nconfig.missing()",
        "import engine.missing",
        "words = [python, '-m', 'tests.missing']",
    ],
)
def test_a_name_that_is_gone_is_found(line):
    assert len(list(missing(ast.parse(line)))) == 1
