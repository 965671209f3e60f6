"""The directories of a TIFF file, as far as they tell how many values pillow would make objects of. Torch-free.

A strip of one byte becomes hundreds of them once the file is open: before anything of it is decoded. Pillow reads the
first directory, and with the pixels those for cameras and places that it names, all of whose values become objects.
"""

import io
import struct
from collections.abc import Iterator
from typing import IO

_HEADER_BYTES = 8
_STARTS = (b"II", b"MM")
_PLAIN, _BIG = 42, 43
#: Entries of all directories that pillow reads; sound files have about a hundred.
_MAX_ENTRIES = 1 << 12
#: Types whose values stay bytes: bytes, text, and what has no type.
_BYTES = (1, 2, 7)
#: Where strips and tiles begin, and how long they are.
_STRIPS = (273, 279, 324, 325)
#: Entries that pillow goes over number by number, even where they are bytes: bits, colours, kinds of samples.
_COUNTED = (*_STRIPS, 258, 320, 338, 339)
#: Entries that say where another directory is.
_DIRECTORIES = (34665, 34853, 40965)
#: Types of whole numbers.
_PLACES = {3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 13: "L", 16: "Q"}


class Crowded(ValueError):
    """There are more entries than are looked at; the text says how many."""


def most_numbers(file: IO[bytes]) -> int:
    """Return how many numbers the longest list of strips says it has, or all else together; 0 for other files.

    The file stays where it is. What cannot be gone to says the decoder. Raises Crowded.
    """
    at = file.tell()
    strips, others = 0, 0
    try:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        for tag, kind, count in _entries(file):
            if tag in _STRIPS:
                strips = max(strips, count)
            elif (kind not in _BYTES or tag in _COUNTED) and count <= size:  # others pillow leaves out
                others += count
    except (struct.error, OverflowError, OSError):  # cut off, or an offset that no file has
        return 0
    finally:
        file.seek(at)
    return max(strips, others)


def _entries(file: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield tag, type and count of every entry: of the first directory and of those it leads to."""
    head = file.read(_HEADER_BYTES)
    if head[:2] not in _STARTS or not {_PLAIN, _BIG} & set(head[2:4]):
        return
    # Offsets and counts of 8 bytes instead of 4: pillow takes the third byte for it in both orders.
    order, big = "<" if head[:2] == b"II" else ">", head[2] == _BIG
    (first,) = struct.unpack(f"{order}Q", file.read(8)) if big else struct.unpack(f"{order}L", head[4:])
    number, entry = (struct.Struct(f"{order}{layout}") for layout in (("Q", "HHQ8s") if big else ("H", "HHL4s")))
    waiting, seen, looked_at = [first], set(), 0
    while waiting:
        if (place := waiting.pop()) in seen:
            continue
        seen.add(place)
        try:
            file.seek(place)
            (entries,) = number.unpack(file.read(number.size))
        except (struct.error, ValueError, OverflowError, OSError):
            continue  # the others are read
        looked_at += entries
        if looked_at > _MAX_ENTRIES:
            raise Crowded(f"{looked_at:,} entries, {_MAX_ENTRIES:,} at the most")
        table = file.read(entries * entry.size)
        for tag, kind, count, value in entry.iter_unpack(table[: len(table) // entry.size * entry.size]):
            yield tag, kind, count
            if tag in _DIRECTORIES and count:
                waiting.extend(_place(file, order, kind, count, value))


def _place(file: IO[bytes], order: str, kind: int, count: int, value: bytes) -> Iterator[int]:
    """Yield the first number of an entry, which stands elsewhere where it has more than the entry holds."""
    try:
        number = struct.Struct(f"{order}{_PLACES[kind]}")
        if count * number.size > len(value):
            file.seek(struct.unpack(f"{order}{'Q' if len(value) == 8 else 'L'}", value)[0])
            value = file.read(number.size)
        yield number.unpack_from(value)[0]
    except (KeyError, struct.error, OverflowError, OSError):
        return
