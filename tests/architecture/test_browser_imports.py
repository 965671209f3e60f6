"""House rules of the browser's modules: features share through ``shared`` alone, and folders have no circle."""

import re
from graphlib import CycleError, TopologicalSorter
from posixpath import join, normpath

import pytest

from app.live.stream.scripts import LIVE, scripts

SHARED = "shared"
#: The talk composes what features offer for one: their module of this name, and nothing else of them.
COMPOSER, OFFERED = "talk", "scene.js"
#: Shapes that travel between modules: types alone, which no browser loads.
TYPES = "types.d.ts"
#: Static, dynamic and in the comments that bring types.
_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']""")


def imports(name: str) -> list[str]:
    """Return the modules that one names, by their paths below ``app/live``."""
    named = _IMPORT.findall((LIVE / name).read_text(encoding="utf-8"))
    found = [normpath(join(name, "..", other)) for other in named]
    return [other for other in found if other != TYPES.replace(".d.ts", ".js")]


def feature(name: str) -> str:
    return name.partition("/")[0]


def room(name: str) -> str:
    """Return a module's folder; one beside a feature's folders, its entry or its ground, is a room of its own."""
    return name if name.count("/") == 1 and feature(name) != SHARED else name.rpartition("/")[0]


def is_allowed(name: str, other: str) -> bool:
    """Whether a module may import another: its own feature's, a shared one, and the composer the scenes of features."""
    if feature(other) in {feature(name), SHARED}:
        return True
    return feature(name) == COMPOSER and other.count("/") == 1 and other.endswith(f"/{OFFERED}")


def test_features_import_themselves_and_what_is_shared_and_the_talk_their_scenes():
    assert len(scripts()) > 50
    for name in scripts():
        found = imports(name)
        assert not [other for other in found if not is_allowed(name, other)], name
        assert not [other for other in found if not (LIVE / other).is_file()], f"{name} imports what is not there"


def test_no_circle_between_folders():
    graph: dict[str, set[str]] = {}
    for name in scripts():
        graph.setdefault(room(name), set()).update({room(other) for other in imports(name)} - {room(name)})
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_chart_has_the_common_options():
    """Without them Plotly takes a visitor's text between dollars for mathematics, and may send a chart away."""
    drawing = [name for name in scripts() if re.search(r"Plotly\.(react|newPlot)\(", (LIVE / name).read_text("utf-8"))]
    assert len(drawing) > 5
    for name in drawing:
        text = (LIVE / name).read_text(encoding="utf-8")
        assert "PLOT_CONFIG" in text or "PLOT_OPTIONS" in text, name
    own = [name for name in scripts() if "typesetMath" in (LIVE / name).read_text(encoding="utf-8")]
    assert own == [f"{SHARED}/plot_style.js"]
