"""Arrays as bytes of a member: little-endian, one block after the other, without pickle. Torch-free.

``np.frombuffer(block, "<f4")`` reads a block; the document beside the member says type and length of each.
"""

import numpy as np

from engine.errors import DataError

#: The types of a column by name, and the bytes of one value; u4 holds whole numbers, f4 what 32 bits hold exactly.
TYPES = {"u4": "<u4", "f4": "<f4", "f8": "<f8"}
VALUE_BYTES = {"u4": 4, "f4": 4, "f8": 8}
#: Bytes of one value of each code of ``engine.store.blobs``.
CODE_BYTES = {"f4": 4, "log16": 2, "root8": 1}


def packed(values: np.ndarray) -> tuple[str, bytes]:
    """Return the smallest type that holds these numbers exactly, and their block. Shape: (n,)."""
    values = np.where(np.isnan(values), np.nan, values)  # one NaN, whatever its bits were
    with np.errstate(over="ignore", invalid="ignore"):
        if len(values) and (values >= 0).all() and (values < 2**32).all() and not np.signbit(values).any():
            whole = values.astype(TYPES["u4"])
            if np.array_equal(whole, values):
                return "u4", whole.tobytes()
        short = values.astype(TYPES["f4"])
        if np.array_equal(short.astype(np.float64), values, equal_nan=True):
            return "f4", short.tobytes()
    return "f8", values.astype(TYPES["f8"]).tobytes()


def unpacked(kind: str, block: bytes) -> np.ndarray:
    """Return the numbers of ``packed`` as float64."""
    return np.frombuffer(block, dtype=TYPES[kind]).astype(np.float64)


class Blocks:
    """The blocks of one member in their order, each exactly as long as its document says."""

    def __init__(self, data: bytes):
        self._data, self._at = memoryview(data), 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes. Raises DataError where the member is shorter."""
        if size > len(self._data) - self._at:
            raise DataError("arrays are shorter than their document says")
        block = bytes(self._data[self._at : self._at + size])
        self._at += size
        return block

    def close(self) -> None:
        """Raise DataError where the member is longer than its document says."""
        if self._at != len(self._data):
            raise DataError("arrays are longer than their document says")
