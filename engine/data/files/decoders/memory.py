"""How many bytes an image takes while it is decoded, by its format and mode, and a budget that threads share.

Each figure of the tables is the peak of a process of its own (``tests/fuzz/data/test_pixel_bytes.py`` measures them),
rounded up. Torch-free.
"""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from engine.data import limits
from engine.data.files.decoders.jpeg import kept_bytes, scans_in
from engine.data.files.decoders.plain import beyond_comments, is_plain
from engine.data.files.decoders.speed import is_slow, most_in_time

#: Bytes of a pixel by mode: as pillow holds it, and what its way to 8-bit grey or RGB adds.
_BY_MODE = {
    "1": (1, 5), "L": (1, 4), "P": (1, 8), "RGB": (4, 4), "PA": (4, 8), "I": (4, 5), "F": (4, 5),
    "I;16": (2, 6), "I;16B": (2, 6), "I;16L": (2, 6),
}  # fmt: skip
_OTHER_MODE = (4, 4)
#: Formats and pillow's decoders that hold the pixels several times over at once.
_BY_FORMAT = {"WEBP": 17}
_BY_DECODER = {"skipscope_ppm": 12, "ppm_plain": 12}
#: Ways to pack a TIFF file that decode a strip as a file of its own, and the tags of bits and samples.
_PACKED_STRIPS, _PACKED_STRIP_BYTES = ("jpeg", "tiff_jpeg", "webp"), 17
_BITS_TAG, _SAMPLES_TAG = 258, 277
#: Formats whose decoders are slow, or take several times the memory.
_HEAVY = ("JPEG2000", "AVIF", "QOI", "DDS", "BLP", "FTEX", "FITS", "XPM", "XBM")
_HEAVY_BYTES = 56
#: What a slow decoder's image is better saved as.
_SAVED = " so packed; save it as PNG"
#: From so many bytes on freed memory goes back to the system at once.
_LARGE = 32 * 2**20


class Need(NamedTuple):
    """The bytes that an image takes, and why it is not decoded, '' where it is."""

    bytes: int
    refusal: str


def most_pixels(image: Image.Image) -> int:
    """Return how many pixels an image of this format and mode may have."""
    most = limits.MAX_HEAVY_PIXELS if image.format in _HEAVY or is_plain(image) else limits.MAX_PIXELS
    return min(most, most_in_time(image), limits.MAX_DECODING_BYTES // pixel_bytes(image))


def pixel_bytes(image: Image.Image) -> int:
    """Return the most bytes that a pixel takes while an image is decoded and converted; a JPEG file's by rows."""
    held, added = _BY_MODE.get(image.mode, _OTHER_MODE)
    decoders = (_BY_DECODER.get(tile[0], 0) for tile in image.tile) if isinstance(image, ImageFile) else ()
    each = max(held + added, held + _strip_bytes(image), _BY_FORMAT.get(image.format or "", 0), *decoders)
    return max(each, _HEAVY_BYTES) if image.format in _HEAVY else each


def _strip_bytes(image: Image.Image) -> int:
    """Return the bytes of a pixel in a strip of a TIFF file, which may be all of the image; 0 for other formats."""
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return 0
    bits, samples = tags.get(_BITS_TAG, (1,)), tags.get(_SAMPLES_TAG, 1)
    each: int = -(-max(bits) * max(len(bits), samples) // 8)
    return max(each, _PACKED_STRIP_BYTES) if image.info.get("compression") in _PACKED_STRIPS else each


def need(image: Image.Image, full: tuple[int, int]) -> Need:
    """Return what an open image takes, whose size was ``full`` before ``draft`` was asked for a smaller one."""
    pixels, drafted, each = full[0] * full[1], image.width * image.height, pixel_bytes(image)
    most, shown = most_pixels(image), f"{full[0]}x{full[1]} pixels"
    if is_plain(image):
        return Need(pixels * each, _beyond(shown, pixels, most, _SAVED) or beyond_comments(image))
    if not isinstance(image, JpegImageFile) or image.fp is None:
        return Need(pixels * each, _beyond(shown, pixels, most, _SAVED * is_slow(image)))
    kept = kept_bytes(image.fp)
    if not kept:
        counted = drafted if image.format == "JPEG" else pixels
        return Need(counted * each, _beyond(shown, counted, most))
    taken = pixels * kept + drafted * each
    if refusal := _beyond(shown, pixels, min(most, limits.MAX_DECODING_BYTES * pixels // max(1, taken))):
        return Need(taken, refusal)
    scans, most_scans = scans_in(image.fp), min(limits.MAX_SCANS, limits.MAX_SCANNED_PIXELS // max(1, pixels))
    return Need(taken, f"{shown} in {scans:,} scans, {most_scans} at the most" if scans > most_scans else "")


def _beyond(shown: str, pixels: int, most: int, instead: str = "") -> str:
    return f"{shown}, {in_words(most)} at the most{instead}" if pixels > most else ""


def in_words(number: int) -> str:
    """Return a number of pixels, in millions where it is one or more, rounded down."""
    return f"{number // 10**5 / 10:g} million" if number >= 10**6 else f"{number:,}"


def _give_back() -> None:
    """Give freed memory back to the system: the C library keeps it for the thread that had it."""
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Return the function of the GNU C library, None where there is another one."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found


class Memory:
    """Bytes that threads share: who needs more than are left waits until others are done."""

    def __init__(self, most: int):
        self._most, self._taken = most, 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Take so many bytes, all of them where it would be more."""
        size = min(size, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + size <= self._most)
            self._taken += size
        try:
            yield
        finally:
            if size >= _LARGE:
                _give_back()
            with self._changed:
                self._taken -= size
                self._changed.notify_all()
