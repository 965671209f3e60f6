"""One encoded image: its size and kind from the header, its pixels as 8-bit grey or RGB. Torch-free.

Palettes, CMYK and other colour spaces become RGB; transparency is dropped; 16 bits become the upper 8. The EXIF
orientation is ignored: pixels stay as they are stored, as in torchvision's ImageFolder. Of an animation the first
frame is taken.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.data.files.listing import Item, printable

#: Only these decoders are tried, whatever a file is called: some others start programs.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_GREY = ("1", "L", "LA", "La", "I")


class Unreadable(Exception):
    """An image cannot be decoded; the text says why in a few words."""


@dataclass(frozen=True)
class Header:
    """What an image is: pixels across and down, and whether it has no colours."""

    size: tuple[int, int]
    grey: bool


def look(item: Item) -> Header:
    """Read the header alone. Raises Unreadable."""
    with _opened(item) as image:
        return _header(image)


def decode(item: Item, channels: int, resize: int) -> tuple[Header, np.ndarray]:
    """Return the header and the pixels, uint8 (channels, height, width), height and width ``resize`` unless it is 0.

    Resizing takes the middle square, shrunk with antialiasing, which is the shorter side resized and the middle cut
    out. JPEG files are decoded at the smallest size at least twice the wanted one. Raises Unreadable.
    """
    with _opened(item) as image:
        header = _header(image)
        try:
            if resize:
                image.draft(None, (2 * resize, 2 * resize))
            picture = _eight_bit(image, channels)
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
    try:
        return Image.open(content if isinstance(content, Path) else io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        empty = isinstance(content, Path) and content.stat().st_size == 0
        raise Unreadable("empty" if empty else "no image of a known format") from None
    except Exception as error:
        raise Unreadable(_reason(error)) from None


def _header(image: Image.Image) -> Header:
    grey = image.mode in _GREY or image.mode.startswith("I;16")
    if image.mode == "P":
        try:
            palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        except Exception as error:
            raise Unreadable(_reason(error)) from None
        grey = bool((palette == palette[:, :1]).all())
    return Header(image.size, grey)


def _eight_bit(image: Image.Image, channels: int) -> Image.Image:
    # By hand where pillow's own conversion clips: 16 bits become the upper 8 here.
    if image.mode == "F":
        raise Unreadable("float pixels, whose range nobody knows")
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image.convert("L" if channels == 1 else "RGB")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return printable(text.splitlines()[0])[:80]
