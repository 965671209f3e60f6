"""House rules of the browser's modules: features do not import each other, what they share lies in ``shared``, no circle."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from posixpath import join, normpath

import pytest

from app.live.stream.scripts import LIVE, scripts

SHARED = "shared"
MAX_LINES, MIN_LINES = 400, 30
MAX_FILES = 16
#: Shorter than a file of its own should be, with the reason.
SHORT = {
    "labs/sentences/conditioning.js": "what one lab says",
    "labs/sentences/constructed.js": "what one lab says",
    "labs/sentences/mapping.js": "what one lab says",
    "labs/sentences/smoothness.js": "what one lab says",
    "layers/panels/plot.js": "options and a line that all plots of the page share",
    "layers/stream.js": "the seam to the shared event stream",
    "shared/export/csv.js": "the one format that every table has",
}
#: Static, dynamic and in the comments that bring types.
_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']""")


def imports(name: str) -> list[str]:
    """Return the modules that one names, by their paths below ``app/live``."""
    return [normpath(join(name, "..", found)) for found in _IMPORT.findall((LIVE / name).read_text(encoding="utf-8"))]


def feature(name: str) -> str:
    return name.partition("/")[0]


def room(name: str) -> str:
    """Return a module's folder; one beside a feature's folders, its entry or its ground, is a room of its own."""
    return name if name.count("/") == 1 and feature(name) != SHARED else name.rpartition("/")[0]


@pytest.mark.parametrize("name", scripts())
def test_a_module_imports_its_own_feature_and_what_is_shared(name):
    found = imports(name)
    assert not [other for other in found if feature(other) not in {feature(name), SHARED}]
    assert not [other for other in found if not (LIVE / other).is_file()], "an import of nothing breaks the page"


def test_no_circle_between_folders():
    graph: dict[str, set[str]] = {}
    for name in scripts():
        graph.setdefault(room(name), set()).update({room(other) for other in imports(name)} - {room(name)})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("name", scripts())
def test_a_module_is_neither_long_nor_a_fragment(name):
    lines = len((LIVE / name).read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES
    assert lines >= MIN_LINES or name in SHORT


def test_no_reason_outlives_its_short_file():
    long = {name for name in SHORT if len((LIVE / name).read_text(encoding="utf-8").splitlines()) >= MIN_LINES}
    assert not long


def test_a_folder_of_the_page_has_few_files():
    folders: dict[Path, int] = {}
    for path in LIVE.rglob("*"):
        if path.is_file() and path.name != "__init__.py" and "__pycache__" not in path.parts and "node_modules" not in path.parts:
            folders[path.parent] = folders.get(path.parent, 0) + 1
    assert not {str(path): count for path, count in folders.items() if count > MAX_FILES}
