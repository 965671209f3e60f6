"""One encoded image: its size and kind from the header, its pixels as 8-bit grey or RGB. Torch-free.

Palettes, CMYK and other colour spaces become RGB; transparency is dropped; wider values become 8 bits by the range of
the set (``engine.data.files.value_range``). The EXIF orientation is ignored: pixels stay as they are stored, as in
torchvision's ImageFolder. Of an animation the first frame is taken.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.data.files.image_files import BY_SUFFIX, FORMATS
from engine.data.files.listing import Item, printable
from engine.data.files.value_range import ValueRange, range_of, upper_eight

_GREY = ("1", "L", "LA", "La")
#: For a look at the values, a JPEG file is decoded at about this size.
_GLANCE = 64


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


def look(item: Item) -> Header:
    """Read the header alone. Raises Unreadable."""
    with _opened(item) as image:
        return _header(image)


def values(item: Item) -> tuple[Header, Values]:
    """Return the header and the values; those of a JPEG file are of a smaller copy. Raises Unreadable."""
    with _opened(item) as image:
        header = _header(image)
        try:
            image.draft(None, (_GLANCE, _GLANCE))
            # 8-bit pixels are judged as they are trained on: of a palette not the places but the colours count.
            array = np.asarray(image) if header.wide else np.asarray(_eight_bit(image, 1 if header.grey else 3))
            found = range_of(array)
        except Exception as error:
            raise Unreadable(_reason(error)) from None
    if found is None:
        raise Unreadable("no value is a number")
    return header, Values(found, is_constant(array))


def is_constant(array: np.ndarray) -> bool:
    """Return whether all pixels of an image (height, width) or (height, width, channels) are the same."""
    return bool((array == array[:1, :1]).all())


def decode(item: Item, channels: int, resize: int, scale: ValueRange | None = None) -> tuple[Header, np.ndarray]:
    """Return the header and the pixels, uint8 (channels, height, width), height and width ``resize`` unless it is 0.

    ``scale`` is the range that wide values of the set have; without it 16 bits become the upper 8. Resizing takes the
    middle square, shrunk with antialiasing, which is the shorter side resized and the middle cut out. JPEG files are
    decoded at the smallest size at least twice the wanted one. Raises Unreadable.
    """
    with _opened(item) as image:
        header = _header(image)
        try:
            if resize:
                image.draft(None, (2 * resize, 2 * resize))
            picture = _eight_bit(image, channels, scale)
            if resize:
                picture = ImageOps.fit(picture, (resize, resize), Image.Resampling.BILINEAR)
            array = np.asarray(picture)
        except Exception as error:  # decoders raise what they like on damaged files
            raise Unreadable(_reason(error)) from None
    return header, array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _opened(item: Item) -> Image.Image:
    content = item.content
    if not content:
        raise Unreadable("no bytes")
    own = BY_SUFFIX.get(content.suffix.lower()) if isinstance(content, Path) else None
    formats = (*_always(), own) if own else _always()
    try:
        return Image.open(content if isinstance(content, Path) else io.BytesIO(content), formats=formats)
    except UnidentifiedImageError:
        empty = isinstance(content, Path) and content.stat().st_size == 0
        raise Unreadable("empty" if empty else "no image of a known format") from None
    except Exception as error:
        raise Unreadable(_reason(error)) from None


@cache
def _always() -> tuple[str, ...]:
    """Return the decoders that this pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _header(image: Image.Image) -> Header:
    wide = image.mode.startswith(("I", "F"))
    grey = wide or image.mode in _GREY
    if image.mode == "P":
        try:
            palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        except Exception as error:
            raise Unreadable(_reason(error)) from None
        grey = bool((palette == palette[:, :1]).all())
    return Header(image.size, grey, wide)


def _eight_bit(image: Image.Image, channels: int, scale: ValueRange | None = None) -> Image.Image:
    # By hand where pillow's own conversion clips.
    if image.mode == "F" and scale is None:
        raise Unreadable("float pixels, whose range nobody knows")
    if image.mode.startswith(("I", "F")):
        array = np.asarray(image)
        image = Image.fromarray(upper_eight(array) if scale is None else scale.to_bytes(array))
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image.convert("L" if channels == 1 else "RGB")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return printable(text.splitlines()[0])[:80]
