"""What lies below a path, seen without decoding anything: the contract of ``folder`` and ``parquet``. Torch-free."""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

#: Without test images of their own, one image in this many of every class is kept for the test.
HELD_OUT = 6
SPLIT_NOTE = f"1 in {HELD_OUT} of each class is kept for the test"

Stamps = tuple[tuple[Path, int], ...]


class Item(NamedTuple):
    """One encoded image: its name for people, its class, and its file or its bytes (None: it has none).

    ``inside`` is the folder that its file lies in when it is opened, a path without links; '' for anywhere.
    """

    name: str
    label: int
    content: Path | bytes | None
    inside: str = ""


@dataclass(frozen=True)
class Listing(ABC):
    """Classes in order, images per split, and the images themselves one after the other, always in the same order.

    ``note`` says in words how test images were chosen and what was left out, '' when the data say it themselves.
    ``digest`` is of names, sizes and times of change. ``stamps`` are the places whose change makes the listing old.
    ``taken`` says for each split in words where its images come from, ``left_out`` what is not taken, one line each,
    ``doubt`` what may be meant otherwise, '' for nothing.
    """

    path: Path
    classes: tuple[str, ...]
    counts: dict[str, int]
    note: str
    digest: str
    stamps: Stamps
    taken: dict[str, str]
    left_out: tuple[str, ...]
    doubt: str

    @abstractmethod
    def items(self, split: str) -> Iterator[Item]:
        """Go through a split, ``train`` or ``test``."""

    @abstractmethod
    def sample(self, most: int) -> Iterator[Item]:
        """Go through at most ``most`` images, spread over everything; all of them when there are no more."""

    @abstractmethod
    def labels(self, split: str) -> np.ndarray:
        """Return the class of each image of a split, int64 (k,)."""

    def scattered(self) -> Iterator[Item]:
        """Go through all images, early ones of every part first where that costs nothing."""
        yield from self.items("train")
        yield from self.items("test")


def held_out(position: int, count: int) -> bool:
    """Return whether the image at ``position`` of its class's ``count`` is for the test: every sixth, or the last."""
    return position % HELD_OUT == HELD_OUT - 1 or (count < HELD_OUT and position == count - 1)


def spread(count: int, most: int) -> Iterable[int]:
    """Return up to ``most`` of the numbers below ``count``, evenly spaced."""
    return range(count) if count <= most else (i * count // most for i in range(most))


def stamps_of(paths: Iterable[Path]) -> Stamps:
    """Return each path with its time of change in nanoseconds. Raises OSError."""
    return tuple((path, path.stat().st_mtime_ns) for path in paths)


def unchanged(stamps: Stamps) -> bool:
    """Return whether nothing was added to or removed from what was looked through."""
    try:
        return stamps_of(path for path, _ in stamps) == stamps
    except OSError:
        return False


def composed(name: str) -> str:
    """Return a name in the one form in which two spellings of the same letters are equal (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)


def shown_names(names: Iterable[object]) -> tuple[str, ...]:
    """Return the names of classes as people read them, each another one: ``?`` may stand for several letters."""
    shown: dict[str, None] = {}
    counts: dict[str, int] = {}
    for name in names:
        one = once = printable(composed(str(name)))
        while one in shown:
            counts[once] = counts.get(once, 1) + 1
            one = f"{once} ({counts[once]})"
        shown[one] = None
    return tuple(shown)


def printable(text: str) -> str:
    """Return a name as it may stand in one line of text and in JSON."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
