"""What an offline file of some runs is made from: their races, every step of their training. Torch-free.

The file itself is made by ``app/live/offline``; ``engine.exchange.registry`` names it as text.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from app.data import races, selection
from app.data.exchange.exports import portable_text
from app.data.workspace import lent, reading
from engine.analysis.evidence import CURE as CURE
from engine.errors import ConfigError
from engine.events import Split
from engine.exchange.registry import ExportSource, Report
from engine.provenance import versions
from engine.store.decimate import keep_extremes

#: What an export hands over, and what hears of its progress.
Source: TypeAlias = ExportSource
Told: TypeAlias = Report
#: Runs of a file: as many as one chart of the page takes.
MAX_RUNS = selection.MAX_RUNS


def opened(source: ExportSource) -> AbstractContextManager[None]:
    """Let all reads of the page's own functions see what the export sees. Raises ConfigError for too many runs."""
    if len(source.rows) > MAX_RUNS:
        raise ConfigError(f"a page takes at most {MAX_RUNS} runs, these are {len(source.rows)}; name fewer")
    return lent(source.reader)


def races_of(source: ExportSource) -> list[races.Race]:
    """Return the races of the exported runs in their order, their data sets without folders: their commands leave."""
    numbers = dict.fromkeys(row.race for row in source.rows)
    found = [race for number in numbers if (race := races.race(number)) is not None]
    return [replace(race, data=race.images) for race in found]


def training(run: int, at_most: int) -> tuple[dict[str, np.ndarray], int]:
    """Return the columns of a run's training, at most so many steps with their extremes, and how many there are."""
    with reading() as reader:
        series = reader.points.series(run, Split.TRAIN, at_most=at_most)
    return {name: np.asarray(column, dtype=np.float64) for name, column in series.columns.items()}, series.total


def with_extremes(steps: np.ndarray, values: np.ndarray, at_most: int) -> np.ndarray:
    """Return the indices of at most so many points of a line: its extremes, as everywhere. Shapes: (points,) each."""
    return keep_extremes(steps, [values], at_most)


def written_by() -> str:
    """Return what writes a file: the version of Skipscope, and its commit where it is known."""
    known = versions()
    return f"Skipscope {known['skipscope']}" + (f", commit {known['commit']}" if known["commit"] else "")


def portable(document: Any) -> Any:
    """Return a document without the folders of this machine in any of its texts."""
    if isinstance(document, str):
        return portable_text(document)
    if isinstance(document, dict):
        return {key: portable(value) for key, value in document.items()}
    if isinstance(document, Sequence):
        return [portable(value) for value in document]
    return document


def ended(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the summary of a run for a file: what had not ended is stopped, for its record ends where it was exported.

    Causes of failures stay behind: they name files.
    """
    state = summary["state"] if summary["state"] in {state.value for state in races.ENDED} else "stopped"
    return {**summary, "state": state, "detail": "", "cause": "", "outdated": False}
