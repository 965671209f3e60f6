"""The table of all runs: state, last errors and sparkline; one query reads it after a change of the store."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from app.data.workspace import WorkspaceContext, current, kept_until_change
from engine.analysis.comparison import by, in_mean
from engine.analysis.interval import interval
from engine.config import depth_name
from engine.models import arm_names
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.tables.run_list import RunListRow

#: Values of a run's sparkline.
SPARK_POINTS = 24


@dataclass(frozen=True, slots=True)
class TableRow(RunListRow):
    """One run of the table; ``spark`` are running training errors in percent at equidistant steps.

    ``difference`` says in few words what makes the run an arm of its own, '' for a comparable run.
    """

    spark: tuple[float, ...]
    difference: str = ""

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56``."""
        return arm_names.arm_label(self.depth, self.shortcut, self.family)

    @property
    def depth_name(self) -> str:
        """The depth as people say it: ``56``, or ``12 blocks (50 layers)``."""
        return depth_name(self.depth, self.family)

    @property
    def name(self) -> str:
        """The name of the run in the workspace: ``plain-56 s0 (run 12, race 3)``."""
        return f"{self.arm} s{self.seed} (run {self.id}, race {self.race})"

    @property
    def test(self) -> float | None:
        """The newest test error in percent or None."""
        return self._tested[0]

    @property
    def tested(self) -> str:
        """The images of the newest test, with a step before the last one; '' without a test."""
        return self._tested[1]

    @property
    def _tested(self) -> tuple[float | None, str]:
        # Of two errors at one step the full test set counts.
        whole, part = self.whole_step or 0, self.part_step or 0
        if not (whole or part):
            return None, ""
        error, step, images = (
            (self.whole, whole, "all") if whole >= part else (self.part, part, f"{self.eval_images:,}")
        )
        return error, images if step == self.step else f"{images}, step {step:,}"


def table_rows() -> list[TableRow]:
    """Return every training of the workspace, newest race first, in starting order within a race.

    Jobs of labs and trials of learning rates are left out. Raises SkipscopeError.
    """
    return kept_until_change(_table_rows, points=True)


def _table_rows(reader: Reader) -> list[TableRow]:
    rows = reader.run_list.rows()
    sparks = _sparks(current(), reader, rows)
    names = [field.name for field in fields(RunListRow)]
    possible = [run for id in reader.run_list.possibly_different() if (run := reader.runs.get(id)) is not None]
    different = {run: found.name for run, found in differences(reader, possible).items()}
    return [
        TableRow(
            **{name: getattr(row, name) for name in names},
            spark=sparks.get(row.id, ()),
            difference=different.get(row.id, ""),
        )
        for row in rows
    ]


def arms(rows: Iterable[TableRow]) -> list[list[TableRow]]:
    """Return the runs of each arm of each race; a run with a difference stands with those of the same difference.

    No group has a seed twice: the second run of a seed begins another group.
    """
    nth: Counter[tuple[Any, ...]] = Counter()

    def key(row: TableRow) -> tuple[Any, ...]:
        arm = (row.race, row.depth, row.shortcut, row.difference)
        nth[(*arm, row.seed)] += 1
        return (*arm, nth[(*arm, row.seed)])

    return list(by(rows, key).values())


def of_mean(rows: Sequence[TableRow]) -> list[TableRow]:
    """Return the runs of one arm that count for its means: those that finished, else those on their way."""
    counted = in_mean([(row.state, row.step) for row in rows])
    return [row for row, counts in zip(rows, counted, strict=True) if counts]


def mean(rows: Sequence[TableRow], error: str) -> tuple[float, float | None, float | None] | None:
    """Return mean and 95 % interval of an error over seeds: None while a seed has none, no interval of one seed."""
    values = [value for row in rows if (value := getattr(row, error)) is not None]
    # A mean of fewer seeds than its neighbour's would look like one of the same.
    if not values or len(values) < len(rows):
        return None
    found = interval(values)
    return found.mean, found.low, found.high


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of rows: a row holds every word of ``text``, and one value of each choice that is not empty."""

    text: str = ""
    states: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    shortcuts: tuple[str, ...] = ()
    depths: tuple[str, ...] = ()

    def of(self, rows: Sequence[TableRow]) -> list[TableRow]:
        """Return the rows that pass the filter, in their order."""
        words = self.text.lower().split()
        choices = {"state": self.states, "data": self.data, "shortcut": self.shortcuts, "depth_name": self.depths}
        return [
            row
            for row in rows
            if all(not allowed or getattr(row, name) in allowed for name, allowed in choices.items())
            and all(word in _searched(row) for word in words)
        ]


def _searched(row: TableRow) -> str:
    texts = (row.arm, row.difference, row.race_name, row.data, row.device, row.note, row.state.value)
    return f"run {row.id} race {row.race} {' '.join(texts)}".lower()


def _sparks(context: WorkspaceContext, reader: Reader, rows: Sequence[RunListRow]) -> dict[int, tuple[float, ...]]:
    """Return the sparkline of every run; read those of changed runs alone."""
    file = context.pool.file()
    known = {row.id: (file, row.changed, row.step) for row in rows}
    kept = {run: old for run, old in context.sparks.items() if old[0] == known.get(run)}
    wanted = [(row.id, step) for row in rows if row.id not in kept for step in _spark_steps(row)]
    fresh = defaultdict(list)
    for run, error in reader.run_list.running_errors(wanted) if wanted else ():
        fresh[run].append(round(error, 1))
    context.sparks = kept | {run: (mark, tuple(fresh[run])) for run, mark in known.items() if run not in kept}
    return {run: values for run, (_, values) in context.sparks.items()}


def _spark_steps(row: RunListRow) -> list[int]:
    """Return equidistant steps for a sparkline; a fork's begin behind its parent's part."""
    first = (row.parent_step or 0) + 1
    count = min(SPARK_POINTS, row.step - first + 1)
    if count < 2:
        return [row.step] * (count == 1)
    return [first + round(place * (row.step - first) / (count - 1)) for place in range(count)]
