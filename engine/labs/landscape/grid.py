"""The directions of the slices, and the order of the points of a plane: coarse to fine, row by row. Torch-free.

A row or column has its index on the finest grid, 0 to ``LAST``. A finer grid adds the points between those of the
coarser one: first the missing points of old rows, shown together, then whole rows. The shown points are always a grid.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

#: Points a side, from the first picture to the finest.
SIZES = (5, 9, 17, 33)
LAST = SIZES[-1] - 1

#: The directions of the slices.
GRADIENT, SHARPEST, RANDOM = "gradient", "top eigenvector", "random direction"
DIRECTIONS = (GRADIENT, SHARPEST, RANDOM)
#: Kinds of curves in words for people.
NAMES = {f"along {GRADIENT}": "along the gradient", f"along {SHARPEST}": "along the sharpest direction"}

#: The measured values of a point.
Point = Sequence[float]


class Row(NamedTuple):
    """The points of a row at ``columns``; ``filled``: the row has coarser points already."""

    size: int
    row: int
    columns: tuple[int, ...]
    filled: bool


def rows(size: int) -> list[Row]:
    """Return the rows that the grid of ``size`` points a side adds to the next coarser one, from the middle."""
    stride = LAST // (size - 1)
    lines = sorted(range(0, LAST + 1, stride), key=lambda line: (abs(line - LAST // 2), line))
    if size == SIZES[0]:
        return [Row(size, line, tuple(sorted(lines)), False) for line in lines]
    between = tuple(range(stride, LAST, 2 * stride))
    old = [Row(size, line, between, True) for line in lines if line % (2 * stride) == 0]
    return old + [Row(size, line, tuple(sorted(lines)), False) for line in lines if line % (2 * stride)]


def position(place: int, span: float) -> float:
    """Return the coordinate of a row or column, from -span to span."""
    return span * (2 * place / LAST - 1)


def shown(row: Row, done: Mapping[Row, Sequence[Point]]) -> list[int]:
    """Return the rows to show after ``row``: those with all columns of its size."""
    if not row.filled:
        return [row.row]
    mates = [mate for mate in rows(row.size) if mate.filled]
    return sorted(mate.row for mate in mates) if all(mate in done for mate in mates) else []


def complete(row: Row, done: Mapping[Row, Sequence[Point]]) -> bool:
    """Return whether all rows of the grid of ``row`` are done."""
    return all(mate in done for mate in rows(row.size))


def gathered(line: int, done: Mapping[Row, Sequence[Point]]) -> dict[int, Point]:
    """Return the measured points of a row by column, ascending."""
    pieces = (zip(row.columns, results, strict=True) for row, results in done.items() if row.row == line)
    return dict(sorted(chain.from_iterable(pieces)))
