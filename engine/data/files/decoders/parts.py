"""A file that is read in a bounded number of parts: what lies before an image's pixels and between them. Torch-free.

Pillow goes over all that a file has beside its pixels, part by part in Python, and puts some of it together anew with
each part: Exif in many segments, profiles that are packed, comments byte by byte. A small file may take minutes.
"""

from typing import IO

from PIL import Image
from PIL.ImageFile import ImageFile

from engine.data import limits

#: Kinds of PNG chunks that are unpacked, up to a mebibyte each: for how many parts more a chunk counts, and the packed
#: bytes that may become as much. A text of the last kind says itself whether it is packed.
_PACKED, _TEXT = (b"iCCP", b"zTXt"), b"iTXt"
_UNPACKED_PARTS, _UNPACKED_FROM = 49, 1016
_HEAD_BYTES = 8
#: Reads that are larger are of a whole file: no segment of a JPEG file is.
_PART_BYTES = 1 << 16


class ManyParts(ValueError):
    """A file has more beside its pixels than is gone over; the text says how much that may be."""


class BoundedFile:
    """A file for pillow. It counts what is read, with another bound once the header is known."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._text_parts = file, 0
        self._allow(" before its pixels", limits.MAX_PARTS, limits.MAX_LINES, limits.MAX_PARTS_BYTES)

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def end_header(self, image: Image.Image) -> None:
        """Read on to the pixels of the image, which come in many parts."""
        parts = limits.MAX_PIXEL_PARTS
        if _reads_pixel_by_pixel(image):
            parts += limits.PARTS_OF_PIXEL * min(image.width * image.height, limits.MAX_PIXELS)
        self._allow(" with its pixels", parts, parts, limits.MAX_IMAGE_BYTES)

    def _allow(self, place: str, parts: int, lines: int, length: int) -> None:
        """Allow so many parts, lines and bytes from here on. ``place``: where they stand, in words."""
        self._place, self._most = place, {"parts": parts, "lines": lines, "bytes": length}
        self._parts, self._lines, self._bytes = parts, lines, length

    def read(self, size: int = -1) -> bytes:
        """Read as a file does. Raises ManyParts."""
        part = self._file.read(size)
        self._parts -= 1 + self._parts_unpacked(part)
        if self._parts < 0:
            raise self._beyond("parts")
        return self._count_bytes(part)

    def readline(self, size: int = -1) -> bytes:
        """Read a line as a file does. Raises ManyParts."""
        self._lines -= 1
        if self._lines < 0:
            raise self._beyond("lines")
        return self._count_bytes(self._file.readline(size))

    def _parts_unpacked(self, part: bytes) -> int:
        """Return for how many parts counts what becomes of a packed chunk, whose head or text this is."""
        if self._text_parts:
            text, self._text_parts = self._text_parts, 0
            return 0 if part.partition(b"\0")[2][:1] == b"\0" else text
        if len(part) != _HEAD_BYTES or part[4:] not in (*_PACKED, _TEXT):
            return 0
        packed = min(int.from_bytes(part[:4], "big"), _UNPACKED_FROM)
        parts = packed * _UNPACKED_PARTS // _UNPACKED_FROM
        if part[4:] in _PACKED:
            return parts
        self._text_parts = parts
        return 0

    def _count_bytes(self, part: bytes) -> bytes:
        if len(part) <= _PART_BYTES:
            self._bytes -= len(part)
        if self._bytes < 0:
            raise self._beyond("bytes")
        return part

    def _beyond(self, kind: str) -> ManyParts:
        return ManyParts(f"more than {self._most[kind]:,} {kind}{self._place}")


def _reads_pixel_by_pixel(image: Image.Image) -> bool:
    """Return whether a decoder of an open image is written in Python: most of these read by the byte."""
    return isinstance(image, ImageFile) and any(tile[0] in Image.DECODERS for tile in image.tile)
