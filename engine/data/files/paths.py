"""Data sets named by a path, such as ``folder:PATH`` and ``parquet:PATH``: looked through quickly, without decoding.

Classes and counts come from names, sizes and colours from the headers of a sample, bounded in number and time; every
image is checked when it is decoded. Torch-free.

Adding a kind: one file beside this with ``listing(path) -> Listing``, one row.
"""

import os
import threading
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.config.data import utf8_problem
from engine.data.description import Description
from engine.data.files.listing import Item, Listing, Stamps, printable, unchanged
from engine.data.files.value_range import ValueRange, joined
from engine.data.source import MAX_SIZE, MIN_SIZE, Source
from engine.errors import ConfigError, DataError

if TYPE_CHECKING:  # image decoders are loaded where a path is looked through
    from engine.data.files.pixels import Header

#: The quick look ends after so many headers or seconds, whichever comes first.
SAMPLED_IMAGES = 1000
SAMPLED_S = 3.0
#: Of so many images the values are looked at too, of wide ones of as many as the time allows.
VALUED_IMAGES = 64
VALUED_S = 1.5
#: From one broken image in this many on, a set is refused.
BROKEN_LIMIT = 100
_REMEMBERED = 32
#: Letters of a path; no system takes longer ones, and messages repeat them.
MAX_PATH = 4096
#: The name of an image and its size.
NamedSize = tuple[str, tuple[int, int]]


class PathKind(NamedTuple):
    """One kind of path. ``listing`` is ``module:function``, imported where it is used."""

    label: str
    listing: str


KINDS = {
    "folder": PathKind("folder of class folders", "engine.data.files.folder:listing"),
    "parquet": PathKind("Parquet file or folder", "engine.data.files.parquet.listing:listing"),
    "linked-folder": PathKind("folder of class folders, links followed", "engine.data.files.folder:linked"),
    "linked-parquet": PathKind("Parquet file or folder, links followed", "engine.data.files.parquet.listing:linked"),
}


@dataclass(frozen=True)
class QuickLook:
    """What a quick look found: enough for a row, whatever the images are resized to.

    ``description`` says it for people; its size is that of the first image.
    """

    description: Description
    note: str
    stamps: Stamps
    first: NamedSize
    #: The first image of another size, None when all that were looked at agree.
    other: NamedSize | None
    wide: bool


_known: dict[str, QuickLook] = {}
_lock = threading.Lock()


def is_path(name: str) -> bool:
    """Return whether ``name`` names a path rather than a registered set."""
    return name.partition(":")[0] in KINDS and ":" in name


def absolute(name: str) -> str:
    """Return the name with an absolute path. Raises ConfigError when there is none in it, or it is not UTF-8."""
    kind, _, text = name.partition(":")
    if not text:
        raise ConfigError(f"{kind}: names no path; write {kind}:PATH")
    if len(text) > MAX_PATH:
        raise ConfigError(f"{kind}: names a path of {len(text):,} letters, and {MAX_PATH:,} is the most")
    try:
        path = os.path.abspath(Path(text).expanduser())  # noqa: PTH100, links stay as they are written
        problem = utf8_problem(path)
    except RuntimeError:
        problem = f"{printable(name)} names the home of a user who is not known; write the whole path"
    except OSError as error:  # the working directory is gone
        problem = f"{printable(name)} cannot be made absolute ({error.strerror}); write the whole path"
    if problem:
        raise ConfigError(problem)
    return f"{kind}:{path}"


def path_of(name: str) -> Path:
    """Return the path that ``name`` names."""
    return Path(absolute(name).partition(":")[2])


def listing_of(name: str) -> Listing:
    """Look through the path by names alone. Raises DataError in one line."""
    listing: Listing = resolve_name(KINDS[name.partition(":")[0]].listing)(path_of(name))
    return listing


def path_source(name: str, resize: int = 0) -> Source:
    """Return the row of a path: its classes, channels, size and counts.

    What was found is remembered until something is added or removed. Raises DataError in one line when the images
    cannot be trained on as they are, for example because they differ in size and ``resize`` is 0.
    """
    name = absolute(name)
    with _lock:
        facts = _known.pop(name, None)
    if facts is None or not unchanged(facts.stamps):
        facts = quick_look(listing_of(name))
    with _lock:
        _known[name] = facts
        while len(_known) > _REMEMBERED:
            _known.pop(next(iter(_known)))
    return row(name, facts, resize)


