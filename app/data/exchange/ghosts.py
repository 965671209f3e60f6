"""Imported lines beside races (ghost lines): what is drawn of them, what a file offers, and their import."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from app.data.authorization import requires_presenter
from app.data.workspace import current, kept_until_change
from engine.errors import DataError
from engine.exchange.ghosts.events import MARK
from engine.exchange.ghosts.importing import LinesRequest, columns_of, import_lines, is_lines, remove_lines
from engine.exchange.ghosts.quantities import QUANTITIES
from engine.runs.temporary_folder import own_folder
from engine.store.reader import Reader
from engine.store.rows import GhostLineRow

_Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """A line with its points. Shapes: steps, numbers (points,) float64, NaN for a number that was not finite."""

    row: GhostLineRow
    steps: np.ndarray
    numbers: np.ndarray


@dataclass(frozen=True)
class SentFile:
    """A file that a visitor sent, by its name and bytes. ``step`` is the column of the steps, '' for the usual one."""

    name: str
    data: bytes
    step: str = ""

    @property
    def has_lines(self) -> bool:
        """Whether it can hold lines: a CSV or an event file; anything else may be a bundle."""
        return is_lines(PurePath(self.name))


def imported_lines(reader: Reader, races: Collection[int]) -> list[ImportedLine]:
    """Return the lines beside these races with their points."""
    return [ImportedLine(row, *reader.ghosts.points(row.id)) for row in reader.ghosts.of(sorted(races))]


def all_lines() -> list[GhostLineRow]:
    """Return the lines beside all races."""
    return kept_until_change(_all)


def quantities() -> dict[str, str]:
    """Return what a column can hold: names with labels."""
    return {name: row.label for name, row in QUANTITIES.items()}


@requires_presenter
def columns(sent: SentFile) -> list[str]:
    """Return the columns or tags of a file. Raises SkipscopeError in one line."""
    workspace = current().workspace.prepare()
    with own_folder(workspace, "sent") as folder:
        path = folder / _plain(sent.name)
        path.write_bytes(sent.data)
        return columns_of(path, sent.step)


@requires_presenter
def add(sent: SentFile, race: int, chosen: Mapping[str, str], report: _Report) -> list[GhostLineRow]:
    """Import the chosen columns as lines beside a race. Raises SkipscopeError; then nothing changes."""
    workspace = current().workspace.prepare()
    with own_folder(workspace, "sent") as folder:
        path = folder / _plain(sent.name)
        path.write_bytes(sent.data)
        return import_lines(workspace, path, LinesRequest(chosen, race, sent.step), report)


@requires_presenter
def remove(lines: Sequence[int]) -> list[int]:
    """Remove lines; return the ids of those that there were. Raises SkipscopeError."""
    return remove_lines(current().workspace, list(lines))


def _all(reader: Reader) -> list[GhostLineRow]:
    return reader.ghosts.all()


def _plain(name: str) -> str:
    """Return the name of a sent file as a name in a folder of this process's own. Raises DataError for none."""
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable())[-100:].lstrip(".")
    if not kept or not is_lines(PurePath(kept)):
        raise DataError(f"the file is no CSV and has no {MARK} in its name")
    return kept
