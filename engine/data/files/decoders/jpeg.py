"""How libjpeg decodes a JPEG file: row by row, or with all of it in memory. Torch-free.

A file whose first scan has all components and whose coding is Huffman's, baseline or extended, is decoded row by row,
at the size that it is shrunk to. Every other is kept at its full size, two bytes for each coefficient, and every scan
goes over all of it: progressive files, and those whose components come one after the other.
"""

import re
from typing import IO

_SOS, _END, _MARKS = 0xDA, 0xD9, range(0xC0, 0xD0)
#: A marker that ends the bytes of a scan: no byte of theirs, no restart, none that libjpeg passes by there.
_AFTER_SCAN = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
#: In ``_MARKS``, but no frame: Huffman tables, an extension, arithmetic conditions.
_NO_FRAMES = (0xC4, 0xC8, 0xCC)
_BY_ROW = (0xC0, 0xC1)
#: Markers that stand alone: restarts, start, and one for the arithmetic coder.
_ALONE = (0x01, *range(0xD0, 0xD9))
_COEFFICIENT_BYTES = 2
#: Colours of a file that nobody understands, and bytes and segments before its first scan.
_MOST_LAYERS, _MOST_JUNK, _MOST_SEGMENTS = 4, 1 << 16, 10_000
_PIECE = 1 << 17


def kept_bytes(file: IO[bytes]) -> int:
    """Return how many bytes of each pixel at full size are kept while a file is decoded, 0: it is read row by row."""
    at = file.tell()
    try:
        file.seek(0)
        return _kept(file)
    except IndexError:  # what is cut off, or said in another way
        return _COEFFICIENT_BYTES * _MOST_LAYERS
    finally:
        file.seek(at)


def scans_in(file: IO[bytes]) -> int:
    """Return how many scans a file has up to its picture's end: what thumbnails and pictures behind it have is theirs.

    Of a file with more segments than are gone over, each pair of bytes that may begin a scan counts.
    """
    at, found = file.tell(), 0
    try:
        file.seek(0)
        for _ in range(_MOST_SEGMENTS):
            marker = _marker_from(file)
            if marker in (_END, None):
                return found
            found += marker == _SOS
            # The bytes of a scan come behind its segment, and are passed by like what stands between segments.
            if marker not in _ALONE:
                length = int.from_bytes(file.read(2), "big")
                file.seek(max(0, length - 2), 1)
        return _may_begin_scans(file)
    finally:
        file.seek(at)


def _marker_from(file: IO[bytes]) -> int | None:
    """Return the next marker and go behind it, None: there is none."""
    begin, last = file.tell(), b""
    while piece := file.read(_PIECE):
        if mark := _AFTER_SCAN.search(last + piece):
            file.seek(begin + mark.end() - len(last))
            return mark[0][1]
        begin += len(piece)
        last = piece[-1:]
    return None


def _may_begin_scans(file: IO[bytes]) -> int:
    found, last = 0, b""
    file.seek(0)
    while piece := file.read(_PIECE):
        found += (last + piece).count(bytes((0xFF, _SOS)))
        last = piece[-1:] if piece[-1] == 0xFF else b""
    return found


def _kept(file: IO[bytes]) -> int:
    frame: tuple[int, bytes] | None = None
    for _ in range(_MOST_SEGMENTS):
        marker = _next_marker(file)
        if marker in _ALONE:
            continue
        length = int.from_bytes(_read(file, 2), "big")
        body = _read(file, max(0, length - 2))
        if marker == _SOS:
            if frame is None:
                raise IndexError
            kind, layers = frame
            return 0 if kind in _BY_ROW and body[0] == len(layers) else _coefficients(layers)
        if marker in _MARKS and marker not in _NO_FRAMES:
            if frame is not None:
                raise IndexError
            frame = marker, body[7 : 6 + 3 * body[5] : 3]
            if not body[5] or len(frame[1]) != body[5]:
                raise IndexError
    raise IndexError


def _coefficients(layers: bytes) -> int:
    """Return the bytes of all coefficients of a pixel, rounded up. ``layers``: each one's samples across and down."""
    across, down = max(layer >> 4 for layer in layers), max(layer & 15 for layer in layers)
    samples = sum((layer >> 4) * (layer & 15) for layer in layers)
    return -(-_COEFFICIENT_BYTES * samples // max(1, across * down))


def _next_marker(file: IO[bytes]) -> int:
    for _ in range(_MOST_JUNK):
        if _read(file, 1)[0] == 0xFF:
            while (marker := _read(file, 1)[0]) == 0xFF:
                pass
            if marker:
                return marker
    raise IndexError


def _read(file: IO[bytes], length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise IndexError
    return found
