"""Seeded mutations of a bundle: each is imported equal, or refused in one line; nothing else happens.

Two kinds: bytes of the file, and values of a document that is packed again with right digests.
"""

import copy
import json
import random

import pytest

from engine.errors import DataError
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import read_contents
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.engine.exchange.bundle.packing import bundle_of, parts, repacked, taken

#: How many mutations, and which: those of another seed are others. Ten thousand come in parts, each with its time.
#: ``tests/fuzz/data/test_bundles.py`` makes up 300 further ones for the tier slow, in another way.
FEW = pytest.param(40, 0, id="40")
SOME = pytest.param(150, 0, id="150", marks=pytest.mark.slow)
MANY = [pytest.param(500, 0, id="500", marks=pytest.mark.long)]
MANY += [pytest.param(2_000, part, id=f"2000 of 10000, part {part}", marks=pytest.mark.long) for part in range(1, 6)]
#: Values in place of one that is there.
ODD = (
    None, True, 0, -1, 1, 2, 7, 2**31, 2**63, 2**64, -(2**70), 0.5, -0.0, 1e308, "", "x", "x" * 5000, "../../x", "\x00",
    "\ud800", "=1+1", "folder:/etc", [], [[]], [0, 0], {}, {"a": {}}, "none", "A", "finished", "lr", "f8",
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_of(tmp_path_factory.mktemp("bundle"))


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Return a file with some bytes changed, cut, doubled or moved."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        at = draw.randrange(len(made))
        match draw.randrange(6):
            case 0:
                made[at] ^= 1 << draw.randrange(8)
            case 1:
                made[at] = draw.randrange(256)
            case 2:
                del made[at : at + draw.choice((1, 2, 100))]
            case 3:
                made[at:at] = draw.randbytes(draw.choice((1, 4, 100)))
            case 4:
                # The end of the file holds the table of contents: what is declared is there.
                made[-draw.randrange(1, max(2, min(len(made), 3000)))] = draw.choice((0, 1, 127, 255))
            case 5:
                length = draw.randrange(1, 200)
                made[at : at + length] = made[draw.randrange(len(made)) :][:length]
        if not made:
            break
    return bytes(made)


def with_another_value(document, draw: random.Random):
    """Return the document with one value replaced, removed or repeated, wherever it stands."""
    made = copy.deepcopy(document)
    places = []

    def walk(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(made)
    node, key = draw.choice(places)
    match draw.randrange(4):
        case 0:
            del node[key]
        case 1 if isinstance(node, list):
            node.append(copy.deepcopy(node[key]))
        case 2 if isinstance(node, dict):
            node[draw.choice(("more", "run", "step"))] = node[key]
        case _:
            node[key] = copy.deepcopy(draw.choice(ODD))
    return made


def outcome(file, place: Workspace):
    """Return what an import did: the bundle's id, '' for a refusal. Anything else than both is raised."""
    try:
        return taken(file, place).bundle
    except DataError as error:
        assert "\n" not in str(error)
        assert str(error).startswith(f"{file.name} is not imported: ")
        return ""


@pytest.mark.parametrize(("count", "seed"), [FEW, SOME, *MANY])
def test_changed_bytes_are_imported_equal_or_refused(bundle, count, seed, tmp_path):
    file, place = tmp_path / "mutated.skipscope", Workspace.at(tmp_path / "workspace")
    file.write_bytes(bundle)
    with ArchiveReader(file) as archive:
        whole = archive.manifest.id
    draw, equal = random.Random(20151210 + seed), 0
    for number in range(count):
        file.write_bytes(mutated(bundle, draw))
        found = outcome(file, place)
        assert found in ("", whole), f"mutation {number}"
        equal += found == whole
    assert equal < count / 2, "most bytes mean something"
    nothing_left(place, equal)


@pytest.mark.parametrize(("count", "seed"), [FEW, SOME, *MANY])
def test_changed_values_are_imported_or_refused(bundle, count, seed, tmp_path):
    file, place = tmp_path / "changed.skipscope", Workspace.at(tmp_path / "workspace")
    found = parts(bundle)
    names = [name for name in found if name.endswith(".json") and name != "manifest.json"]
    draw, taken_over = random.Random(385 + seed), 0
    for _ in range(count):
        name = draw.choice(names)
        text = json.dumps(with_another_value(json.loads(found[name]), draw), ensure_ascii=True).encode()
        file.write_bytes(repacked({**found, name: text}))
        if outcome(file, place):
            taken_over += 1
            if taken_over <= 20:
                can_be_read_and_exported(place, file)
    nothing_left(place, taken_over)


def can_be_read_and_exported(place: Workspace, file) -> None:
    """What was imported is sound enough to be exported, which reads all of it, and to be imported again."""
    from engine.exchange.transfer import ExportRequest, export_to

    with Reader(place) as reader:
        newest = reader.races.newest()[0]
        runs = tuple(row.id for row in reader.runs.all(newest.id))
    again = file.with_name("again.skipscope")
    export_to(place, ExportRequest(runs), again, lambda done, total, what: None, replace=True)
    with ArchiveReader(again) as archive:
        read_contents(archive)


def nothing_left(place: Workspace, imported: int) -> None:
    left = [path.name for path in place.path.iterdir()] if place.path.exists() else []
    assert {name for name in left if not name.startswith("skipscope.db")} == set()
    if place.database.exists():
        with Reader(place) as reader:
            assert len(reader.races.newest(limit=100_000)) == imported
