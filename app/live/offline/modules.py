"""The modules of an offline page: its entries and all that they import, each behind what it needs itself."""

import re
from functools import cache
from graphlib import TopologicalSorter
from posixpath import join, normpath

from app.live.stream.scripts import LIVE

#: What stands before the name of a module in place of a path; ``boot.js`` puts an address there.
MARK = "skipscope:"
_STATIC = re.compile(r'(?P<before>^(?:import|export) [^;]*?from )"(?P<path>\.[\w./]+)"(?=;)', re.MULTILINE)
_DYNAMIC = re.compile(r'(?P<before>(?<!@)\bimport\()"(?P<path>\.[\w./]+)"(?=\))')
#: Comments that fill their lines: they are read in the repository.
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)


def collected(entries: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return name and text of each module that these entries reach; what a module imports stands before it.

    Names are paths below ``app/live``. In the texts ``"skipscope:NAME"`` stands for the path of a module.
    Raises graphlib.CycleError where modules import each other.
    """
    graph: dict[str, tuple[str, ...]] = {}
    names = list(entries)
    for name in names:
        if name not in graph:
            graph[name] = _imported(name)
            names += graph[name]
    return [(name, _portable(name)) for name in TopologicalSorter(graph).static_order()]


@cache
def _text(name: str) -> str:
    return _COMMENT.sub("", (LIVE / name).read_text(encoding="utf-8"))


def _imported(name: str) -> tuple[str, ...]:
    """Return what a module imports, at its begin and later on, each once."""
    found = [_target(name, match["path"]) for rule in (_STATIC, _DYNAMIC) for match in rule.finditer(_text(name))]
    return tuple(dict.fromkeys(found))


def _portable(name: str) -> str:
    text = _text(name)
    for rule in (_STATIC, _DYNAMIC):
        text = rule.sub(lambda match: f'{match["before"]}"{MARK}{_target(name, match["path"])}"', text)
    return text


def _target(name: str, path: str) -> str:
    return normpath(join(name, "..", path))