class Sample:
    """Some images of a set, looked at within a limited time: all headers, the values of some."""

    def __init__(self, size: int):
        self.headers: list[tuple[str, Header]] = []
        self.broken: list[str] = []
        self.count = 0
        self.constant = True
        self._every = max(1, size // VALUED_IMAGES)
        self._valued_s = 0.0
        self._ranges: dict[bool, list[ValueRange]] = {True: [], False: []}

    @property
    def grey(self) -> bool:
        """Whether none has colours."""
        return all(header.grey for _, header in self.headers)

    @property
    def wide(self) -> bool:
        """Whether any has values wider than 8 bits."""
        return any(header.wide for _, header in self.headers)

    @property
    def all_constant(self) -> bool:
        """Whether values were looked at, and every image is of one value all over."""
        return self.constant and any(self._ranges.values())

    def look_at(self, items: Iterable[Item]) -> None:
        """Look at one image after the other until the time is over."""
        from engine.data.files.pixels import Unreadable, look

        began = time.monotonic()
        for item in items:
            self.count += 1
            try:
                header = look(item)
            except Unreadable as reason:
                self.broken.append(f"{item.name} ({reason})")
            else:
                self.headers.append((item.name, header))
                if header.wide or self.constant or self.count % self._every == 0:
                    self._look_at_values(item)
            if time.monotonic() - began - self._valued_s > SAMPLED_S:
                break

    def colours_in(self, items: Iterable[Item]) -> bool:
        """Return whether any has colours, as far as the time allows: where the first are grey, later ones decide."""
        from engine.data.files.pixels import Unreadable, look

        began = time.monotonic()
        for item in items:
            with suppress(Unreadable):  # counted when it is decoded
                if not look(item).grey:
                    return True
            if time.monotonic() - began > SAMPLED_S:
                return False
        return False

    def values_in_words(self) -> str:
        """Return the range of the values, and what becomes of wide ones."""
        words = []
        for wide, ranges in self._ranges.items():
            if (found := joined(ranges)) is not None:
                words.append(found.in_words() if wide else f"values {found.low:g} to {found.high:g}")
        number = sum(map(len, self._ranges.values()))
        return " and ".join(words) + (f" in {number:,} of them" if number < self.count else "")

    def _look_at_values(self, item: Item) -> None:
        from engine.data.files.pixels import Unreadable, values

        if self._valued_s > VALUED_S:
            return
        began = time.monotonic()
        with suppress(Unreadable):  # counted when it is decoded
            header, found = values(item)
            self._ranges[header.wide].append(found.range)
            self.constant = self.constant and found.constant
        self._valued_s += time.monotonic() - began


def quick_look(listing: Listing) -> QuickLook:
    """Look at headers, and at the values of some images.

    Raises DataError when nothing can be read, when too many are broken where all were looked at, or when all images are
    of one value each.
    """
    total = sum(listing.counts.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what decoders think of odd files
        sample = Sample(min(total, SAMPLED_IMAGES))
        sample.look_at(listing.sample(SAMPLED_IMAGES))
        if not sample.headers:
            where = printable(str(listing.path))
            raise DataError(f"none of the images in {where} can be read, for example {sample.broken[0]}")
        if sample.count == total:
            check_broken(listing.path, sample.broken, total)
        grey = sample.grey and (sample.count >= total or not sample.colours_in(listing.scattered()))
    if sample.all_constant:
        raise constant(listing.path)
    sizes = [(name, header.size) for name, header in sample.headers]
    labels = {split: np.bincount(listing.labels(split), minlength=len(listing.classes)) for split in listing.counts}
    description = Description(
        name=str(listing.path),
        classes=listing.classes,
        counts=listing.counts,
        per_class={split: (int(found.min()), int(found.max())) for split, found in labels.items()},
        taken=listing.taken,
        channels=1 if grey else 3,
        size=sizes[0][1][0],
        values=sample.values_in_words(),
        looked_at=sample.count,
        left_out=listing.left_out,
        doubt=listing.doubt,
    )
    other = next((named for named in sizes if named[1] != sizes[0][1]), None)
    return QuickLook(description, listing.note, listing.stamps, sizes[0], other, sample.wide)


def row(name: str, facts: QuickLook, resize: int) -> Source:
    """Make the row. Raises DataError in one line when the images do not fit."""
    kind, _, path = name.partition(":")
    width, height = facts.first[1]
    if not resize:
        if facts.other:
            raise mixed(path, facts.first, facts.other)
        if width != height:
            raise oblong(path, facts.first)
        if not MIN_SIZE <= width <= MAX_SIZE:
            raise DataError(
                f"the images in {printable(path)} are {width}x{width}; nets take {MIN_SIZE} to {MAX_SIZE} pixels "
                "a side: add --set data.resize=32"
            )
    description = replace(facts.description, size=resize or width)
    train, test = description.counts["train"], description.counts["test"]
    size = description.size
    note = facts.note and f" ({facts.note})"
    return Source(
        name=name,
        label=f"{printable(Path(path).name)} ({KINDS[kind].label})",
        help=f"{len(description.classes)} classes, {size}x{size}: {train:,} images to train, {test:,} to test{note}.",
        licence="whatever its owner says",
        source=path,
        channels=description.channels,
        image_size=size,
        classes=description.classes,
        train_images=train,
        test_images=test,
        loader=KINDS[kind].listing,
        description=description,
        wide=facts.wide,
    )


def mixed(path: str | Path, one: NamedSize, other: NamedSize) -> DataError:
    """Return the error for images of several sizes."""
    sizes = " and ".join(f"{name} is {width}x{height}" for name, (width, height) in (one, other))
    return DataError(
        f"the images in {printable(str(path))} differ in size ({sizes}); add --set data.resize=32 to bring them to one"
    )


def oblong(path: str | Path, one: NamedSize) -> DataError:
    """Return the error for images that are not square."""
    name, (width, height) = one
    return DataError(
        f"the images in {printable(str(path))} are not square ({name} is {width}x{height}); "
        "add --set data.resize=32 to cut and shrink them"
    )


def constant(path: Path) -> DataError:
    """Return the error for images of one value each, of which nothing can be learnt."""
    return DataError(
        f"every image in {printable(str(path))} is of one value all over; look at the files, which may have been "
        "written wrongly"
    )


def check_broken(path: Path, broken: list[str], total: int) -> None:
    """Raise DataError when one in a hundred images or more cannot be decoded."""
    if broken and len(broken) * BROKEN_LIMIT >= total:
        names = ", ".join(broken[:3]) + (", ..." if len(broken) > 3 else "")
        raise DataError(
            f"{len(broken)} of the {total} images in {printable(str(path))} cannot be read: {names}; 1 % or more is "
            "too much, mend or remove them"
        )
