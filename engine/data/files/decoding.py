"""Decodes the images below a path in several threads, in order and in bounded memory, into a set on disk. Torch-free.

Broken images are skipped and named; from one in a hundred on, the set is refused.
"""

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.data.files.array_writer import SPLITS, ArrayWriter
from engine.data.files.listing import Item, Listing, printable
from engine.data.files.paths import check_broken, mixed, none_left, oblong
from engine.data.files.pixels import Unreadable, decode
from engine.data.source import Source
from engine.errors import DataError
from engine.hardware.cores import cores

MAX_THREADS = 16
#: Images that one thread decodes at a time: about so many bytes, and at most so many.
_PIECE_BYTES = 1 << 22
_PIECE_IMAGES = 128


@dataclass(frozen=True)
class _Job:
    """What is decoded, what a quick look said of it, and the size it is brought to (0: as it is)."""

    listing: Listing
    source: Source
    resize: int


@dataclass(frozen=True)
class _Piece:
    """Some images in order: pixels uint8 (k, channels, S, S), labels int64 (k,), what was broken among them."""

    pixels: np.ndarray
    labels: np.ndarray
    broken: list[str]


def decode_into(
    writer: ArrayWriter, listing: Listing, source: Source, resize: int, report: Callable[[str], None]
) -> list[str]:
    """Decode all images of ``listing`` into ``writer``; return the broken ones, each with its reason.

    Raises DataError in one line when images differ from what ``source`` says, or too many are broken; and whatever
    ``report`` raises.
    """
    job = _Job(listing, source, resize)
    total, done = sum(listing.counts.values()), 0
    broken: list[str] = []
    threads = min(MAX_THREADS, cores())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what decoders think of odd files; set before the threads start
        pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        try:
            for split in SPLITS:
                kept = 0
                for piece in _pieces(pool, 2 * threads, job, split):
                    writer.append(split, piece.pixels, piece.labels)
                    broken += piece.broken
                    check_broken(listing.path, broken, total)
                    kept += len(piece.pixels)
                    done += len(piece.pixels) + len(piece.broken)
                    skipped = f", {len(broken)} broken" if broken else ""
                    report(f"decoding {listing.path.name}: {done:,} of {total:,} images{skipped}")
                if not kept:
                    raise none_left(listing.path, split, listing.counts[split], broken)
        finally:
            pool.shutdown(cancel_futures=True)
    return broken


def _pieces(pool: ThreadPoolExecutor, ahead: int, job: _Job, split: str) -> Iterator[_Piece]:
    """Decode a split; at most ``ahead`` pieces are under way or waiting."""
    bytes_each = job.source.channels * job.source.image_size**2
    each = min(_PIECE_IMAGES, max(1, _PIECE_BYTES // bytes_each))
    items, waiting = job.listing.items(split), deque[Future[_Piece]]()
    while True:
        while len(waiting) < ahead and (some := list(islice(items, each))):
            waiting.append(pool.submit(_decode, some, job))
        if not waiting:
            return
        yield waiting.popleft().result()


def _decode(items: list[Item], job: _Job) -> _Piece:
    listing, source, resize = job.listing, job.source, job.resize
    side = source.image_size
    pixels = np.empty((len(items), source.channels, side, side), np.uint8)
    labels: list[int] = []
    broken: list[str] = []
    for item in items:
        try:
            header, image = decode(item, source.channels, resize)
        except Unreadable as reason:
            broken.append(f"{item.name} ({reason})")
            continue
        if not resize and (header.width, header.height) != (side, side):
            size = (header.width, header.height)
            if header.width != header.height:
                raise oblong(listing.path, item.name, size)
            raise mixed(listing.path, ("most", (side, side)), (item.name, size))
        if source.channels == 1 and not header.grey:
            raise DataError(
                f"{item.name} in {printable(str(listing.path))} has colours, but those looked at first are grey; "
                "bring all to one kind"
            )
        pixels[len(labels)] = image
        labels.append(item.label)
    return _Piece(pixels[: len(labels)], np.array(labels, np.int64), broken)
