"""One encoded image: its size and kind from the header, its pixels as 8-bit grey or RGB. Torch-free.

Palettes, CMYK and other colour spaces become RGB; transparency is dropped; wider values become 8 bits by the range of
the set (``engine.data.files.value_range``). The EXIF orientation is ignored: pixels stay as they are stored, as in
torchvision's ImageFolder. Of an animation the first frame is taken. Bytes and pixels are held against
``engine.data.limits`` before anything is decoded, and all threads together against one of them.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.data import limits
from engine.data.files.decoders.memory import Memory, in_words, most_pixels, need
from engine.data.files.decoders.parts import BoundedFile
from engine.data.files.decoders.scaled import decode_by_table
from engine.data.files.decoders.speed import is_slow
from engine.data.files.decoders.tiff import Crowded, most_numbers
from engine.data.files.image_files import BY_SUFFIX, FORMATS
from engine.data.files.inside import Outside, open_inside
from engine.data.files.listing import Item, printable
from engine.data.files.value_range import ValueRange, joined, range_of, upper_eight

_GREY = ("1", "L", "LA", "La")
#: For a look at the values, a JPEG file is decoded at about this size.
_GLANCE = 64
_PIECE_PIXELS = 1 << 20
#: Width and height of a tile, in TIFF.
_TILE_TAGS = (322, 323)
#: Decoders that unpack a second file inside of the image without a bound.
_DOUBLY_PACKED = ("fits_gzip",)


class Unreadable(Exception):
    """An image cannot be decoded; the text says why in a few words."""


@dataclass(frozen=True)
class Header:
    """What an image is: pixels across and down, whether it has no colours, and values wider than 8 bits."""

    size: tuple[int, int]
    grey: bool
    wide: bool = False


@dataclass(frozen=True)
class Values:
    """The values of one image: their range, and whether all pixels are the same."""

    range: ValueRange
    constant: bool


_memory = Memory(limits.MAX_DECODING_BYTES)


def look(item: Item) -> Header:
    """Read the header alone. Raises Unreadable."""
    with _opened(item) as image:
        return _header(item, image)


def values(item: Item) -> tuple[Header, Values]:
    """Return the header and the values; those of a JPEG file are of a smaller copy. Raises Unreadable."""
    with _opened(item) as image:
        header = _header(item, image)
        with _decoding(image, header, _GLANCE):
            found = [_values(rows) for rows in _rows(image, header)]
    ranges = joined(own for own, _ in found if own is not None)
    if ranges is None:
        raise Unreadable("no value is a number")
    return header, Values(ranges, len({color for _, color in found}) == 1 and found[0][1] is not None)


def _rows(image: Image.Image, header: Header) -> Iterator[np.ndarray]:
    """Yield the values some rows at a time: as an array all of them take as much again, twice."""
    for rows in _crops(image):
        # 8-bit pixels are judged as they are trained on: of a palette not the places but the colours count.
        yield np.asarray(rows) if header.wide else np.asarray(_eight_bit(rows, 1 if header.grey else 3))


def _crops(image: Image.Image) -> Iterator[Image.Image]:
    """Yield an image in pieces, some rows each."""
    each = max(1, _PIECE_PIXELS // image.width)
    image.load()
    if each >= image.height:
        yield image
        return
    for top in range(0, image.height, each):
        yield image.crop((0, top, image.width, min(top + each, image.height)))


def _array(image: Image.Image, channels: int, scale: ValueRange | None) -> np.ndarray:
    """Return all pixels, 8-bit, some rows at a time: pillow's own way to an array takes them twice more."""
    array = np.empty((image.height, image.width, 3) if channels == 3 else (image.height, image.width), np.uint8)
    top = 0
    for rows in _crops(image):
        array[top : top + rows.height] = np.asarray(_eight_bit(rows, channels, scale))
        top += rows.height
    return array


def _values(rows: np.ndarray) -> tuple[ValueRange | None, bytes | None]:
    """Return the range, and the one value of all pixels; None where there is none."""
    return range_of(rows), rows[0, 0].tobytes() if is_constant(rows) else None


def is_constant(array: np.ndarray) -> bool:
    """Return whether all pixels of an image (height, width) or (height, width, channels) are the same."""
    return bool((array == array[:1, :1]).all())


def decode(
    item: Item, channels: int, resize: int, scale: ValueRange | None = None, size: int = 0
) -> tuple[Header, np.ndarray | None]:
    """Return the header and the pixels, uint8 (channels, height, width), height and width ``resize`` unless it is 0.

    ``scale`` is the range that wide values of the set have; without it 16 bits become the upper 8. Resizing takes the
    middle square, shrunk with antialiasing, which is the shorter side resized and the middle cut out. JPEG files are
    decoded at the smallest size at least twice the wanted one. ``size``: what is not so many pixels a side is not
    decoded, and has no pixels here. Raises Unreadable.
    """
    with _opened(item) as image:
        header = _header(item, image)
        if size and header.size != (size, size):
            return header, None
        with _decoding(image, header, 2 * resize):
            if resize:
                # Without a name for the converted image: it goes before its bytes are others'.
                fitted = ImageOps.fit(_eight_bit(image, channels, scale), (resize, resize), Image.Resampling.BILINEAR)
                array = np.asarray(fitted)
            else:
                array = _array(image, channels, scale)
    return header, array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


