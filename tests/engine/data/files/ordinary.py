"""Layouts that version 0.4.0 read right, and what it made of them: stored runs resume on these images.

``python -m tests.engine.data.files.ordinary`` prints what the code at hand makes of them. What 0.4.0 made of them is in
``ordinary.json``, and stays.
"""

import hashlib
import json
import os
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from engine.data.files.cache import load_decoded
from engine.data.files.origin import PathOrigin
from engine.data.files.paths import listing_of
from tests.engine.data import pictures
from tests.engine.data.pictures import pixels, png, put

RECORDED = Path(__file__).with_name("ordinary.json")
NFD = unicodedata.normalize("NFD", "café")
EVEN = [0, 1] * 12


def _split(train: str, *tests: str) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        pictures.folder(root / train, each=6)
        for test in tests:
            pictures.folder(root / test, each=2)

    return build


def _unlabelled(root: Path) -> None:
    _split("train", "val")(root)
    put(root / "test" / "unlabelled.png", png(pixels(0)))


def _nested(root: Path) -> None:
    pictures.folder(root, each=4)
    put(root / "cats" / "deep" / "er" / "x.PNG", png(pixels(1)))
    put(root / "cats" / ".hidden.png", png(pixels(1)))
    put(root / "cats" / "notes.txt", b"no image")
    put(root / ".git" / "x.png", png(pixels(1)))
    put(root / "__MACOSX" / "x.png", png(pixels(1)))
    put(root / "README.md", b"words")
    put(root / "stray.png", png(pixels(1)))
    (root / "cats" / "deep" / "loop").symlink_to(root / "cats")


def _fewer_test_classes(root: Path) -> None:
    pictures.folder(root / "train", ("cats", "dogs", "mice"), each=4)
    pictures.folder(root / "test", ("cats", "mice"), each=2)


def _beside(root: Path) -> None:
    _split("train", "test", "validation")(root)
    pictures.folder(root / "extra", ("more",), each=3)


def _modes(root: Path) -> None:
    for name in ("one", "two"):
        for i in range(6):
            colour = Image.fromarray(pixels(i + 10 * (name == "two")))
            image = (colour, colour.convert("P"), colour.convert("RGBA"), colour.convert("LA"), colour.convert("1"))
            suffix = ("bmp", "png", "png", "png", "tif", "ppm")[i]
            (root / name).mkdir(parents=True, exist_ok=True)
            (image[i] if i < 5 else colour).save(root / name / f"{i}.{suffix}")


