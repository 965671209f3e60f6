"""Decodes the images below a path in several threads, in order and in bounded memory, into a set on disk."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from engine.data import limits
from engine.data.files.array_writer import SPLITS, ArrayWriter
from engine.data.files.listing import Item, Listing, printable
from engine.data.files.paths import check_broken, constant, mixed, oblong
from engine.data.files.pixels import Unreadable, decode, is_constant, values
from engine.data.files.value_range import ValueRange, joined
from engine.data.source import Source
from engine.errors import DataError
from engine.hardware.cores import cores

MAX_THREADS = 16
#: Images that one thread decodes at a time: about so many bytes, and at most so many.
_PIECE_BYTES = 1 << 22
_PIECE_IMAGES = 128
_T = TypeVar("_T")


class _Piece(NamedTuple):
    """Some images in order: pixels uint8 (k, channels, S, S), labels int64 (k,), what was broken among them."""

    pixels: np.ndarray
    labels: np.ndarray
    broken: list[str]
    #: Whether any image is more than one value all over.
    varied: bool


class Outcome(NamedTuple):
    """The broken images, each with its reason, and the range of wide values, None where there are none."""

    broken: list[str]
    scale: ValueRange | None


def decode_into(
    writer: ArrayWriter, listing: Listing, source: Source, resize: int, report: Callable[[str], None]
) -> Outcome:
    """Decode all images of ``listing`` into ``writer``.

    ``source`` is what a quick look found, ``resize`` the size that images are brought to, 0: as they are.

    Raises DataError in one line when images differ from what ``source`` says, too many are broken, or every one is of
    one value; and whatever ``report`` raises.
    """
    total, done, varied = sum(listing.counts.values()), 0, False
    broken: list[str] = []
    threads = min(MAX_THREADS, cores())
    each = min(_PIECE_IMAGES, max(1, _PIECE_BYTES // (source.channels * source.image_size**2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what decoders think of odd files; set before the threads start
        pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        try:
            scale = _range_of(pool, listing, 2 * threads, report) if source.wide else None
            decode_batch = partial(_decode, listing.path, source, resize, scale)
            for split in SPLITS:
                decoded, items = 0, listing.items(split)
                for piece in _pieces(pool, decode_batch, items, each, 2 * threads):
                    writer.append(split, piece.pixels, piece.labels)
                    broken += piece.broken
                    check_broken(listing.path, broken, total)
                    varied = varied or piece.varied
                    decoded += len(piece.pixels)
                    done += len(piece.pixels) + len(piece.broken)
                    skipped = f", {len(broken)} broken" if broken else ""
                    report(f"decoding {listing.path.name}: {done:,} of {total:,} images{skipped}")
                if not decoded:
                    example = f": {broken[-1]}" if broken else ""
                    where = f"{listing.counts[split]} {split} images in {printable(str(listing.path))}"
                    raise DataError(f"none of the {where} can be read{example}")
        finally:
            pool.shutdown(cancel_futures=True)
    if not varied:
        raise constant(listing.path)
    return Outcome(broken, scale)


def _range_of(
    pool: ThreadPoolExecutor, listing: Listing, ahead: int, report: Callable[[str], None]
) -> ValueRange | None:
    """Return the range of the wide values of both splits, so that all images of a set are scaled alike."""
    found: list[ValueRange] = []
    for split in SPLITS:
        for piece in _pieces(pool, _wide_range, listing.items(split), _PIECE_IMAGES, ahead):
            found = [both] if (both := joined([*found, *([piece] if piece else [])])) else []
            report(f"looking for the range of values in {listing.path.name}")
    return found[0] if found else None


def _wide_range(items: list[Item]) -> ValueRange | None:
    ranges = []
    for item in items:
        with suppress(Unreadable):  # counted when it is decoded
            header, found = values(item)
            if header.wide:
                ranges.append(found.range)
    return joined(ranges)


def _pieces(
    pool: ThreadPoolExecutor, decode_batch: Callable[[list[Item]], _T], items: Iterator[Item], each: int, ahead: int
) -> Iterator[_T]:
    """Yield what becomes of ``each`` images, in order; at most ``ahead`` pieces are under way or waiting, and at most
    so many encoded bytes."""
    # By hand: ``Executor.map`` takes all items at once before Python 3.14.
    waiting: deque[tuple[Future[_T], int]] = deque()
    held = 0
    for batch in _batches(items, each, limits.MAX_WAITING_BYTES // ahead):
        size = sum(map(_bytes_of, batch))
        while waiting and (len(waiting) >= ahead or held + size > limits.MAX_WAITING_BYTES):
            first, freed = waiting.popleft()
            yield first.result()
            held -= freed
        waiting.append((pool.submit(decode_batch, batch), size))
        held += size
    for last, _ in waiting:
        yield last.result()


def _batches(items: Iterator[Item], each: int, most_bytes: int) -> Iterator[list[Item]]:
    """Yield lists of up to ``each`` images; encoded ones in memory end a list at so many bytes."""
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += _bytes_of(item)
        if len(batch) == each or size >= most_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _bytes_of(item: Item) -> int:
    return len(item.content) if isinstance(item.content, bytes) else 0


def _decode(path: Path, source: Source, resize: int, scale: ValueRange | None, items: list[Item]) -> _Piece:
    side = source.image_size
    pixels = np.empty((len(items), source.channels, side, side), np.uint8)
    labels: list[int] = []
    broken: list[str] = []
    varied = False
    for item in items:
        try:
            header, image = decode(item, source.channels, resize, scale, 0 if resize else side)
        except Unreadable as reason:
            broken.append(f"{item.name} ({reason})")
            continue
        if image is None:
            named_size = (item.name, header.size)
            if header.size[0] != header.size[1]:
                raise oblong(path, named_size)
            raise mixed(path, ("most", (side, side)), named_size)
        if source.channels == 1 and not header.grey:
            raise DataError(
                f"{item.name} in {printable(str(path))} has colours, but those looked at first are grey; "
                "bring all to one kind"
            )
        if header.wide and not source.wide:
            raise DataError(
                f"{item.name} in {printable(str(path))} has values wider than 8 bits, but those looked at first "
                "have 8; bring all to one kind"
            )
        varied = varied or not is_constant(image.transpose(1, 2, 0))
        pixels[len(labels)] = image
        labels.append(item.label)
    return _Piece(pixels[: len(labels)], np.array(labels, np.int64), broken, varied)
