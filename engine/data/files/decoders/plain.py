"""Images whose pixels are numbers in text: the plain kinds of PPM. Torch-free.

Pillow reads them number by number, and moves up to a mebibyte for each comment that stands between them: a file of a
few megabytes may take minutes.
"""

from typing import IO

from PIL import Image
from PIL.ImageFile import ImageFile

from engine.data import limits

_DECODER = "ppm_plain"
_PIECE_BYTES = 1 << 20


def is_plain(image: Image.Image) -> bool:
    """Return whether the pixels of an open image are text."""
    return isinstance(image, ImageFile) and any(tile[0] == _DECODER for tile in image.tile)


def beyond_comments(image: Image.Image) -> str:
    """Return why the text of an open image is not gone through, '' where it is. Raises OSError."""
    if not isinstance(image, ImageFile) or image.fp is None:
        return ""
    comments = _comments_in(image.fp)
    many = f"{comments:,} comments, {limits.MAX_COMMENTS:,} at the most"
    return many if comments > limits.MAX_COMMENTS else ""


def _comments_in(file: IO[bytes]) -> int:
    """Return how many comments a file has, and leave it where it is."""
    begin, count = file.tell(), 0
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        count += piece.count(b"#")
    file.seek(begin)
    return count
