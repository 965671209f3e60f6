"""Data sets named by a path, ``folder:PATH`` or ``parquet:PATH``: looked through quickly, without decoding. Torch-free.

Classes and counts come from names, sizes and colours from the headers of a sample, bounded in number and time; every
image is checked when it is decoded. Adding a kind: one file beside this with ``listing(path) -> Listing``, one row.
"""

import os
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple

from engine.config.data import utf8_problem
from engine.data.files.listing import Listing, Stamps, printable, unchanged
from engine.data.source import MAX_SIZE, MIN_SIZE, Source
from engine.errors import ConfigError, DataError

#: The quick look ends after so many headers or seconds, whichever comes first.
SAMPLED_IMAGES = 1000
SAMPLED_S = 3.0
#: From one broken image in this many on, a set is refused.
BROKEN_LIMIT = 100
_REMEMBERED = 32
#: The name of an image and its size.
NamedSize = tuple[str, tuple[int, int]]


class PathKind(NamedTuple):
    """One kind of path. ``listing`` is ``module:function``, imported where it is used."""

    label: str
    listing: str


KINDS = {
    "folder": PathKind("folder of class folders", "engine.data.files.folder:listing"),
    "parquet": PathKind("Parquet file or folder", "engine.data.files.parquet:listing"),
}


@dataclass(frozen=True)
class QuickLook:
    """What a quick look found: enough for a row, whatever the images are resized to."""

    classes: tuple[str, ...]
    counts: dict[str, int]
    note: str
    stamps: Stamps
    grey: bool
    first: NamedSize
    #: The first image of another size, None when all that were looked at agree.
    other: NamedSize | None


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


def quick_look(listing: Listing) -> QuickLook:
    """Look at headers. Raises DataError when nothing can be read, or too many are broken where all were looked at."""
    from engine.data.files.pixels import Unreadable, look

    headers, broken, count, began = [], [], 0, time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what decoders think of odd files
        for item in listing.sample(SAMPLED_IMAGES):
            count += 1
            try:
                headers.append((item, look(item)))
            except Unreadable as reason:
                broken.append(f"{item.name} ({reason})")
            if time.monotonic() - began > SAMPLED_S:
                break
    total = sum(listing.counts.values())
    if not headers:
        raise DataError(f"none of the images in {printable(str(listing.path))} can be read, for example {broken[0]}")
    if count == total:
        check_broken(listing.path, broken, total)
    sizes = [(item.name, header.size) for item, header in headers]
    other = next((named for named in sizes if named[1] != sizes[0][1]), None)
    grey = all(header.grey for _, header in headers)
    return QuickLook(listing.classes, listing.counts, listing.note, listing.stamps, grey, sizes[0], other)


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
    train, test = facts.counts["train"], facts.counts["test"]
    size = resize or width
    note = facts.note and f" ({facts.note})"
    return Source(
        name=name,
        label=f"{printable(Path(path).name)} ({KINDS[kind].label})",
        help=f"{len(facts.classes)} classes, {size}x{size}: {train:,} images to train, {test:,} to test{note}.",
        licence="whatever its owner says",
        source=path,
        channels=1 if facts.grey else 3,
        image_size=size,
        classes=facts.classes,
        train_images=train,
        test_images=test,
        loader=KINDS[kind].listing,
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


def check_broken(path: Path, broken: list[str], total: int) -> None:
    """Raise DataError when one in a hundred images or more cannot be decoded."""
    if broken and len(broken) * BROKEN_LIMIT >= total:
        names = ", ".join(broken[:3]) + (", ..." if len(broken) > 3 else "")
        raise DataError(
            f"{len(broken)} of the {total} images in {printable(str(path))} cannot be read: {names}; 1 % or more is "
            "too much, mend or remove them"
        )
