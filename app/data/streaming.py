"""The reads of the live page: the head of the store, a snapshot of some runs, the news since a cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from app.data.connection_pool import File
from app.data.exchange.ghosts import ImportedLine, imported_lines
from app.data.races import run_summaries_of, stored_runs
from app.data.workspace import current, reading
from engine.analysis.certainty import Certainty as Certainty
from engine.analysis.depth_errors import DepthError as DepthError
from engine.analysis.prediction import Answers
from engine.analysis.prediction import Question as Question
from engine.analysis.statement import GapFacts as GapFacts
from engine.analysis.statement import Statement
from engine.config import RUNNING_WINDOW as RUNNING_WINDOW
from engine.events import AT_WORK
from engine.events import Split as Split
from engine.runs.client.conclusions import compared_runs, cut, cut_certainty, errors_over_depth, predictions, verdict
from engine.runs.client.observer import observe
from engine.store.reader import Reader
from engine.store.rows import RunRow, Series
from engine.store.tables.points import Point

#: Evaluations of each split get at most this part of a run's points.
EVALUATIONS_PART = 6
#: In place of a verdict: runs of different races need not have seen the same batches.
SEVERAL_RACES = Statement("No verdict: these runs come from different races.")


class Head(NamedTuple):
    """The head of the store: newest point's id, newest change's number, identity of the file, newest probe's id."""

    points: int
    changes: int
    file: File
    probes: int = 0

    @property
    def cursor(self) -> str:
        """The stream's cursor as text, ``<points>.<changes>``."""
        return f"{self.points}.{self.changes}"


@dataclass(frozen=True, slots=True)
class Conclusions:
    """The conclusions about some runs: the statement, the questions to a room, each with its answers.

    ``gaps`` is what the chart of gaps says, None where there is nothing. ``depths`` are the last errors over depth by
    curve, {} for fewer than three depths. ``cut`` is what cutting the shortcuts of a net did, '' without a cut.
    ``alone`` is how sure that is where the race compares nothing, so that it is the finding; else None.
    """

    statement: Statement
    gaps: GapFacts | None = None
    predictions: Sequence[tuple[Question, Answers]] = ()
    depths: Mapping[str, Sequence[DepthError]] = field(default_factory=dict)
    cut: str = ""
    alone: Certainty | None = None


@dataclass(frozen=True, slots=True)
class History:
    """One snapshot of some runs and of the imported lines beside them; ``head`` is the cursor to follow from."""

    head: Head
    series: dict[int, dict[Split, Series]]
    run_summaries: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    conclusions: Conclusions
    ghosts: Sequence[ImportedLine] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """The news of some runs between two heads; ``points`` are rows in order of id.

    ``last`` is the last training row of every run at rest among the summaries. ``ghosts``: other lines were imported
    beside the runs, or removed.
    """

    points: list[Point]
    run_summaries: list[dict[str, Any]]
    deleted: list[int]
    last: dict[int, Point] = field(default_factory=dict)
    ghosts: bool = False


def head() -> Head:
    """Return the head of the store in microseconds. Raises SkipscopeError, also without a database."""
    with reading() as reader:
        return Head(*reader.points.head(), current().pool.file() or (0, 0), reader.probes.head())


def log_mark() -> tuple[int, ...] | None:
    """Return what a write to the store changes, without a query; None where that is unknown."""
    return current().pool.log_mark()


def engine_status() -> dict[str, Any]:
    """Return ``{"state", "pid", "version", "devices", "message", "seen"}``; state: alive, none, other-version, silent.

    ``seen`` are state and detail of each run whose record is out of date.
    """
    context = current()
    if context.pool.file() is None:
        return asdict(context.control.engine.status()) | {"seen": {}}
    with reading() as reader:
        seen = {run: told._asdict() for run, told in observe(reader).items()}
        return asdict(context.control.engine.status(reader)) | {"seen": seen}


