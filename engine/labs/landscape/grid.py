"""Which points of a plane are measured in which order: coarse to fine, row by row. Torch-free.

A row or column is named by its place on the finest grid, 0 to ``LAST``. Every finer grid has the points of the coarser
one and those between. Old rows are filled first and shown together, new rows are whole: what is shown is a grid at any
time.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

#: Points a side, from the first picture to the finest.
SIZES = (5, 9, 17, 33)
LAST = SIZES[-1] - 1


#: What was measured at a point.
Point = Sequence[float]


class Row(NamedTuple):
    """One row of points to be measured: those at ``columns``; ``filled`` where it has coarser ones already."""

    size: int
    row: int
    columns: tuple[int, ...]
    filled: bool


def rows(size: int) -> list[Row]:
    """Return what the grid of ``size`` points a side adds to the next coarser one; the middle comes first."""
    stride = LAST // (size - 1)
    lines = sorted(range(0, LAST + 1, stride), key=lambda line: (abs(line - LAST // 2), line))
    if size == SIZES[0]:
        return [Row(size, line, tuple(sorted(lines)), False) for line in lines]
    between = tuple(range(stride, LAST, 2 * stride))
    old = [Row(size, line, between, True) for line in lines if line % (2 * stride) == 0]
    return old + [Row(size, line, tuple(sorted(lines)), False) for line in lines if line % (2 * stride)]


def position(place: int, span: float) -> float:
    """Return where a row or column lies, from -span to span."""
    return span * (2 * place / LAST - 1)


def shown(row: Row, done: Mapping[Row, Sequence[Point]]) -> list[int]:
    """Return which rows can be shown anew after ``row``: those that have all columns of its size."""
    if not row.filled:
        return [row.row]
    mates = [mate for mate in rows(row.size) if mate.filled]
    return sorted(mate.row for mate in mates) if all(mate in done for mate in mates) else []


def complete(row: Row, done: Mapping[Row, Sequence[Point]]) -> bool:
    """Return whether ``row`` was the last of its grid."""
    return all(mate in done for mate in rows(row.size))


def gathered(line: int, done: Mapping[Row, Sequence[Point]]) -> dict[int, Point]:
    """Return what was measured on a row so far: column -> result, ascending."""
    pieces = (zip(row.columns, results, strict=True) for row, results in done.items() if row.row == line)
    return dict(sorted(chain.from_iterable(pieces)))
