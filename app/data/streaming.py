"""What the live page follows: how far the store has come, a snapshot of some runs, what happened since."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from app.data.connection_pool import File
from app.data.races import rate_of, run_summaries_of, training_config
from app.data.workspace import current, reading
from engine.analysis.comparison import ComparedRun, at_the_end, common_step, compared
from engine.analysis.statement import statement
from engine.analysis.verdict import RaceErrors, needed_steps
from engine.config import TUNED
from engine.events import RunState, Split
from engine.models.arm_names import arm_label
from engine.store.reader import Reader
from engine.store.rows import RunRow, Series

#: Runs in these states make no step by themselves: their last running means are those that stay on the page.
AT_REST = frozenset(RunState) - {RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.STOPPING}
#: Evaluations of each kind get at most this part of a run's points.
EVALUATIONS_PART = 6
#: Said in place of a verdict: runs of different races need not have seen the same batches.
SEVERAL_RACES = "Runs of several races: a verdict compares the arms of one race."


class Head(NamedTuple):
    """How far the store has come: newest point's id, newest change's number, which file said so, newest probe's id."""

    points: int
    changes: int
    file: File
    probes: int = 0

    @property
    def cursor(self) -> str:
        """The stream's cursor as text, ``<points>.<changes>``."""
        return f"{self.points}.{self.changes}"


@dataclass(frozen=True, slots=True)
class History:
    """One snapshot of some runs.

    ``head`` is the cursor to follow from, ``series`` are by run and split, ``gap`` is the verdict line.
    """

    head: Head
    series: dict[int, dict[Split, Series]]
    run_summaries: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    gap: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened to some runs between two heads; ``points`` are rows in order of id.

    ``last`` is the last training row, old or new, of every run that has a summary and is at rest.
    """

    points: list[sqlite3.Row]
    run_summaries: list[dict[str, Any]]
    deleted: list[int]
    last: dict[int, sqlite3.Row] = field(default_factory=dict)


def head() -> Head:
    """Return how far the store has come. Costs microseconds. Raises SkipscopeError, also without a database."""
    with reading() as reader:
        points, changes = reader.points.head()
        probes = reader.probes.head()
    return Head(points, changes, current().pool.file() or (0, 0), probes)


def history(runs: Sequence[int], at_most: int, ranges: Mapping[int, tuple[int, int | None]] | None = None) -> History:
    """Return one snapshot of these runs, in the given order; unknown runs are left out. Raises SkipscopeError.

    ``at_most`` points of each run, all its splits together; ``ranges``: the first and last step wanted of a run.
    """
    context = current()
    with reading() as reader, reader.snapshot():
        points, changes = reader.points.head()
        rows = _trainings(reader, runs)
        series = {
            row.id: _series(reader, row.id, at_most, points, (ranges or {}).get(row.id, (0, None))) for row in rows
        }
        remarks = [dict(remark) for remark in reader.log.of([row.id for row in rows])] if rows else []
        at = Head(points, changes, context.pool.file() or (0, 0))
        return History(at, series, run_summaries_of(reader, rows), remarks, _gap(reader, rows))


def _series(reader: Reader, run: int, at_most: int, upto: int, steps: tuple[int, int | None]) -> dict[Split, Series]:
    """Evaluations get a small part of the points, of which they seldom need all; training gets the rest."""
    few = at_most // EVALUATIONS_PART
    series: dict[Split, Series] = {
        split: reader.points.series(run, split, steps, at_most=few, upto=upto)
        for split in Split
        if split is not Split.TRAIN
    }
    left = at_most - sum(map(len, series.values()))
    series[Split.TRAIN] = reader.points.series(run, Split.TRAIN, steps, at_most=left, upto=upto)
    return series


def delta(runs: Sequence[int], since: tuple[int, int], upto: tuple[int, int]) -> Delta:
    """Return everything about these runs after the cursor ``since``, points up to ``upto`` alone.

    Raises SkipscopeError. Cards are those of now: a change after ``upto`` may be told twice, never missed.
    """
    with reading() as reader, reader.snapshot():
        points: list[sqlite3.Row] = []
        start = since[0]
        while start < upto[0]:
            batch = reader.points.since(start, upto[0], runs)
            points += batch
            if len(batch) < 20_000:
                break
            start = batch[-1]["id"]
        changed: list[dict[str, Any]] = []
        deleted: list[int] = []
        last: dict[int, sqlite3.Row] = {}
        if since[1] < upto[1]:
            rows, gone = reader.runs.changed(since[1])
            wanted = set(runs)
            rows = [row for row in rows if row.id in wanted]
            changed = run_summaries_of(reader, rows)
            resting = [row.id for row in rows if row.state in AT_REST]
            # A row after ``upto`` comes with the next delta, and so does the change that followed it.
            last = {
                run: row
                for (run, split), row in (reader.points.last(resting) if resting else {}).items()
                if split == Split.TRAIN and row["id"] <= upto[0]
            }
            deleted = [run for run in gone if run in wanted]
    return Delta(points, changed, deleted, last)


def gap(runs: Sequence[int]) -> str:
    """Return the verdict on these runs (``engine.analysis.statement``). Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        return _gap(reader, _trainings(reader, runs))


