"""What an ended race leaves to do: where its shortcuts can be cut, how it is repeated, what was concluded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.data.commands import RaceRequest
from app.data.next_steps.obstacles import to_fork
from app.data.races import ENDED, Race, is_plain
from app.data.run_times import rest_seconds
from app.data.workspace import reading
from engine.analysis.comparison import is_early
from engine.analysis.statement import Conclusion
from engine.analysis.verdict import MARGIN, Verdict
from engine.config import MAX_RUNS
from engine.events import BROKEN
from engine.models.arm_names import arm_label
from engine.runs.client.conclusions import compared_runs, verdict
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: Seeds of a repetition, where the race had one.
REPEAT_SEEDS = 3


@dataclass(frozen=True, slots=True)
class Cut:
    """A net whose shortcuts can be cut after ``step``, or were: then ``fork`` is the run without them, else None.

    ``seconds``: how long the fork will train, None where that is not known. ``trains``: whether the fork still does.
    """

    run: int
    arm: str
    step: int
    seconds: float | None = None
    fork: int | None = None
    trains: bool = False


@dataclass(frozen=True, slots=True)
class EndedRace:
    """A race whose own runs have ended; ``ended`` are the ended runs, forks included. ``cut`` is None without one.

    ``compared``: its depths were. ``degrades``: whether the deepest plain net has the larger training error, None where
    no plain nets were compared. ``more_seeds``: how many would tell more, None where more would not.
    """

    ended: tuple[int, ...]
    cut: Cut | None
    compared: bool
    degrades: bool | None
    more_seeds: int | None


def ended_race(race: Race) -> EndedRace | None:
    """Return what an ended race leaves to do, None before all its runs but forks have ended. Raises SkipscopeError."""
    if not race.runs or not set(race.states) & ENDED:
        return None
    with reading() as reader, reader.snapshot():
        rows = reader.runs.all(race.id)
        if any(row.state not in ENDED for row in rows if row.parent_run is None):
            return None
        ended = tuple(row.id for row in rows if row.state in ENDED)
        compared = compared_runs(reader, rows)
        conclusion = verdict(reader, compared)
        cut = _cut(reader, rows)
    if cut and cut.fork is None:
        row = next(row for row in rows if row.id == cut.run)
        cut = replace(cut, seconds=rest_seconds(row, cut.step))
    if is_early(compared):  # what the page does not say in words leads nowhere either
        return EndedRace(ended, cut, compared=False, degrades=None, more_seeds=None)
    gaps = [one.gap for one in conclusion.comparisons if is_plain(one.shortcut)]
    degrades = gaps[0] >= MARGIN if gaps else None
    return EndedRace(ended, cut, bool(conclusion.comparisons), degrades, _more_seeds(race, conclusion))


def _more_seeds(race: Race, conclusion: Conclusion) -> int | None:
    if not conclusion.comparisons or conclusion.kind == Verdict.TOO_FEW_STEPS:
        return None
    return REPEAT_SEEDS if race.seeds == 1 else conclusion.needed_seeds


def _cut(reader: Reader, rows: Sequence[RunRow]) -> Cut | None:
    """Return the newest cut, else the deepest residual net with a checkpoint, at the one nearest to its middle."""
    different = differences(reader, rows)
    done = [row for row in rows if row.id in different and different[row.id].is_cut]
    if done:
        row = done[-1]
        place = (row.parent_run or 0, arm_label(row.depth, row.shortcut, row.family), row.parent_step or 0)
        return Cut(*place, fork=row.id, trains=row.state not in ENDED)
    if len(rows) >= MAX_RUNS:
        return None
    for row in sorted(rows, key=lambda row: -row.depth):
        if is_plain(row.shortcut) or row.id in different or row.state in BROKEN:
            continue
        steps = [saved.step for saved in reader.checkpoints.of(row.id) if saved.step < row.total_steps]
        if steps and not to_fork(row, steps):
            middle = min(steps, key=lambda step: abs(step - row.total_steps / 2))
            return Cut(row.id, arm_label(row.depth, row.shortcut, row.family), middle)
    return None


def repeated(race: Race, *, seeds: int | None = None, tuned: bool = False) -> RaceRequest:
    """Return the request that repeats a race, with more seeds or with rates tuned for each arm."""
    return RaceRequest(
        race.depths, race.shortcuts, preset=race.preset, data=race.data, steps=race.steps,
        seeds=race.seeds if seeds is None else seeds, first_seed=race.first_seed,
        settings={**race.settings, **({"optim.lr": "tuned"} if tuned else {})}, pace=race.pace,
    )  # fmt: skip
