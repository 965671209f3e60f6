"""Imports lines of other trainings beside a race (ghost lines), checked before a row is written. Torch-free.

They are drawn and exported, and nothing is concluded from them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import numpy as np

from engine.errors import ConfigError, DataError
from engine.exchange import limits
from engine.exchange.ghosts.events import MARK, read_events
from engine.exchange.ghosts.quantities import Quantity, quantity
from engine.exchange.ghosts.series import Foreign, Series, listed, refused, shown_name
from engine.exchange.ghosts.table import read_table
from engine.exchange.privacy import label
from engine.exchange.registry import Report
from engine.runs.client.author import author
from engine.runs.client.retention import check_quota
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH
from engine.store.decimate import keep_extremes
from engine.store.reader import Reader
from engine.store.rows import GhostLineRow
from engine.store.tables.imported.ghost_lines import GhostLine
from engine.store.workspace import Workspace
from engine.store.writer import Writer

_TABLE = ".csv"


@dataclass(frozen=True)
class LinesRequest:
    """What of a file becomes lines, and of which race.

    ``columns`` has the quantity of each column or tag that is taken. ``step`` is the column of the steps in a CSV, ''
    for the one called step. ``name`` stands for the name of the file. ``race`` None: the only race that there is.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    race: int | None = None
    step: str = ""
    name: str = ""


def is_lines(path: PurePath) -> bool:
    """Return whether a path can hold lines: a folder, an event file or a CSV; anything else may be a bundle."""
    return (isinstance(path, Path) and path.is_dir()) or path.suffix.lower() == _TABLE or MARK in path.name


def columns_of(path: Path, step: str = "") -> list[str]:
    """Return the names of a file's columns or scalar tags. Raises DataError in one line."""
    return _read(path, None, step, lambda done, total, what: None).columns


def import_lines(workspace: Workspace, path: Path, request: LinesRequest, report: Report) -> list[GhostLineRow]:
    """Import the chosen columns as lines beside a race; return them.

    Raises ConfigError for a choice that does not fit, DataError for a file that is damaged or holds too much,
    QuotaReached. What is refused leaves nothing behind.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}; name a CSV, an event file of TensorBoard, or a folder of such")
    if not request.columns:
        found = columns_of(path, request.step)
        raise ConfigError(
            f"say with --as COLUMN=QUANTITY what each column holds that is taken; {path.name} has {listed(found)}"
        )
    quantities = {column: quantity(name) for column, name in request.columns.items()}
    check_quota(workspace)
    race = _race(workspace, request.race)
    foreign = _read(path, quantities, request.step, report)
    lines = [_line(path, request, series, quantities[series.column], foreign) for series in foreign.series]
    names = [line.name for line in lines]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise refused(path.name, f"two of its lines would be called {twice!r}; take one at a time, each with a name")
    if not lines:
        raise refused(path.name, "it has no point of these columns")
    with Writer(workspace) as writer, writer.together():
        ids = writer.ghosts.add(race, lines, limits.MAX_GHOST_LINES)
        writer.commands.note("import", argument=_counted(len(lines)), race=race, author=author())
    with Reader(workspace) as reader:
        return [row for row in reader.ghosts.of([race]) if row.id in ids]


def remove_lines(workspace: Workspace, lines: list[int]) -> list[int]:
    """Remove imported lines; return the ids of those that there were, at least one. Raises ConfigError."""
    with Reader(workspace) as reader:
        races = {row.id: row.race for row in reader.ghosts.all()}
    with Writer(workspace) as writer, writer.together():
        removed = writer.ghosts.remove(lines)
        for race, count in Counter(races[line] for line in removed if line in races).items():
            writer.commands.note("remove", argument=_counted(count), race=race, author=author())
    if not removed:
        raise ConfigError(
            f"there is no imported line {', '.join(map(str, lines[:5]))}; `python -m engine ghosts` lists them"
        )
    return removed


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"


def _read(path: Path, wanted: Mapping[str, Quantity] | None, step: str, report: Report) -> Foreign:
    if path.is_dir() or path.suffix.lower() != _TABLE:
        if step:
            raise ConfigError("event files have steps of their own; leave the name of their column out")
        return read_events(path, wanted, report)
    if not path.is_file():
        raise refused(path.name, "it is no usual file")
    if (size := path.stat().st_size) > limits.MAX_GHOST_BYTES:
        raise refused(path.name, f"it has {size:,} bytes, and {limits.MAX_GHOST_BYTES:,} is the most")
    return read_table(path, wanted, step)


def _race(workspace: Workspace, race: int | None) -> int:
    """Return the race whose lines these become. Raises ConfigError where it is not there, or nobody said which."""
    if not workspace.database.exists():
        raise ConfigError(f"workspace {workspace.path} holds no race, and a line stands beside one; start a race first")
    with Reader(workspace) as reader:
        if race is not None:
            row = reader.races.known(race)
            if row.tunes is not None or row.instant:
                raise ConfigError(f"race {race} is one of trials, or an instant one, which goes; name another race")
            return race
        newest = reader.races.newest(2)
    if not newest:
        raise ConfigError(f"workspace {workspace.path} holds no race, and a line stands beside one; start a race first")
    if len(newest) > 1:
        raise ConfigError(f"say beside which race the lines stand, with --race N; the newest is {newest[0].id}")
    return newest[0].id


def _line(path: Path, request: LinesRequest, series: Series, what: Quantity, foreign: Foreign) -> GhostLine:
    """Return a line with its points in the order of their steps, thinned. Raises DataError."""
    order = np.argsort(series.steps, kind="stable")
    steps, numbers = series.steps[order], series.numbers[order]
    column = f"{series.column!r}"[:60]
    if len(twice := steps[1:][np.diff(steps) == 0]):
        raise refused(path.name, f"{column} has the step {int(twice[0]):,} twice; which one counts is not clear")
    finite = np.isfinite(numbers)
    if not finite.any():
        raise refused(path.name, f"{column} has no number that is finite")
    outside = finite & ((numbers < 0) | (numbers > what.most))
    if outside.any():
        at = int(np.flatnonzero(outside)[0])
        raise refused(
            path.name,
            f"{column} is {numbers[at]:g} at step {int(steps[at]):,}, and {what.name} is from 0 to {what.most:g}",
        )
    numbers = np.where(finite, what.converted(numbers), np.nan)
    kept = keep_extremes(steps, [numbers], limits.MAX_LINE_POINTS)
    several = len({each.column for each in foreign.series}) > 1
    # The name of an event file holds the name of a machine.
    stem = path.stem if path.suffix.lower() == _TABLE else shown_name(path) if path.is_dir() else "TensorBoard"
    parts = [request.name or stem, series.run, series.column if several or not (request.name or series.run) else ""]
    name = label(", ".join(filter(None, parts)), MAX_NAME_LENGTH) or "imported line"
    kind = "CSV column" if path.suffix.lower() == _TABLE else "TensorBoard tag"
    source = label(f"{kind} {series.column}", limits.MAX_NAME)
    return GhostLine(name, source, what.name, what.split, what.metric, len(steps), steps[kept], numbers[kept])
