"""What the live page follows: how far the store has come, a snapshot of some runs, what happened since."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.data import gap as gap_rule
from app.data.arms import arm_label
from app.data.place import here, reading
from app.data.pool import File
from app.data.stored import cards_of
from engine.config import TUNED
from engine.events import RunState, Split
from engine.store.reader import Reader, RunRow, Series

#: Runs in these states make no step by themselves: their last running means are those that stay on the page.
AT_REST = frozenset(RunState) - {RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.STOPPING}


#: Said in place of a gap: runs of different races need not have seen the same batches.
SEVERAL_RACES = "Runs of several races: a gap is stated within one race only."


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
    """One snapshot of some runs: the cursor to follow from, series by run and split, cards, remarks, the gap line."""

    head: Head
    series: dict[int, dict[Split, Series]]
    cards: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    gap: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened to some runs between two heads; ``points`` are rows in order of id.

    ``last`` is the last training row, old or new, of every run that has a card and is at rest.
    """

    points: list[sqlite3.Row]
    cards: list[dict[str, Any]]
    deleted: list[int]
    last: dict[int, sqlite3.Row] = field(default_factory=dict)


def head() -> Head:
    """Return how far the store has come. Costs microseconds. Raises SkipscopeError, also without a database."""
    with reading() as reader:
        points, changes = reader.head()
        probes = reader.probe_head()
    return Head(points, changes, here().pool.file() or (0, 0), probes)


def history(runs: Sequence[int], at_most: int, first: int = 0, last: int | None = None) -> History:
    """Return one snapshot of these runs, in the given order; unknown runs are left out. Raises SkipscopeError."""
    at = here()
    with reading() as reader, reader.snapshot():
        points, changes = reader.head()
        rows = _trainings(reader, runs)
        series = {
            row.id: {
                split: reader.series(row.id, split, first=first, last=last, at_most=at_most, upto=points)
                for split in Split
            }
            for row in rows
        }
        remarks = [dict(remark) for remark in reader.remarks([row.id for row in rows])] if rows else []
        return History(
            Head(points, changes, at.pool.file() or (0, 0)), series, cards_of(reader, rows), remarks, _gap(reader, rows)
        )


def delta(runs: Sequence[int], since: tuple[int, int], upto: tuple[int, int]) -> Delta:
    """Return everything about these runs after the cursor ``since``, points up to ``upto`` alone.

    Raises SkipscopeError. Cards are those of now: a change after ``upto`` may be told twice, never missed.
    """
    with reading() as reader, reader.snapshot():
        points: list[sqlite3.Row] = []
        start = since[0]
        while start < upto[0]:
            batch = reader.points_since(start, upto[0], runs)
            points += batch
            if len(batch) < 20_000:
                break
            start = batch[-1]["id"]
        changed: list[dict[str, Any]] = []
        deleted: list[int] = []
        last: dict[int, sqlite3.Row] = {}
        if since[1] < upto[1]:
            rows, gone = reader.changed_runs(since[1])
            wanted = set(runs)
            rows = [row for row in rows if row.id in wanted and not row.lab]
            changed = cards_of(reader, rows)
            resting = [row.id for row in rows if row.state in AT_REST]
            # A row after ``upto`` comes with the next delta, and so does the change that followed it.
            last = {
                run: row
                for (run, split), row in (reader.last_points(resting) if resting else {}).items()
                if split == Split.TRAIN and row["id"] <= upto[0]
            }
            deleted = [run for run in gone if run in wanted]
    return Delta(points, changed, deleted, last)


def gap(runs: Sequence[int]) -> str:
    """Return the sentence that states the degradation gap of these runs (``app.data.gap``). Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        return _gap(reader, _trainings(reader, runs))


def _trainings(reader: Reader, runs: Sequence[int]) -> list[RunRow]:
    return [row for run in runs if (row := reader.run(run)) is not None and not row.lab]


def _gap(reader: Reader, rows: Sequence[RunRow]) -> str:
    if len({row.race for row in rows}) > 1:
        return SEVERAL_RACES
    changed = reader.changed_keys([row.id for row in rows]) if rows else {}
    races = {race: reader.race(race) for race in {row.race for row in rows}}
    tuned = {race for race, found in races.items() if found and found.config.run.optim.lr == TUNED}
    standings = [
        gap_rule.Standing(
            row.id, arm_label(row.depth, row.shortcut), row.depth, row.shortcut, row.seed,
            # One that is still looked for is never named: its run has not begun.
            0.0 if row.config.optim.lr == TUNED else row.config.optim.lr, row.state.value, row.step, row.total_steps,
            row.config.optim.warmup_lr, changed.get(row.id, ()), row.race in tuned,
        )
        for row in rows
        if row.parent_run is None  # a fork is no arm of its race: its beginning is another run's
    ]  # fmt: skip
    clean, step = gap_rule.at_the_end(standings), gap_rule.common_step(standings)
    split, column = (Split.TRAIN_CLEAN, "error") if clean else (Split.TRAIN, "running_error")
    errors = {}
    if step >= gap_rule.EARLIEST_STEP:
        for standing in gap_rule.compared(standings):
            values = reader.series(standing.run, split, first=step, last=step).columns[column]
            if len(values) and values[0] == values[0]:
                errors[standing.run] = float(values[0])
    return gap_rule.statement(standings, errors, clean=clean)