def _trainings(reader: Reader, runs: Sequence[int]) -> list[RunRow]:
    return [row for run in runs if (row := reader.runs.get(run)) is not None]


def _gap(reader: Reader, rows: Sequence[RunRow]) -> str:
    if len({row.race for row in rows}) > 1:
        return SEVERAL_RACES
    runs = _compared_runs(reader, rows)
    return statement(runs, _figures(reader, runs))


def _compared_runs(reader: Reader, rows: Sequence[RunRow]) -> list[ComparedRun]:
    changed = reader.interventions.changed_keys([row.id for row in rows]) if rows else {}
    race = reader.races.get(rows[0].race) if rows else None
    tuned = race is not None and race.config.run.optim.lr == TUNED
    edges = (
        {(arm.depth, arm.shortcut) for arm in reader.tuning.arms(race.id) if arm.at_edge} if race and tuned else set()
    )
    # A fork is no arm of its race: its beginning is another run's.
    return [
        _compared_run(row, changed.get(row.id, ()), tuned, (row.depth, row.shortcut) in edges)
        for row in rows
        if row.parent_run is None
    ]


def _compared_run(row: RunRow, changed: tuple[str, ...], tuned: bool, at_edge: bool) -> ComparedRun:
    optim = training_config(row).optim
    # A rate that trials still look for is never named: its run has not begun.
    lr = rate_of(optim.lr) or 0.0
    return ComparedRun(
        row.id, arm_label(row.depth, row.shortcut), row.depth, row.shortcut, row.seed, lr, row.state.value, row.step,
        row.total_steps, optim.warmup_lr, changed, tuned, at_edge,
    )  # fmt: skip


def _figures(reader: Reader, runs: Sequence[ComparedRun]) -> RaceErrors:
    """Return the errors of the compared runs at the step at which they are compared, or evaluated last before it."""
    ids, step = [run.run for run in compared(runs)], common_step(runs)
    at_end = at_the_end(runs)

    def errors(split: Split, column: str = "error", first: int = step) -> dict[int, dict[int, float]]:
        by_run = {}
        for run in ids:
            columns = reader.points.series(run, split, (first, step)).columns
            pairs = zip(columns["step"].tolist(), columns[column].tolist(), strict=True)
            by_run[run] = {int(at): value for at, value in pairs if isfinite(value)}
        return by_run

    def those_at(by_run: dict[int, dict[int, float]], at: int) -> dict[int, float]:
        return {run: values[at] for run, values in by_run.items() if at in values}

    running = those_at(errors(Split.TRAIN, "running_error"), step)
    if at_end:
        at_last = {split: those_at(errors(split), step) for split in (Split.TRAIN_CLEAN, Split.TEST)}
        return RaceErrors(running, at_last[Split.TRAIN_CLEAN], at_last[Split.TEST], at_end=True, test_step=step)
    if step < needed_steps(runs):
        return RaceErrors(running)
    subset, clean = errors(Split.TEST_SUBSET, first=0), errors(Split.TRAIN_CLEAN, first=0)
    shared = set.intersection(*(set(subset[run]) & set(clean[run]) for run in ids))
    last = max(shared, default=0)
    if 2 * last < step:  # an evaluation of the beginning says nothing of now
        return RaceErrors(running)
    return RaceErrors(running, those_at(clean, last), those_at(subset, last), test_step=last)
