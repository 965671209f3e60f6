"""What a stored race let people conclude at moments of its training, for a replay. Torch-free, without an engine.

The rule of each moment is that of the live page, on the rows as they stood then (``engine.runs.client.past_race``). A
moment is a step of every run, or a place on the runs' own clocks, which start together.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from app.data.recording.clock import Clock
from app.data.recording.remembered import remembering
from app.data.streaming import Conclusions
from engine.analysis.comparison import compared
from engine.runs.client.conclusions import cut, cut_certainty, errors_over_depth, predictions, verdict
from engine.runs.client.past_race import PastRace, RaceRecord, evenly, thinned
from engine.runs.client.verdict_timeline import steps_of
from engine.runs.protocol.comparable_runs import difference_at, differences
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: Moments of the training of a fork whose shortcuts are cut.
MAX_CUT_MOMENTS = 30
#: Ends of runs that are moments by the clock.
MAX_ENDS = 60
T = TypeVar("T")


class Moment(NamedTuple, Generic[T]):
    """What was said from a place on: from a step, or from seconds."""

    at: float
    said: T


class Moments(NamedTuple, Generic[T]):
    """By the step of every run, and by the runs' own clocks: ascending, from the start on, repeats left out."""

    step: list[Moment[T]]
    seconds: list[Moment[T]]


class Named(NamedTuple):
    """The difference of a run from ``step`` on, whole and in few words."""

    step: int
    text: str
    name: str


def moments(
    reader: Reader, race: RaceRecord, clocks: Mapping[int, Clock], chosen: Collection[int]
) -> Moments[Conclusions]:
    """Return what was concluded of a race; as on the live page the verdict is of all runs, the rest of the chosen.

    Args:
        clocks: By run.
    """
    reader = remembering(reader)

    def concluded(past: PastRace) -> Conclusions:
        found = verdict(reader, past.compared)
        own = [run for run in past.compared if run.run in chosen]
        depths = errors_over_depth(reader, own)
        return Conclusions(found.statement, found.facts, predictions(reader, own), depths, alone=cut_certainty(found))

    if not race.ended:
        return Moments([], [])
    # Until runs are compared the words are those of the first step.
    first, steps = [(0.0, race.at_step(1))], steps_of(race)
    by_step = ((step, race.at_step(step)) for step in steps)
    by_clock = ((at, _at_seconds(race, clocks, at)) for at in _places(race, clocks, steps))
    return Moments(_distinct((*first, *by_step), concluded), _distinct((*first, *by_clock), concluded))


def cut_moments(reader: Reader, race: RaceRecord, clocks: Mapping[int, Clock], chosen: Collection[int]) -> Moments[str]:
    """Return what cuts among the chosen runs had done, as on the live page of the newest one that had begun."""
    steps, seconds = {race.last}, {clock.end for clock in clocks.values()}
    cuts = [row for row in race.rows if row.id in chosen and _began_cut(reader, row)]
    for row in cuts:
        own = evenly((row.parent_step or 0) + 1, row.step, MAX_CUT_MOMENTS)
        steps.update(own)
        # The text names the uncut net at the same step, so that net must have reached it.
        pair = [clocks[run] for run in (row.id, row.parent_run or 0) if run in clocks]
        seconds.update((clocks[row.id].seconds(own[0]), *(max(clock.seconds(step) for clock in pair) for step in own)))

    def done(past: PastRace) -> str:
        rows = [row for row in past.rows if row.id in chosen]
        return cut(reader, rows, past.differences, {row.id: row.step for row in past.rows})

    if not cuts:
        return Moments([], [])
    reader = remembering(reader)
    return Moments(
        _distinct(((step, race.at_step(step)) for step in sorted(steps)), done),
        _distinct(((at, _at_seconds(race, clocks, at)) for at in sorted(seconds)), done),
    )


def _began_cut(reader: Reader, row: RunRow) -> bool:
    """Return whether a run is a fork that began with its shortcuts cut, whatever was changed in it later."""
    known = None if row.parent_step is None else difference_at(reader, row, row.parent_step + 1)
    return known is not None and known.is_cut


def _distinct(pasts: Iterable[tuple[float, PastRace]], said: Callable[[PastRace], T]) -> list[Moment[T]]:
    found: list[Moment[T]] = []
    for at, past in pasts:
        words = said(past)
        if not found or found[-1].said != words:
            found.append(Moment(at, words))
    return found


def _places(race: RaceRecord, clocks: Mapping[int, Clock], steps: Sequence[int]) -> list[float]:
    """Return the seconds at which the last compared run does each of these steps, and those at which runs end."""
    found: set[float] = set(thinned(sorted({clocks[run.run].end for run in race.ended}), MAX_ENDS))
    for step in steps:
        there = [run.run for run in compared(race.ended) if run.step >= step]
        there = there or [run.run for run in race.ended if run.step >= step]
        found.add(max(clocks[run].seconds(step) for run in there))
    for run in race.ended:
        for end in race.old_ends.get(run.run, ()):
            found.update((clocks[run.run].seconds(end), clocks[run.run].seconds(end + 1)))
    # At the start the words are those of the first step.
    return sorted(at for at in found if at > 0)


def _at_seconds(race: RaceRecord, clocks: Mapping[int, Clock], at: float) -> PastRace:
    """Return the race after so many seconds of the runs' own clocks."""
    steps = {row.id: min(row.step, clocks[row.id].step(at)) for row in race.rows}
    return race.at(steps, {row.id for row in race.rows if at >= clocks[row.id].end})


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