def _wide(root: Path, kind: type = np.uint16, offset: int = 0) -> None:
    for label, name in enumerate(("one", "two")):
        for i in range(6):
            grey = pixels(i + 100 * label, channels=1).astype(np.int64) * 257 + offset
            (root / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(grey.astype(kind)).save(root / name / f"{i}.{'png' if kind is np.uint16 else 'tif'}")


def _names(*classes: str) -> Callable[[Path], None]:
    return lambda root: pictures.folder(root, classes, each=6) and None


def _nfd_splits(root: Path) -> None:
    # In composed form the accented name would come after the other one.
    pictures.folder(root / "train", (NFD, "cafz"), each=4)
    pictures.folder(root / "test", (NFD, "cafz"), each=2)


def _tables(**labels: Any) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        for name, rows in labels.items():
            pictures.table(root / f"{name.replace('__', '/')}.parquet", rows)

    return build


def _named_table(root: Path) -> None:
    pictures.table(root / "pets.parquet", [0, 2] * 12, image="image", names=("cat", "cow", "dog"))


def _two_orders(root: Path) -> None:
    pictures.table(root / "train-0.parquet", EVEN, names=("cat", "dog"))
    pictures.table(root / "test-0.parquet", [0, 0, 1], names=("dog", "cat"))


def _fine(root: Path) -> None:
    pictures.table(root / "a.parquet", EVEN, label="fine_label")
    pictures.table(root / "b.parquet", EVEN, label="fine_label")


def _plain_bytes(root: Path) -> None:
    rows = [png(pixels(i, channels=1)) for i in range(12)]
    parquet.write_table(pa.table({"image": rows, "label": [0, 1] * 6, "category": ["x"] * 12}), root / "pets.parquet")


FOLDERS: dict[str, Callable[[Path], None]] = {
    "classes": _names("dogs", "cats"),
    "classes, few": lambda root: pictures.folder(root, each=2) and None,
    "train and test": _split("train", "test"),
    "train and val": _split("train", "val"),
    "Train, Valid and Test": _split("Train", "Valid", "Test"),
    "train, val and validation": _split("train", "val", "validation"),
    "train alone": _split("train"),
    "a class called train": _names("bus", "train"),
    "classes with words of splits": _names("bus_station", "train_station", "test_tube"),
    "test without labels": _unlabelled,
    "nested, hidden, links": _nested,
    "fewer classes in the test": _fewer_test_classes,
    "folders beside the splits": _beside,
    "names that are not ASCII": _names("Zürich", "café", "Ünder", "東京"),
    "decomposed names": _names(NFD, "cafz", "cafe"),
    "decomposed names in splits": _nfd_splits,
    "many kinds of image": _modes,
    "grey": lambda root: pictures.folder(root, each=6, channels=1) and None,
    "sixteen bits": _wide,
    "sixteen bits as 32": lambda root: _wide(root, np.int32),
}
TABLES: dict[str, Callable[[Path], None]] = {
    "one table": _tables(pets=EVEN),
    "table with names": _named_table,
    "two tables": _fine,
    "train and test tables": _tables(train=EVEN, test=[0, 1, 1]),
    "tables in data": _tables(data__train=EVEN, data__validation=[0, 1]),
    "tables in folders": _tables(train__0000=EVEN, test__0000=[0, 1]),
    "three splits": _tables(train=EVEN, valid=[0, 1, 1], test=[0, 1], extra=[1, 1]),
    "test table without labels": _tables(train=EVEN, test=[-1, -1], validation=[0, 1, 1]),
    "text labels": _tables(pets=["dog", "cat"] * 6),
    "decomposed text labels": _tables(pets=[NFD, "cafz", "cafe"] * 6),
    "names in two orders": _two_orders,
    "bytes without a struct": _plain_bytes,
    "numbers with gaps": _tables(pets=[3, 700] * 8),
}


def build(kind: str, name: str, root: Path) -> str:
    """Make a layout below ``root``, with times that are always the same; return its name as a data set."""
    root.mkdir(parents=True)
    (FOLDERS if kind == "folder" else TABLES)[name](root)
    for file in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        os.utime(file, (1_600_000_000, 1_600_000_000))
    return f"{kind}:{root}"


def read(name: str, workspace: Path) -> dict[str, Any]:
    """Return all that a stored run depends on: classes, images in order with their labels, and their pixels."""
    listing = listing_of(name)
    decoded = load_decoded(name, 1, workspace, lambda text: None)
    return {
        "classes": len(listing.classes),
        "counts": listing.counts,
        **{split: _digest([(item.name, item.label) for item in listing.items(split)]) for split in ("train", "test")},
        "checksum": decoded.checksum,
        "shape": list(decoded.raw.train_images.shape),
    }


def _digest(rows: list[tuple[str, int]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def old_digest(name: str) -> str:
    """Return the digest that 0.4.0 put into the name of a decoded copy, written down anew."""
    kind, _, path = name.partition(":")
    listing, root, hashed = listing_of(name), Path(path), hashlib.sha256()
    if kind == "folder":
        below = {item.content for split in ("train", "test") for item in listing.items(split)}
        test = {item.content for item in listing.items("test")}
        # By split and class, as the folders say it; images that are held out stay with their class.
        apart = not listing.note

        def place(file: Path) -> tuple[str, str]:
            inside = file.relative_to(root)
            return ("test" if apart and file in test else "train", str(inside))

        files = sorted(below, key=place)
        relative = [os.fsencode(file.relative_to(root)) for file in files]
    else:
        files = sorted(root.rglob("*.parquet"))
        relative = [os.fsencode(file.relative_to(root)) for file in files]
    for file, named in zip(files, relative, strict=True):
        status = file.stat()
        hashed.update(b"%s\0%d\0%d\n" % (named, status.st_size, status.st_mtime_ns))
    return hashed.hexdigest()


def copy_of(name: str) -> str:
    """Return the content part of the name of the decoded copy."""
    return PathOrigin(name, 0).folder.rpartition("-")[2]


def _record() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        found = {}
        for kind, layouts in (("folder", FOLDERS), ("parquet", TABLES)):
            for name in layouts:
                path = build(kind, name, Path(place, f"{kind}-{len(found)}", "set"))
                assert copy_of(path) == old_digest(path)[:16], name
                found[name] = read(path, Path(place, "workspace"))
        return found


if __name__ == "__main__":
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in _record().items())
    print(f"{{\n{lines}\n}}")  # noqa: T201, a command
