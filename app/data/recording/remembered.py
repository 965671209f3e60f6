"""A reader that remembers the points of a step: the moments of a race ask for the same ones again. Torch-free."""

from copy import copy
from functools import cache
from typing import cast

from engine.events import Split
from engine.store.reader import Reader
from engine.store.rows import Series
from engine.store.tables.points import Point, PointReader


def remembering(reader: Reader) -> Reader:
    """Return the reader for one consistent view: what was read once of the points is not read again."""
    found = copy(reader)
    found.points = cast(PointReader, _Points(reader.points))
    return found


class _Points:
    """The part of ``PointReader`` that conclusions read."""

    def __init__(self, points: PointReader):
        self._series, self._last = cache(points.series), cache(lambda runs: points.last(runs))
        self.evaluated = cache(points.evaluated)

    def series(self, run: int, split: Split, steps: tuple[int, int | None] = (0, None)) -> Series:
        return self._series(run, split, steps)

    def last(self, runs: list[int]) -> dict[tuple[int, Split], Point]:
        found: dict[tuple[int, Split], Point] = self._last(tuple(runs))
        return found
