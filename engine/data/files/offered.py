"""What the page offers besides registered sets: children of ``SKIPSCOPE_DATA`` that look like one. Torch-free."""

import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.config.data import utf8_problem
from engine.data.files.image_files import is_image, is_system
from engine.data.files.listing import printable
from engine.data.files.paths import KINDS, absolute

ENVIRONMENT = "SKIPSCOPE_DATA"
#: Entries of a folder that a glance looks at.
_GLANCE = 200
#: The folder is looked through again after so many seconds.
_FRESH_S = 5.0


@dataclass(frozen=True)
class Offer:
    """One path on offer: its name as a data set, and how a page shows it before it was looked through."""

    name: str
    label: str
    help: str
    licence: str = "whatever its owner says"


_seen: tuple[str, float, tuple[Offer, ...]] = ("", 0.0, ())


def offered() -> tuple[Offer, ...]:
    """Return what lies below ``SKIPSCOPE_DATA``, by name; nothing where that is not set or cannot be read."""
    global _seen
    root, now = os.environ.get(ENVIRONMENT, ""), time.monotonic()
    if not root:
        return ()
    if _seen[0] != root or now - _seen[1] > _FRESH_S:
        _seen = (root, now, tuple(_look(Path(root))))
    return _seen[2]


def _look(root: Path) -> list[Offer]:
    try:
        children = sorted(path for path in root.expanduser().absolute().iterdir() if not path.name.startswith("."))
    except (OSError, RuntimeError):  # RuntimeError: the home of a user who is not known
        return []
    valid = (child for child in children if not utf8_problem(str(child)))
    sets = [(kind, child) for child in valid if (kind := kind_of(child))]
    return [
        Offer(absolute(f"{kind}:{child}"), f"{printable(child.name)} ({KINDS[kind].label})", f"Below {ENVIRONMENT}.")
        for kind, child in sets
    ]


def kind_of(path: Path) -> str:
    """Return which kind of set ``path`` looks like at a glance, '' for none."""
    try:
        if path.is_file():
            return "parquet" if path.suffix.lower() == ".parquet" else ""
        inside = _glance(path)
        folders = [entry for entry in inside if entry.is_dir()]
        if _parquet(inside) or any(_parquet(_glance(folder)) for folder in folders):
            return "parquet"
        train = next((folder for folder in folders if folder.name.lower() == "train"), None)
        classes = [entry for entry in _glance(train) if entry.is_dir()] if train else folders
        if len(classes) == 1:  # a folder around the set
            classes = [entry for entry in _glance(classes[0]) if entry.is_dir()]
        inside = [path for place in classes[:3] for path in _glance(place)]
        pictures = any(is_image(path.name) or path.is_dir() for path in inside)
        return "folder" if len(classes) > 1 and pictures else ""
    except OSError:
        return ""


def _glance(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in islice(entries, _GLANCE) if not is_system(entry.name)]


def _parquet(paths: list[Path]) -> bool:
    return any(path.suffix.lower() == ".parquet" for path in paths)
