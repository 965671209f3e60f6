"""A race as it stood at earlier moments, from its rows, so that the rule of the live page judges it again. Torch-free.

A run that has steps to come trains on. A run that was extended had finished when it stood at its old end.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.analysis.comparison import ComparedRun
from engine.analysis.difference import NO_DIFFERENCE, Difference
from engine.config import STEPS
from engine.events import RunState
from engine.runs.client.conclusions import compared_runs
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import ChangeRow, RunRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PastRace:
    """The runs of a race at a moment: their rows, forks left out that had not begun, and how they are compared.

    ``differences`` are those of then, by run.
    """

    rows: Sequence[RunRow]
    compared: Sequence[ComparedRun]
    differences: Mapping[int, Difference]


class RaceRecord:
    """All that a race was, by the steps of its runs."""

    def __init__(self, reader: Reader, rows: Sequence[RunRow]):
        self._reader, self.rows = reader, rows
        self.ended = compared_runs(reader, rows)
        self._changes = reader.interventions.changes_of([row.id for row in rows])
        self._begin = {row.id: row.parent_step + 1 for row in rows if row.parent_step is not None}
        self._known: dict[frozenset[int], dict[int, Difference]] = {}
        #: The ends that a run had before it was extended, ascending.
        self.old_ends: dict[int, list[int]] = {}
        for change in self._changes:
            if change.key == STEPS and change.step is not None:
                self.old_ends.setdefault(change.run, []).append(change.step)

    @property
    def last(self) -> int:
        """The largest step of a run, forks left out."""
        return max((run.step for run in self.ended), default=0)

    def turns(self) -> list[int]:
        """Return the steps at which a run ends, and those at which an old end came and went; forks left out."""
        own = {row.id: row for row in self.rows if row.parent_run is None}
        old = [end for run, ends in self.old_ends.items() if run in own for end in ends]
        steps = {*(row.step for row in own.values()), *old, *(end + 1 for end in old)}
        return sorted(step for step in steps if 0 < step <= self.last)

    def at_step(self, step: int) -> PastRace:
        """Return the race when every run had done so many steps, those that end before at their ends."""
        steps = {row.id: min(row.step, step) for row in self.rows}
        return self.at(steps, {row.id for row in self.rows if row.step <= step})

    def at(self, steps: Mapping[int, int], over: Collection[int]) -> PastRace:
        """Return the race when its runs had done ``steps``; runs of ``over`` stand as they do now."""
        then = [row if row.id in over else self._row_at(row, steps[row.id]) for row in self.rows]
        rows = [row for row in then if row.parent_step is None or row.id in over or row.step > row.parent_step]
        known, standing = self._differences(steps, over), {row.id: row for row in rows}
        compared = [
            replace(
                run, step=row.step, state=row.state.value, total_steps=row.total_steps,
                changed=different.changed, recipe=different.recipe,
            )
            for run in self.ended
            for row, different in [(standing[run.run], known.get(run.run, NO_DIFFERENCE))]
        ]  # fmt: skip
        return PastRace(rows, compared, known)

    def _row_at(self, row: RunRow, step: int) -> RunRow:
        ends = [*self.old_ends.get(row.id, ()), row.total_steps]
        end = next((end for end in ends if end >= step), row.total_steps)
        finished = end == step and end != row.total_steps
        return replace(row, step=step, total_steps=end, state=RunState.FINISHED if finished else RunState.RUNNING)

    def _differences(self, steps: Mapping[int, int], over: Collection[int]) -> dict[int, Difference]:
        def counts(change: ChangeRow) -> bool:
            if change.step is None or change.run in over:
                return True
            # The own changes of a fork hold from its begin on.
            return change.step <= max(steps[change.run], self._begin.get(change.run, 0))

        held = frozenset(change.id for change in self._changes if counts(change))
        if held not in self._known:
            self._known[held] = differences(self._reader, self.rows, lambda change: change.id in held)
        return self._known[held]


def evenly(first: int, last: int, most: int) -> list[int]:
    """Return at most so many steps, evenly spaced from the first on, and the last."""
    every = max(1, -(-(last - first) // max(1, most - 1)))
    return [*range(first, last, every), last]


def thinned(moments: Sequence[T], most: int) -> list[T]:
    """Return at most so many of these moments, the last one kept."""
    places = evenly(0, len(moments) - 1, most) if moments else []
    return [moments[place] for place in places]
