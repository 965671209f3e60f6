"""The table of all runs: state, last errors and sparklines; after a change of the store only moved runs are read."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from app.data.workspace import as_seen, current, kept_until_change, reading
from engine.analysis.comparison import by, in_mean
from engine.analysis.interval import interval
from engine.config import depth_name, on_replicas
from engine.models import arm_names
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.tables.run_list import RunListRow

#: Values of a run's sparkline.
SPARK_POINTS = 24
#: Orders of many rows, each with the value that decides, the smallest first.
NEWEST = "newest race first"
ORDERS = {NEWEST: "", "lowest test error": "test", "lowest clean error": "clean", "lowest training error": "training"}
#: Sparklines in memory; further ones replace all.
_MAX_SPARKLINES = 4000


@dataclass(frozen=True, slots=True)
class TableRow(RunListRow):
    """One run of the table.

    ``difference`` says in few words what makes the run an arm of its own, '' for a comparable run.
    """

    difference: str = ""

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56``."""
        return on_replicas(arm_names.arm_label(self.depth, self.shortcut, self.family), self.replicas)

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


@dataclass(frozen=True, slots=True)
class _Kept:
    """The rows as they were read last: of which file, up to which point and change."""

    file: object
    points: int
    changes: int
    rows: dict[int, TableRow]


def table_rows() -> list[TableRow]:
    """Return every training of the workspace, newest race first, in starting order within a race.

    Jobs of labs and trials of learning rates are left out. Raises SkipscopeError.
    """
    return as_seen(kept_until_change(_table_rows, points=True))


def _table_rows(reader: Reader) -> list[TableRow]:
    """Read the rows that changed since the last reading; with thousands of runs most have ended long ago."""
    context = current()
    file, (points, changes) = context.pool.file(), reader.points.head()
    kept: _Kept | None = context.run_table
    if kept is None or kept.file != file or kept.points > points or kept.changes > changes:
        rows = _read(reader, None)
    else:
        moved, gone = reader.run_list.moved(kept.points, kept.changes)
        rows = {run: row for run, row in kept.rows.items() if run not in moved and run not in gone}
        rows |= _read(reader, moved) if moved else {}
    # A race's name changes without its runs.
    names = reader.run_list.race_names()
    rows = {
        run: row if row.race_name == names.get(row.race, "") else replace(row, race_name=names.get(row.race, ""))
        for run, row in rows.items()
    }
    context.run_table = _Kept(file, points, changes, rows)
    return sorted(rows.values(), key=lambda row: (-row.race, row.position))


def _read(reader: Reader, of: Collection[int] | None) -> dict[int, TableRow]:
    possible = [run for id in reader.run_list.possibly_different(of) if (run := reader.runs.get(id)) is not None]
    different = {run: found.name for run, found in differences(reader, possible).items()}
    names = [field.name for field in fields(RunListRow)]
    return {
        row.id: TableRow(**{name: getattr(row, name) for name in names}, difference=different.get(row.id, ""))
        for row in reader.run_list.rows(of=of)
    }


def ordered(rows: Sequence[TableRow], order: str) -> list[TableRow]:
    """Return rows in one of ``ORDERS``; those without the value come last."""
    name = ORDERS[order]
    if not name:
        return list(rows)
    return sorted(rows, key=lambda row: (getattr(row, name) is None, getattr(row, name) or 0.0))


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


def sparklines(rows: Sequence[RunListRow]) -> dict[int, tuple[float, ...]]:
    """Return running training errors in percent at equidistant steps by run, for the runs of one page of the table.

    Runs that have not moved since the last reading are not read again. Raises SkipscopeError.
    """
    context = current()
    file = context.pool.file()
    known = {row.id: (file, row.changed, row.step) for row in rows}
    stale = [row for row in rows if context.sparks.get(row.id, (None,))[0] != known[row.id]]
    wanted = [(row.id, step) for row in stale for step in _spark_steps(row)]
    fresh = defaultdict(list)
    if wanted:
        with reading() as reader:
            for run, error in reader.run_list.running_errors(wanted):
                fresh[run].append(round(error, 1))
    read = {row.id: (known[row.id], tuple(fresh[row.id])) for row in stale}
    kept = context.sparks if len(context.sparks) < _MAX_SPARKLINES else {}
    context.sparks = kept | read
    return {run: (read.get(run) or context.sparks.get(run) or (None, ()))[1] for run in known}


def _spark_steps(row: RunListRow) -> list[int]:
    """Return equidistant steps for a sparkline; a fork's begin behind its parent's part."""
    first = (row.parent_step or 0) + 1
    count = min(SPARK_POINTS, row.step - first + 1)
    if count < 2:
        return [row.step] * (count == 1)
    return [first + round(place * (row.step - first) / (count - 1)) for place in range(count)]
