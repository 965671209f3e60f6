"""How many pixels an image may have whose decoder is slow, so that one file takes seconds at the most. Torch-free.

Decoders that are written in Python take a thousand times as long for a pixel as those in C. The figures are those of
the slowest content on one core of a small machine, rounded up; ``tests/fuzz/data/test_speed.py`` measures them.
"""

from PIL import Image
from PIL.ImageFile import ImageFile

from engine.data import limits

#: Nanoseconds for a pixel by pillow's decoder.
_PIXEL_NS = {"bmp_rle": 1_000, "dds_rgb": 1_600, "qoi": 2_300, "BLP1": 700, "BLP2": 700, "xpm": 200}
#: Nanoseconds for a value that is written as a number in text: a pixel has one or three.
_VALUE_NS = {"ppm_plain": 300}
#: Of one bit a value is a letter, which is copied.
_LETTERS = "1"


def is_slow(image: Image.Image) -> bool:
    """Return whether the pixels of an open image are decoded slowly."""
    return _nanoseconds(image) > 0


def most_in_time(image: Image.Image) -> int:
    """Return how many pixels an open image may have for the time that its decoder takes."""
    each = _nanoseconds(image)
    return limits.MAX_DECODING_NS // each if each else limits.MAX_PIXELS


def _nanoseconds(image: Image.Image) -> int:
    """Return the time for a pixel, 0 where the decoder is no slow one."""
    if not isinstance(image, ImageFile):
        return 0
    values = 0 if image.mode == _LETTERS else len(image.getbands())
    times = (_PIXEL_NS.get(tile[0], 0) + _VALUE_NS.get(tile[0], 0) * values for tile in image.tile)
    return max(times, default=0)
