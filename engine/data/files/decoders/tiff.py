"""The first directory of a TIFF file, as far as it tells how many values pillow would make objects of. Torch-free.

A strip of four bytes becomes hundreds of them once the file is open: before anything of it is decoded.
"""

import struct
from typing import IO

_HEADER_BYTES = 8
_STARTS = (b"II", b"MM")
#: In the third byte: offsets and counts of 8 bytes, instead of 4.
_BIG = 43
#: Entries of a directory: more have the same tags again.
_MAX_ENTRIES = 1 << 16
#: Types whose values stay bytes: bytes, text, and what has no type.
_BYTES = (1, 2, 7)


def longest_entry(file: IO[bytes]) -> int:
    """Return how many numbers the longest entry of the first directory says it has; 0 for other files.

    The file stays where it is. What cannot be gone to says the decoder.
    """
    at = file.tell()
    try:
        file.seek(0)
        return _longest(file)
    except (struct.error, OverflowError, OSError):  # cut off, or an offset that no file has
        return 0
    finally:
        file.seek(at)


def _longest(file: IO[bytes]) -> int:
    head = file.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES or head[:2] not in _STARTS:
        return 0
    order, big = "<" if head[:2] == b"II" else ">", head[2] == _BIG
    (first,) = struct.unpack(f"{order}Q", file.read(8)) if big else struct.unpack(f"{order}L", head[4:])
    file.seek(first)
    number, entry = (struct.Struct(f"{order}{layout}") for layout in (("Q", "HHQ8x") if big else ("H", "HHL4x")))
    (entries,) = number.unpack(file.read(number.size))
    table = file.read(min(entries, _MAX_ENTRIES) * entry.size)
    whole = table[: len(table) // entry.size * entry.size]
    return max((count for _, kind, count in entry.iter_unpack(whole) if kind not in _BYTES), default=0)