@contextmanager
def _decoding(image: Image.Image, header: Header, draft: int) -> Iterator[None]:
    """Take the memory for an image's pixels; a JPEG file is decoded at about ``draft`` pixels a side, 0: at its own.

    Raises Unreadable for an image of too many pixels, and for what decoders raise within.
    """
    try:
        if draft:
            image.draft(None, (draft, draft))
        taken, refusal = need(image, header.size)
        if refusal:
            raise Unreadable(refusal)
        most = most_pixels(image)
        if _tile_pixels(image) > most:
            raise Unreadable(f"a tile of more than {in_words(most)} pixels")
        with _memory.taken(taken):
            try:
                image.load()
                if hasattr(image, "_decoder"):
                    # A WebP file's has two more copies of all pixels, which were for the next frame.
                    image._decoder = None
                yield
            finally:
                image.close()  # its pixels too, before their bytes are others'
    except Unreadable:
        raise
    except Exception as error:  # decoders raise what they like on damaged files
        raise Unreadable(_reason(error)) from None


def _tile_pixels(image: Image.Image) -> int:
    """Return the pixels of one tile of a TIFF file, which is decoded whole and may be larger than the image."""
    tags = getattr(image, "tag_v2", {})
    sizes = [tags.get(tag, 0) for tag in _TILE_TAGS]
    return sizes[0] * sizes[1] if all(isinstance(size, int) for size in sizes) else 0


@contextmanager
def _opened(item: Item) -> Iterator[Image.Image]:
    """Open an image for the time of a ``with``; only its header is read. Raises Unreadable."""
    content = item.content
    if not content:
        raise Unreadable("no bytes")
    try:
        file = open_inside(content, item.inside) if isinstance(content, Path) else io.BytesIO(content)
    except Outside as error:
        raise Unreadable(str(error)) from None
    except OSError as error:
        raise Unreadable(_reason(error)) from None
    with file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        own = BY_SUFFIX.get(content.suffix.lower()) if isinstance(content, Path) else None
        if size > limits.MAX_IMAGE_BYTES:
            raise Unreadable(f"{size:,} bytes, {limits.MAX_IMAGE_BYTES:,} at the most")
        try:
            numbers = most_numbers(file)
        except Crowded as error:
            raise Unreadable(str(error)) from None
        if numbers > limits.MAX_STRIPS:
            raise Unreadable(f"{numbers:,} strips or other numbers, {limits.MAX_STRIPS:,} at the most")
        try:
            bounded = BoundedFile(file)
            image = Image.open(cast(IO[bytes], bounded), formats=(*_always(), own) if own else _always())
            decode_by_table(image)
            bounded.end_header(image)
        except UnidentifiedImageError:
            raise Unreadable("no image of a known format" if size else "empty") from None
        except Image.DecompressionBombError:  # whose words are longer, and name pillow's own bound
            raise Unreadable(f"too many pixels, {in_words(limits.MAX_PIXELS)} at the most") from None
        except Exception as error:
            raise Unreadable(_reason(error)) from None
        if size > limits.MAX_DOUBLY_PACKED_BYTES and any(tile[0] in _DOUBLY_PACKED for tile in image.tile):
            raise Unreadable("a packed file inside of another")
        if size > limits.MAX_JPEG2000_BYTES and image.format == "JPEG2000":
            raise Unreadable(f"{size:,} bytes, {limits.MAX_JPEG2000_BYTES:,} of JPEG 2000 at the most")
        yield image


@cache
def _always() -> tuple[str, ...]:
    """Return the decoders that this pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _header(item: Item, image: Image.Image) -> Header:
    """Return the header of an image that ``_opened`` opened."""
    wide = image.mode.startswith(("I", "F"))
    grey = wide or image.mode in _GREY
    if image.mode == "P" and image.width * image.height <= most_pixels(image):
        # A large image keeps its pixels from here on, uncounted: those of another one are let go.
        # What is decoded slowly is never large, and not decoded twice.
        is_kept = image.width * image.height <= _PIECE_PIXELS or is_slow(image)
        with nullcontext(image) if is_kept else _opened(item) as one:
            palette = _palette(one, one is not image)
        grey = bool((palette == palette[:, :1]).all())
    return Header(image.size, grey, wide)


def _palette(image: Image.Image, ends: bool) -> np.ndarray:
    """Return the colours of a palette, (colours, 3): pillow decodes the image to tell them. ``ends``: it is closed."""
    with _memory.taken(need(image, image.size).bytes if ends else 0):
        try:
            return np.array(image.getpalette("RGB")).reshape(-1, 3)
        except Exception as error:
            raise Unreadable(_reason(error)) from None
        finally:
            if ends:
                image.close()


def _eight_bit(image: Image.Image, channels: int, scale: ValueRange | None = None) -> Image.Image:
    # By hand where pillow's own conversion clips.
    if image.mode == "F" and scale is None:
        raise Unreadable("float pixels, whose range nobody knows")
    if image.mode.startswith(("I", "F")):
        parts = map(np.asarray, _crops(image))
        rows = [upper_eight(part) if scale is None else scale.to_bytes(part) for part in parts]
        image = Image.fromarray(np.concatenate(rows))
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return printable(text.splitlines()[0])[:80]
