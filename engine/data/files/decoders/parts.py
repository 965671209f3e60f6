"""A file that is read in a bounded number of parts: what lies before an image's pixels and between them. Torch-free.

Pillow goes over all that a file has beside its pixels, part by part in Python, and puts some of it together anew with
each part: Exif in many segments, profiles that are packed, comments byte by byte. A small file may take minutes.
"""

from typing import IO

from engine.data import limits

#: Kinds of PNG chunks that are unpacked, up to a mebibyte each, and the parts that one counts for.
_PACKED, _PACKED_PARTS = (b"iCCP", b"zTXt", b"iTXt"), 50
_HEAD_BYTES = 8
#: Reads that are larger are of a whole file: no segment of a JPEG file is.
_PART_BYTES = 1 << 16


class ManyParts(ValueError):
    """A file has more beside its pixels than is gone over; the text says how much that may be."""


class BoundedFile:
    """A file for pillow. It counts what is read, with another bound once the header is known."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._parts, self._bytes = limits.MAX_PARTS, limits.MAX_PARTS_BYTES
        self._refusal = f"more than {self._parts:,} parts before its pixels"

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def end_header(self) -> None:
        """Read on to the pixels, which come in many parts."""
        self._parts, self._bytes = limits.MAX_PIXEL_PARTS, limits.MAX_IMAGE_BYTES
        self._refusal = f"more than {self._parts:,} parts"

    def read(self, size: int = -1) -> bytes:
        """Read as a file does. Raises ManyParts."""
        return self._count(self._file.read(size))

    def readline(self, size: int = -1) -> bytes:
        """Read a line as a file does. Raises ManyParts."""
        return self._count(self._file.readline(size))

    def _count(self, part: bytes) -> bytes:
        is_packed = len(part) == _HEAD_BYTES and part[4:] in _PACKED
        self._parts -= _PACKED_PARTS if is_packed else 1
        if len(part) <= _PART_BYTES:
            self._bytes -= len(part)
        if self._parts < 0:
            raise ManyParts(self._refusal)
        if self._bytes < 0:
            raise ManyParts(f"more than {limits.MAX_PARTS_BYTES:,} bytes before its pixels")
        return part
