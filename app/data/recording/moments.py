"""What a stored race let people conclude at moments of its training, for a replay. Torch-free, without an engine.

The rule of each moment is that of the live page (``engine.runs.client.verdict_timeline``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from app.data.streaming import Conclusions
from engine.analysis.comparison import ComparedRun, compared
from engine.events import RunState
from engine.runs.client.conclusions import compared_runs, cut, errors_over_depth, predictions, verdict
from engine.runs.client.verdict_timeline import at_step, race_at_moments
from engine.runs.protocol.comparable_runs import difference_at, differences
from engine.store.reader import Reader
from engine.store.rows import RunRow, Series

#: Moments of the training of a fork whose shortcuts are cut.
MAX_CUT_MOMENTS = 30
#: The clock of a run in seconds after so many updates.
Clock = Callable[[int], float]


class Moment(NamedTuple):
    """The conclusions from ``step`` on, by the common step of the race; ``seconds`` is when the last run reached it.

    ``seconds`` is None at the end of the record.
    """

    step: int
    seconds: float | None
    conclusions: Conclusions


class CutMoment(NamedTuple):
    """What a cut had done once the fork had reached ``step``; ``step`` and ``seconds`` are None at the end."""

    step: int | None
    seconds: float | None
    text: str


class Named(NamedTuple):
    """The difference of a run from ``step`` on, whole and in few words."""

    step: int
    text: str
    name: str


def clock_of(series: Series) -> Clock:
    """Return the clock of a training curve, interpolated between its points."""
    steps, seconds = series.columns["step"], series.columns["seconds"]
    if not len(steps):
        return lambda step: 0.0
    return lambda step: float(np.interp(step, steps, seconds))


def moments(reader: Reader, rows: Sequence[RunRow], clocks: Mapping[int, Clock]) -> list[Moment]:
    """Return the conclusions of a race at moments, from its start on, ascending; repeats are left out.

    Args:
        rows: All runs of the race.
        clocks: By run.
    """
    ended = compared_runs(reader, rows)
    # Until runs are compared the words are those of the first step.
    begun = [(0, at_step(reader, rows, ended, 1))] if ended else []
    found: list[Moment] = []
    for step, runs in [*begun, *race_at_moments(reader, rows)]:
        concluded = verdict(reader, runs)
        depths = errors_over_depth(reader, runs)
        conclusions = Conclusions(concluded.statement, concluded.facts, predictions(reader, runs), depths)
        if not found or found[-1].conclusions != conclusions:
            found.append(Moment(step, _reached(runs, step, clocks) if step else 0.0, conclusions))
    if found:
        found[-1] = found[-1]._replace(seconds=None if len(found) > 1 else 0.0)
    return found


def _reached(runs: Sequence[ComparedRun], step: int, clocks: Mapping[int, Clock]) -> float:
    """Return the seconds at which the compared runs had reached a step, where none is compared all that got there."""
    there = [run for run in compared(runs) or runs if run.step >= step]
    return max((clocks[run.run](step) for run in there if run.run in clocks), default=0.0)


def cut_moments(reader: Reader, rows: Sequence[RunRow], clocks: Mapping[int, Clock]) -> list[CutMoment]:
    """Return what the newest cut of a race had done at moments, ascending; [] without a cut."""
    forks = [row for row in rows if row.parent_run is not None]
    different = differences(reader, forks)
    fork = next((row for row in reversed(forks) if row.id in different and different[row.id].is_cut), None)
    last = cut(reader, rows)
    if fork is None or fork.parent_step is None or not last:
        return []
    others = [replace(row, state=RunState.RUNNING) for row in rows if row.parent_run is None]
    every = max(1, -(-(fork.step - fork.parent_step) // MAX_CUT_MOMENTS))
    found = []
    for step in range(fork.parent_step + 1, fork.step, every):
        text = cut(reader, [*others, replace(fork, step=step, state=RunState.RUNNING)])
        # The text names the uncut net at the same step, so that net must have reached it.
        seconds = max((clocks[run](step) for run in (fork.id, fork.parent_run or 0) if run in clocks), default=0.0)
        found.append(CutMoment(step, seconds, text))
    return [*found, CutMoment(None, None, last)]


def named_differences(reader: Reader, rows: Sequence[RunRow]) -> dict[int, list[Named]]:
    """Return from which step on which difference made a run an arm of its own; comparable runs are left out."""
    found: dict[int, list[Named]] = {}
    changes = reader.interventions.changes_of([row.id for row in rows]) if rows else []
    different = differences(reader, rows)
    for row in rows:
        if row.id not in different:
            continue
        begin = 0 if row.parent_step is None else row.parent_step + 1
        steps = {begin, *(change.step for change in changes if change.run == row.id and change.step is not None)}
        for step in sorted(steps):
            known = difference_at(reader, row, step)
            text, name = (known.text, known.name) if known else ("", "")
            found.setdefault(row.id, []).append(Named(step, text, name))
    return found