def history(runs: Sequence[int], at_most: int, ranges: Mapping[int, tuple[int, int | None]] | None = None) -> History:
    """Return one snapshot of these runs in their order, without unknown runs. Raises SkipscopeError.

    Args:
        at_most: Points of each run, all its splits together.
        ranges: First and last step by run.
    """
    context = current()
    with reading() as reader, reader.snapshot():
        points, changes = reader.points.head()
        rows = stored_runs(reader, runs)
        series = {
            row.id: _series(reader, row.id, at_most, points, (ranges or {}).get(row.id, (0, None))) for row in rows
        }
        remarks = [dict(remark) for remark in reader.log.of([row.id for row in rows])] if rows else []
        at = Head(points, changes, context.pool.file() or (0, 0))
        # Finer points are asked for beside lines that the page has.
        whole = all(steps == (0, None) for steps in (ranges or {}).values())
        ghosts = imported_lines(reader, {row.race for row in rows}) if whole else ()
        return History(at, series, run_summaries_of(reader, rows), remarks, _conclusions(reader, rows), ghosts)


def _series(reader: Reader, run: int, at_most: int, upto: int, steps: tuple[int, int | None]) -> dict[Split, Series]:
    few = at_most // EVALUATIONS_PART
    series: dict[Split, Series] = {}
    for split in sorted(Split, key=lambda split: split is Split.TRAIN):
        most = at_most - sum(map(len, series.values())) if split is Split.TRAIN else few
        series[split] = reader.points.series(run, split, steps, at_most=most, upto=upto)
    return series


def delta(runs: Sequence[int], since: tuple[int, int], upto: tuple[int, int]) -> Delta:
    """Return the news of these runs after the cursor ``since``, points up to ``upto``. Raises SkipscopeError.

    Summaries are the present ones: a change after ``upto`` may come twice, and never gets lost.
    """
    with reading() as reader, reader.snapshot():
        points: list[Point] = []
        start = since[0]
        while start < upto[0]:
            batch = reader.points.since(start, upto[0], runs)
            points += batch
            if len(batch) < 20_000:
                break
            start = batch[-1]["id"]
        changed: list[dict[str, Any]] = []
        deleted: list[int] = []
        last: dict[int, Point] = {}
        ghosts = False
        if since[1] < upto[1]:
            rows, gone = reader.runs.changed(since[1])
            wanted = set(runs)
            rows = [row for row in rows if row.id in wanted]
            changed = run_summaries_of(reader, rows)
            # The last running means of a run at rest stay on the page.
            resting = [row.id for row in rows if row.state not in AT_WORK]
            # A row after ``upto`` comes with the next delta.
            last = {
                run: row
                for (run, split), row in (reader.points.last(resting) if resting else {}).items()
                if split == Split.TRAIN and row["id"] <= upto[0]
            }
            deleted = [run for run in gone if run in wanted]
            ghosts = reader.ghosts.changed(runs, since[1])
    return Delta(points, changed, deleted, last, ghosts)


def conclusions(runs: Sequence[int]) -> Conclusions:
    """Return the conclusions about these runs. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        return _conclusions(reader, stored_runs(reader, runs))


def _conclusions(reader: Reader, rows: Sequence[RunRow]) -> Conclusions:
    compared = compared_runs(reader, rows)
    if len({row.race for row in rows}) == 1:
        # The verdict is about the whole race: a selection of its runs would be another comparison.
        concluded = verdict(reader, compared_runs(reader, reader.runs.all(rows[0].race)))
        depths = errors_over_depth(reader, compared)
        found = predictions(reader, compared)
        alone = cut_certainty(concluded)
        return Conclusions(concluded.statement, concluded.facts, found, depths, cut(reader, rows), alone)
    races = {row.id: row.race for row in rows}
    named = [replace(run, arm=f"{run.arm} (race {races[run.run]})") for run in compared]
    return Conclusions(SEVERAL_RACES if rows else Statement(), None, predictions(reader, named))
