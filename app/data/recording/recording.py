"""A stored race as a replay plays it: its points, its cards, and what was concluded at moments. Read-only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.data.recording.clock import Clock
from app.data.recording.moments import Moments, Named, cut_moments, moments, named_differences
from app.data.streaming import Conclusions, History, history
from app.data.workspace import kept_until_change
from engine.events import Split
from engine.runs.client.past_race import RaceRecord
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: What belongs to this machine or to this moment, and to no moment of a recording.
_LEFT_OUT: dict[str, Any] = {"log": "", "checkpoints": 0, "checkpoint_bytes": 0, "place": ""}
#: Points of a run that tell its clock: it goes almost evenly.
_CLOCK_POINTS = 500


@dataclass(frozen=True, slots=True)
class Recording:
    """The record of some runs of one race.

    ``differences`` and ``old_ends``, which a run had before it was extended, are by run.
    """

    history: History
    moments: Moments[Conclusions]
    cuts: Moments[str]
    differences: dict[int, list[Named]]
    old_ends: dict[int, list[int]]


def recording(runs: Sequence[int], at_most: int) -> Recording:
    """Return the record of these runs, ``at_most`` points of each, without unknown runs. Raises SkipscopeError.

    Runs of several races have no verdict: only those of one race are compared.
    """
    found = history(runs, at_most)
    summaries = [{**summary, **_LEFT_OUT} for summary in found.run_summaries]
    races = {summary["race"] for summary in summaries}
    chosen = frozenset(found.series)
    # A running race grows on: its moments are read anew when somebody looks again.
    said = kept_until_change(_of_race(min(races), chosen), True, ("recording", chosen)) if len(races) == 1 else []
    return Recording(replace(found, run_summaries=summaries), *(said or (Moments([], []), Moments([], []), {}, {})))


def _of_race(race: int, chosen: Collection[int]) -> Any:
    def read(reader: Reader) -> list[Any]:
        rows = reader.runs.all(race)
        record, clocks = RaceRecord(reader, rows), _clocks(reader, rows)
        own = [row for row in rows if row.id in chosen]
        return [
            moments(reader, record, clocks, chosen),
            cut_moments(reader, record, clocks, chosen),
            named_differences(reader, own),
            {run: ends for run, ends in record.old_ends.items() if run in chosen},
        ]

    return read


def _clocks(reader: Reader, rows: Sequence[RunRow]) -> dict[int, Clock]:
    """Return the clocks of these runs, by run."""
    last = dict.fromkeys((row.id for row in rows), 0.0)
    for (run, _), point in reader.points.last(list(last)).items():
        last[run] = max(last[run], point["seconds"])
    return {
        row.id: Clock(row, reader.points.series(row.id, Split.TRAIN, at_most=_CLOCK_POINTS), last[row.id])
        for row in rows
    }
