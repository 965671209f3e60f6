"""Reads a CSV of other people's curves: one row a step, commas, UTF-8, names in the first row. Torch-free."""

import csv
import math
from array import array
from collections.abc import Collection
from pathlib import Path
from typing import Any, Self, TextIO

import numpy as np

from engine.exchange import limits
from engine.exchange.ghosts.series import Foreign, Series, listed, refused

#: The column of the steps where nobody names one; TensorBoard's own CSV has it as well.
STEP = "step"


def read_table(path: Path, wanted: Collection[str] | None, step: str = "") -> Foreign:
    """Return the columns of a CSV, and of those that are wanted the points. ``wanted`` None: the names alone.

    An empty cell is no point. Raises DataError in one line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _Lines(path.name, file)
            return _read(path.name, csv.reader(lines, strict=True), lines, wanted, step)
    except UnicodeDecodeError:
        raise refused(path.name, "it is no text in UTF-8") from None
    except csv.Error as error:
        raise refused(path.name, f"it is no CSV ({error})") from None
    except OSError as error:
        raise refused(path.name, f"it cannot be read ({error.strerror or error})") from None


class _Lines:
    """The lines of a file, as far as one row has no more letters than it may; who read a row sets ``taken`` to 0."""

    def __init__(self, name: str, file: TextIO):
        self._name, self._file, self.taken = name, file, 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._file.readline(limits.MAX_ROW_LETTERS + 1 - self.taken)
        self.taken += len(line)
        if self.taken > limits.MAX_ROW_LETTERS:
            raise refused(self._name, f"a row has more than {limits.MAX_ROW_LETTERS:,} letters")
        if not line:
            raise StopIteration
        return line


def _read(name: str, rows: Any, lines: _Lines, wanted: Collection[str] | None, step: str) -> Foreign:
    header = [cell.strip() for cell in next(rows, [])]
    lines.taken = 0
    if len(header) < 2:
        raise refused(name, "its first row names fewer than two columns; columns are separated by commas")
    if len(header) > limits.MAX_COLUMNS:
        raise refused(name, f"it has {len(header):,} columns, and {limits.MAX_COLUMNS:,} is the most")
    steps_at = _step_column(name, header, step)
    foreign = Foreign([each for place, each in enumerate(header) if place != steps_at and each])
    if wanted is None:
        return foreign
    places = {}
    for column in wanted:
        if header.count(column) != 1 or header.index(column) == steps_at:
            raise refused(name, f"it has not one column {column[:60]!r}; it has {listed(foreign.columns)}")
        places[column] = header.index(column)
    found = {column: (array("d"), array("d")) for column in places}
    points = 0
    for cells in rows:
        lines.taken = 0
        if not cells:
            continue
        if len(cells) != len(header):
            raise refused(name, f"line {rows.line_num} has {len(cells)} cells, and the first row has {len(header)}")
        at = _step(name, rows.line_num, cells[steps_at])
        for column, place in places.items():
            if not (cell := cells[place].strip()):
                continue
            steps, numbers = found[column]
            steps.append(at)
            numbers.append(_number(name, rows.line_num, column, cell))
            points += 1
        if points > limits.MAX_GHOST_POINTS:
            raise refused(name, f"it has more than {limits.MAX_GHOST_POINTS:,} points")
    foreign.series = [
        Series("", column, np.array(steps), np.array(numbers)) for column, (steps, numbers) in found.items()
    ]
    return foreign


def _step_column(name: str, header: list[str], step: str) -> int:
    places = [place for place, each in enumerate(header) if (each == step if step else each.lower() == STEP)]
    if len(places) == 1:
        return places[0]
    which = f"{step[:60]!r}" if step else "called step"
    raise refused(name, f"it has not one column {which}; name that of the steps, one of {listed(header)}")


def _step(name: str, line: int, cell: str) -> float:
    try:
        at = _decimal(cell)
    except ValueError:
        at = math.nan
    # NaN fails the comparison.
    if not (0 <= at <= limits.MAX_GHOST_STEP and at == int(at)):
        raise refused(
            name, f"line {line} has the step {cell[:40]!r}; steps are whole numbers from 0 to {limits.MAX_GHOST_STEP:,}"
        )
    return at


def _number(name: str, line: int, column: str, cell: str) -> float:
    try:
        return _decimal(cell)
    except ValueError:
        raise refused(name, f"line {line} has {cell[:40]!r} in {column[:60]!r}, which is no number") from None


def _decimal(cell: str) -> float:
    """Return a number as other tools write it: Python's own would take 1_0 for ten, and digits of every script."""
    text = cell.strip()
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)
