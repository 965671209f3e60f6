"""The table of all runs: state, last errors and sparkline of each run, and the sums of races.

One query reads the whole table, and only after a change of the store. Sparklines of runs at rest are cached.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.data.workspace import WorkspaceContext, current, reading
from engine.events import RunState
from engine.models import arm_names
from engine.store.reader import Reader
from engine.store.tables.run_list import RunListRow

#: Values of a run's sparkline.
SPARK_POINTS = 24


@dataclass(frozen=True, slots=True)
class TableRow:
    """One run of the table.

    ``training`` is the running training error, ``clean`` the error on a fixed training subset in eval mode, ``test``
    the newest test error. ``tested`` names the images of the test, and the step unless it is the last one. ``spark``
    are running training errors at equal distances from the first to the last step.

    Units: errors in percent, None where not measured or not finite; ``seconds`` of training.
    """

    id: int
    race: int
    race_name: str
    arm: str
    depth: int
    shortcut: str
    data: str
    seed: int
    state: RunState
    step: int
    total_steps: int
    training: float | None
    clean: float | None
    test: float | None
    tested: str
    spark: tuple[float, ...]
    created: float
    started: float | None
    seconds: float
    device: str
    precision: str
    threads: int
    note: str
    parent_run: int | None

    @property
    def name(self) -> str:
        """Return the name of the run in the workspace: ``plain-56 s0 (run 12, race 3)``."""
        return f"{self.arm} s{self.seed} (run {self.id}, race {self.race})"


@dataclass(frozen=True, slots=True)
class RaceSum:
    """One race of the table: runs by state, and the runs with the lowest and highest running training error."""

    id: int
    name: str
    arms: tuple[str, ...]
    data: tuple[str, ...]
    seeds: int
    states: Mapping[str, int]
    lowest: TableRow | None
    highest: TableRow | None
    created: float
    runs: tuple[int, ...]


def table_rows() -> list[TableRow]:
    """Return every training of the workspace, newest race first, in starting order within a race.

    Jobs of labs and trials of learning rates are left out. Raises SkipscopeError.
    """
    context = current()
    if context.pool.file() is None:
        return []
    with reading() as reader, reader.snapshot():
        key = (context.pool.file(), reader.points.head())
        if context.table and context.table[0] == key:
            return context.table[1]
        rows = reader.run_list.rows()
        sparks = _sparks(context, reader, rows)
    table = [_row(row, sparks.get(row.id, ())) for row in rows]
    context.table = (key, table)
    return table


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of rows: a row holds every word of ``text``, and one value of each choice that is not empty."""

    text: str = ""
    states: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    shortcuts: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()

    def of(self, rows: Sequence[TableRow]) -> list[TableRow]:
        """Return the rows that pass the filter, in their order."""
        words = self.text.lower().split()
        return [
            row
            for row in rows
            if (not self.states or row.state.value in self.states)
            and (not self.data or row.data in self.data)
            and (not self.shortcuts or row.shortcut in self.shortcuts)
            and (not self.depths or row.depth in self.depths)
            and all(word in _searched(row) for word in words)
        ]


def _searched(row: TableRow) -> str:
    told = (
        f"run {row.id}",
        row.arm,
        f"race {row.race}",
        row.race_name,
        row.data,
        row.device,
        row.note,
        row.state.value,
    )
    return " ".join(told).lower()


def race_sums(rows: Sequence[TableRow]) -> list[RaceSum]:
    """Return the races of these rows, in their order."""
    by_race: dict[int, list[TableRow]] = {}
    for row in rows:
        by_race.setdefault(row.race, []).append(row)
    return [_sum(race, found) for race, found in by_race.items()]


def _sum(race: int, rows: Sequence[TableRow]) -> RaceSum:
    states: dict[str, int] = {}
    for row in rows:
        states[row.state.value] = states.get(row.state.value, 0) + 1
    measured = [row for row in rows if row.training is not None]
    return RaceSum(
        race, rows[0].race_name, tuple(dict.fromkeys(row.arm for row in rows)),
        tuple(dict.fromkeys(row.data for row in rows)), len({row.seed for row in rows}), states,
        min(measured, key=lambda row: row.training or 0, default=None),
        max(measured, key=lambda row: row.training or 0, default=None),
        min(row.created for row in rows), tuple(row.id for row in rows),
    )  # fmt: skip


def _sparks(context: WorkspaceContext, reader: Reader, rows: Sequence[RunListRow]) -> dict[int, tuple[float, ...]]:
    """Return the sparkline of every run; read only those of changed runs."""
    file = context.pool.file()
    known = {row.id: (file, row.changed, row.step) for row in rows}
    kept = {run: old for run, old in context.sparks.items() if old[0] == known.get(run)}
    wanted = [(row.id, step) for row in rows if row.id not in kept for step in _spark_steps(row)]
    fresh: dict[int, list[float]] = {}
    for run, error in reader.run_list.running_errors(wanted) if wanted else ():
        fresh.setdefault(run, []).append(round(error, 1))
    context.sparks = kept | {run: (mark, tuple(fresh.get(run, ()))) for run, mark in known.items() if run not in kept}
    return {run: values for run, (_, values) in context.sparks.items()}


def _spark_steps(row: RunListRow) -> list[int]:
    """Return steps at equal distances for a sparkline; those of a fork begin behind its parent's part."""
    first = (row.parent_step or 0) + 1
    count = min(SPARK_POINTS, row.step - first + 1)
    if count < 2:
        return [row.step] * (count == 1)
    return [first + round(place * (row.step - first) / (count - 1)) for place in range(count)]


def _row(row: RunListRow, spark: tuple[float, ...]) -> TableRow:
    test, tested = _test(row)
    return TableRow(
        row.id, row.race, row.race_name, arm_names.arm_label(row.depth, row.shortcut), row.depth, row.shortcut,
        row.data, row.seed, row.state, row.step, row.total_steps, row.training, row.clean, test, tested, spark,
        row.created, row.started, row.seconds, row.device, row.precision, row.threads, row.note, row.parent_run,
    )  # fmt: skip


def _test(row: RunListRow) -> tuple[float | None, str]:
    """Return the newest test error and its images; of two errors at one step the full set counts."""
    whole, part = row.whole_step or 0, row.part_step or 0
    if not (whole or part):
        return None, ""
    error, step, images = (row.whole, whole, "all") if whole >= part else (row.part, part, f"{row.eval_images:,}")
    return error, images if step == row.step else f"{images}, step {step:,}"
