"""Bundles of strangers: values of their documents and bytes of their members, packed again with right digests.

Seeded mutations of the same kind are in ``tests/engine/exchange/bundle/test_mutations.py``; here hypothesis looks for
values that are near the right ones, and makes small what it finds.
"""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st

from engine.exchange.bundle import restoring
from engine.store.workspace import Workspace
from tests.engine.exchange.bundle.packing import bundle_of, parts, repacked
from tests.engine.exchange.bundle.test_mutations import can_be_read_and_exported, nothing_left, outcome
from tests.fuzz.odd import cut_bytes, often, values
from tests.fuzz.tiers import tiers

#: How many of what was imported are exported again, which takes long.
READ_AGAIN = 8
#: How many imports a workspace takes before a new one is begun.
FULL = 50


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory.mktemp("bundle"))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return where values stand in a document: each with what holds it."""
    found = [(node, key) for key in (node if isinstance(node, dict) else range(len(node)))]
    return found + [deeper for at, key in found if isinstance(at[key], dict | list) for deeper in places(at[key])]


def near(value: Any) -> st.SearchStrategy[Any]:
    """Values of the kind of one that is there, and not far from it."""
    if isinstance(value, bool) or value is None:
        return st.sampled_from((True, False, None))
    if isinstance(value, int):
        return st.integers(value - 2, value + 2)
    if isinstance(value, float):
        return st.floats(value - 1, value + 1) if abs(value) < 1e300 else st.floats()
    if isinstance(value, str):
        return st.builds(lambda more, at: value[:at] + more + value[at:], st.text(max_size=3), st.integers(0, 9))
    if isinstance(value, list):
        return st.sampled_from((value[1:], value[:-1], value + value[-1:], value[::-1]))
    return st.sampled_from([{key: value[key] for key in value if key != left} for left in value] or [{}])


@st.composite
def with_other_values(draw: st.DrawFn, members: dict[str, bytes]) -> dict[str, bytes]:
    """The members, in one of whose documents one or two values are others."""
    name = draw(st.sampled_from([name for name in sorted(members) if name.endswith(".json")]))
    document = json.loads(members[name])
    for _ in range(draw(st.sampled_from((1, 1, 2)))):
        found = places(document)
        if not found:
            break
        at, key = found[draw(st.integers(0, len(found) - 1))]
        at[key] = draw(often(*[near(at[key])] * 3, values()))
    return {**members, name: json.dumps(document).encode()}


@st.composite
def with_other_bytes(draw: st.DrawFn, members: dict[str, bytes]) -> dict[str, bytes]:
    """The members, one of which has other bytes."""
    name = draw(st.sampled_from(sorted(members)))
    return {**members, name: draw(cut_bytes(st.just(members[name])))}


class Places:
    """Workspaces one after the other: in a full one an import takes longer."""

    def __init__(self, below: Path) -> None:
        self._below, self._begun, self._imported = below, 0, FULL
        self.place = Workspace.at(below)

    def next(self) -> Workspace:
        if self._imported >= FULL:
            self.leave()
            self.place, self._imported = Workspace.at(self._below / f"workspace {self._begun}"), 0
            self._begun += 1
        return self.place

    def add(self, imported: bool) -> None:
        self._imported += imported

    def leave(self) -> None:
        """Look at the workspace a last time."""
        if self._begun:
            nothing_left(self.place, self._imported)
            shutil.rmtree(self.place.path, ignore_errors=True)


@tiers
def test_a_bundle_with_other_values_or_bytes_is_imported_or_refused_in_one_line(tier, bundle, tmp_path, monkeypatch):
    # Nobody else writes, who would be waited for after each piece.
    monkeypatch.setattr(restoring, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda seconds: None))
    file, places = tmp_path / "changed.skipscope", Places(tmp_path / "places")
    members = {name: data for name, data in parts(bundle).items() if name != "manifest.json"}
    manifest = parts(bundle)["manifest.json"]
    seen = {"imported": 0, "refused": 0, "other values": 0}

    def check(changed):
        file.write_bytes(repacked({**changed, "manifest.json": manifest}))
        place = places.next()
        imported = outcome(file, place)
        places.add(bool(imported))
        seen["imported" if imported else "refused"] += 1
        seen["other values"] += bool(imported) and changed != members
        if imported and seen["imported"] <= READ_AGAIN:
            can_be_read_and_exported(place, file)

    tier.run(check, often(*[with_other_values(members)] * 3, with_other_bytes(members)))
    print(seen)
    places.leave()
    assert min(seen.values()) >= 30, seen
