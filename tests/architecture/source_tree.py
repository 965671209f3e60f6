"""The sources of the project as syntax trees, each read and parsed once; nothing is imported."""

import ast
import sys
from functools import cache
from pathlib import Path

from engine.paths import PROJECT

TOPS = ("engine", "app")


def folder_of(module: str) -> str:
    """Return the folder of a module in dots: ``engine.models`` for ``engine.models.build`` and for itself."""
    path = modules()[module]
    return ".".join(path.relative_to(PROJECT).parent.parts)


def contains(outer: str, inner: str) -> bool:
    """Return whether a folder or module is inside another one."""
    return inner.startswith(f"{outer}.")


def name_of(path: Path) -> str:
    """Return a path as people write it, from the project's root."""
    return path.relative_to(PROJECT).as_posix()


@cache
def files(suffix: str = ".py", tops: tuple[str, ...] = TOPS) -> list[Path]:
    """Return the files below ``engine`` and ``app``, or other folders, that end in ``suffix``."""
    found = (path for top in tops for path in (PROJECT / top).rglob(f"*{suffix}"))
    return sorted(path for path in found if not {"__pycache__", "node_modules"} & {*path.parts})


@cache
def modules() -> dict[str, Path]:
    """Return every module of engine and app by its dotted name."""
    named = {}
    for path in files():
        parts = path.relative_to(PROJECT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


@cache
def text(path: Path) -> str:
    """Return what stands in a file."""
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(text(path), str(path))


@cache
def imports(path: Path, late: bool = True) -> frozenset[str]:
    """Return every module that a file imports; ``from package import module`` counts as the module.

    ``late``: those inside functions too. What only a type checker reads is left out of the early ones.
    """
    found: set[str] = set()
    for node in _walk(tree(path), late):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules() else str(node.module))
    return frozenset(found)


def _walk(node: ast.AST, late: bool):
    if not late and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if not late and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, late)


def loaded_with(module: str) -> set[str]:
    """Return the project's modules that are loaded when ``module`` is imported, itself among them."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules():
            continue
        seen.add(name)
        waiting += imports(modules()[name], late=False)
        waiting += [name.rsplit(".", 1)[0]] if "." in name else []
    return seen


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of names that lead back to each other (Tarjan's strongly connected components)."""
    sys.setrecursionlimit(10_000)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(arrows.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return groups
