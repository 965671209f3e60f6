"""Decodes the images below a path in several threads, in order and in bounded memory, into a set on disk."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from engine.data.files.array_writer import SPLITS, ArrayWriter
from engine.data.files.listing import Item, Listing, printable
from engine.data.files.paths import check_broken, mixed, oblong
from engine.data.files.pixels import Unreadable, decode
from engine.data.source import Source
from engine.errors import DataError
from engine.hardware.cores import cores

MAX_THREADS = 16
#: Images that one thread decodes at a time: about so many bytes, and at most so many.
_PIECE_BYTES = 1 << 22
_PIECE_IMAGES = 128
#: Some images in order: pixels uint8 (k, channels, S, S), labels int64 (k,), what was broken among them.
_Piece = tuple[np.ndarray, np.ndarray, list[str]]


def decode_into(
    writer: ArrayWriter, listing: Listing, source: Source, resize: int, report: Callable[[str], None]
) -> list[str]:
    """Decode all images of ``listing`` into ``writer``; return the broken ones, each with its reason.

    ``source`` is what a quick look found, ``resize`` the size that images are brought to, 0: as they are.

    Raises DataError in one line when images differ from what ``source`` says, or too many are broken; and whatever
    ``report`` raises.
    """
    total, done = sum(listing.counts.values()), 0
    broken: list[str] = []
    threads = min(MAX_THREADS, cores())
    each = min(_PIECE_IMAGES, max(1, _PIECE_BYTES // (source.channels * source.image_size**2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what decoders think of odd files; set before the threads start
        pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        decode_batch = partial(_decode, listing.path, source, resize)
        try:
            for split in SPLITS:
                decoded, items = 0, listing.items(split)
                for pixels, labels, unreadable in _pieces(pool, decode_batch, items, each, 2 * threads):
                    writer.append(split, pixels, labels)
                    broken += unreadable
                    check_broken(listing.path, broken, total)
                    decoded += len(pixels)
                    done += len(pixels) + len(unreadable)
                    skipped = f", {len(broken)} broken" if broken else ""
                    report(f"decoding {listing.path.name}: {done:,} of {total:,} images{skipped}")
                if not decoded:
                    example = f": {broken[-1]}" if broken else ""
                    where = f"{listing.counts[split]} {split} images in {printable(str(listing.path))}"
                    raise DataError(f"none of the {where} can be read{example}")
        finally:
            pool.shutdown(cancel_futures=True)
    return broken


def _pieces(
    pool: ThreadPoolExecutor, decode_batch: Callable[[list[Item]], _Piece], items: Iterator[Item], each: int, ahead: int
) -> Iterator[_Piece]:
    """Yield the pieces of ``each`` images in order; at most ``ahead`` of them are under way or waiting."""
    # By hand: ``Executor.map`` takes all items at once before Python 3.14.
    batches = iter(lambda: list(islice(items, each)), [])
    submitted = (pool.submit(decode_batch, batch) for batch in batches)
    waiting = deque(islice(submitted, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(islice(submitted, 1))


def _decode(path: Path, source: Source, resize: int, items: list[Item]) -> _Piece:
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
        if not resize and header.size != (side, side):
            named_size = (item.name, header.size)
            if header.size[0] != header.size[1]:
                raise oblong(path, named_size)
            raise mixed(path, ("most", (side, side)), named_size)
        if source.channels == 1 and not header.grey:
            raise DataError(
                f"{item.name} in {printable(str(path))} has colours, but those looked at first are grey; "
                "bring all to one kind"
            )
        pixels[len(labels)] = image
        labels.append(item.label)
    return pixels[: len(labels)], np.array(labels, np.int64), broken
