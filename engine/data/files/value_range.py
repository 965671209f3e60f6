"""Values wider than 8 bits become 8 bits: by their upper half, or by the range that a whole set uses. Torch-free."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

#: A set of 16-bit values that spans this much or more fills its type: the upper 8 bits are what is to be seen.
FILLS = 1 << 15
#: Values that are converted at a time.
_PIECE = 1 << 18


@dataclass(frozen=True)
class ValueRange:
    """The least and the largest value, and whether all are whole numbers."""

    low: float
    high: float
    whole: bool = True

    @property
    def upper_bits(self) -> bool:
        """Whether the upper 8 of 16 bits are kept, instead of the range being stretched."""
        return self.whole and self.low >= 0 and self.high < 1 << 16 and self.high - self.low >= FILLS

    def to_bytes(self, pixels: np.ndarray) -> np.ndarray:
        """Return the pixels as uint8 of the same shape; what is no number becomes the lowest value."""
        return upper_eight(pixels) if self.upper_bits else _by_rows(self._scaled, pixels)

    def _scaled(self, pixels: np.ndarray) -> np.ndarray:
        span = (self.high - self.low) or 1.0
        scaled = (pixels.astype(np.float64) - self.low) * (255.0 / span)
        clean: np.ndarray = np.rint(np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255))
        return clean.astype(np.uint8)

    def in_words(self) -> str:
        """Return the range and what is done with it."""
        values = f"values {self.low:,.6g} to {self.high:,.6g}"
        if self.upper_bits:
            return f"{values} of 16 bits, of which the upper 8 are kept"
        return f"{values}, scaled to 0 to 255 by this range of the whole set"


def upper_eight(pixels: np.ndarray) -> np.ndarray:
    """Return the upper 8 of 16 bits, uint8."""
    return _by_rows(lambda rows: (rows.astype(np.int64) >> 8).clip(0, 255).astype(np.uint8), pixels)


def _by_rows(convert: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray) -> np.ndarray:
    """Convert to uint8 some rows at a time: on the way values take several times the memory."""
    converted = np.empty(pixels.shape, np.uint8)
    for rows in _rows_of(pixels):
        converted[rows] = convert(pixels[rows])
    return converted


def _rows_of(pixels: np.ndarray) -> Iterator[slice]:
    each = max(1, _PIECE // max(1, pixels[:1].size))
    for start in range(0, len(pixels), each):
        yield slice(start, start + each)


def range_of(pixels: np.ndarray) -> ValueRange | None:
    """Return the range of the finite values, None when there is none."""
    whole = bool(np.issubdtype(pixels.dtype, np.integer))
    found = []
    for rows in _rows_of(pixels):
        finite = pixels[rows] if whole else pixels[rows][np.isfinite(pixels[rows])]
        if finite.size:
            found.append(ValueRange(float(finite.min()), float(finite.max()), whole))
    return joined(found)


def joined(ranges: Iterable[ValueRange]) -> ValueRange | None:
    """Return the range of all of them together, None for none."""
    found = list(ranges)
    return reduce(_join, found) if found else None


def _join(one: ValueRange, other: ValueRange) -> ValueRange:
    return ValueRange(min(one.low, other.low), max(one.high, other.high), one.whole and other.whole)
