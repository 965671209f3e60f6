"""Columns of consecutive points as bytes: whole numbers times a power of two, so that no digit is lost. Torch-free.

A column of a block is NULL (no finite value), a number (the same in every row), or little-endian bytes of one width for
every row: unsigned whole numbers in units of a power of two. Plain SQL undoes this: ``engine.store.points_view``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Bytes of one value. Seven hold the 53 bits of any one number, eight those of numbers of unlike size.
WIDTHS = (2, 4, 7, 8)
#: Rows of one block at most. Four such blocks fill one page of the database; larger ones leave much of a page empty.
MAX_ROWS = 32
#: Binary digits of a number in double precision.
_DIGITS = 53
_NO_UNIT = 2**30

#: A stored column: NULL, a number or bytes, and the unit of the bytes.
Packed = tuple[float | bytes | None, float | None]


@dataclass(frozen=True, slots=True)
class Block:
    """The rows from ``first`` to before ``last`` of a table, with one stored column for each of its columns."""

    first: int
    last: int
    columns: tuple[Packed, ...]


def pack(table: np.ndarray) -> list[Block]:
    """Return blocks of consecutive rows that hold a table without loss.

    Shapes: (columns, rows) float64, NaN where no finite value was measured.
    """
    count = table.shape[1]
    parts = -(-count // MAX_ROWS)
    ends = [count * part // parts for part in range(parts + 1)]
    waiting = list(zip(ends, ends[1:], strict=False))[::-1]
    blocks: list[Block] = []
    while waiting:
        first, last = waiting.pop()
        columns = _packed(table[:, first:last])
        if columns is None:
            # One half may be without the value that is unlike the others. A single row always packs.
            middle = (first + last) // 2
            waiting += [(middle, last), (first, middle)]
        else:
            blocks.append(Block(first, last, columns))
    return blocks


def _packed(part: np.ndarray) -> tuple[Packed, ...] | None:
    """Return the stored columns of one block, None where a column has no common unit."""
    if part.shape[1] == 1:
        return tuple((None if value != value else value, None) for value in part[:, 0].tolist())
    firsts: list[float] = part[:, 0].tolist()
    varied = np.flatnonzero((part != part[:, :1]).any(axis=1))  # NaN differs from itself
    values = part[varied]
    if np.isnan(values).any():
        missing = np.isnan(part).all(axis=1)
        varied = varied[~missing[varied]]
        values = part[varied]
        if np.isnan(values).any():
            return None
    if (values < 0).any():
        return None
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**_DIGITS).astype(np.int64)
    # A number is a multiple of its lowest set bit.
    lowest = np.frexp((whole & -whole).astype(np.float64))[1]
    units = np.where(whole == 0, _NO_UNIT, exponents + lowest).min(axis=1) - (_DIGITS + 1)
    with np.errstate(over="ignore"):
        numbers = np.ldexp(values, -units[:, None])
    largest = numbers.max(axis=1).tolist()
    if any(number >= 2.0**63 for number in largest):
        return None
    columns: list[Packed] = [(None if first != first else first, None) for first in firsts]
    data = numbers.astype("<u8").view(np.uint8).reshape(*numbers.shape, 8)
    for column, raw, number, unit in zip(varied.tolist(), data, largest, units.tolist(), strict=True):
        bits = int(number).bit_length()
        width = next(width for width in WIDTHS if 8 * width >= bits)
        columns[column] = raw[:, :width].tobytes(), 2.0**unit
    return tuple(columns)


def unpack(values: Sequence[float | bytes | None], units: Sequence[float | None], counts: Sequence[int]) -> np.ndarray:
    """Return one column of successive blocks of so many rows each.

    Shapes: result (sum of ``counts``,) float64, NaN for NULL.
    """
    rows = np.array(counts, dtype=np.int64)
    widths = np.array(
        [len(value) // count if isinstance(value, bytes) else 0 for value, count in zip(values, counts, strict=True)],
        dtype=np.int64,
    )
    column = np.empty(int(rows.sum()))
    for width in np.unique(widths).tolist():
        chosen = widths == width
        of_width = [value for value, takes in zip(values, chosen.tolist(), strict=True) if takes]
        if width:
            raw = np.zeros((int(rows[chosen].sum()), 8), dtype=np.uint8)
            raw[:, :width] = np.frombuffer(b"".join(of_width), dtype=np.uint8).reshape(-1, width)  # type: ignore[arg-type]
            unit = np.array([unit for unit, takes in zip(units, chosen.tolist(), strict=True) if takes], dtype=float)
            numbers = raw.view("<u8")[:, 0] * np.repeat(unit, rows[chosen])
        else:
            numbers = np.repeat(np.array(of_width, dtype=float), rows[chosen])  # None becomes NaN
        column[np.repeat(chosen, rows)] = numbers
    return column


def value_at(value: float | bytes | None, unit: float | None, count: int, row: int) -> float | None:
    """Return one row of a column of a block; rows behind the last are the last."""
    if not isinstance(value, bytes):
        return value
    assert unit is not None, "bytes have a unit"
    width, row = len(value) // count, min(row, count - 1)
    return int.from_bytes(value[row * width : (row + 1) * width], "little") * unit
