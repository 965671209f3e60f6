"""A stored race as a replay plays it: its points, its cards, and what was concluded at moments. Read-only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.data.recording.clock import Clock
from app.data.recording.moments import Moment, Moments, Named, cut_moments, moments, named_differences
from app.data.streaming import SEVERAL_RACES, Conclusions, History, history
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
    """The record of some runs.

    ``differences`` and ``old_ends``, which a run had before it was extended, are by run.
    """

    history: History
    moments: Moments[Conclusions]
    cuts: Moments[str]
    differences: dict[int, list[Named]]
    old_ends: dict[int, list[int]]


def recording(runs: Sequence[int], at_most: int) -> Recording:
    """Return the record of these runs, ``at_most`` points of each, without unknown runs. Raises SkipscopeError.

    Runs of several races have no verdict, as on the live page: only those of one race are compared.
    """
    found = history(runs, at_most)
    summaries = [{**summary, **_LEFT_OUT} for summary in found.run_summaries]
    races = {summary["race"] for summary in summaries}
    chosen = frozenset(found.series)
    # A running race grows on: its moments are read anew when somebody looks again.
    said = kept_until_change(_of(sorted(races), chosen), True, ("recording", chosen)) if races else []
    return Recording(replace(found, run_summaries=summaries), *(said or (Moments([], []), Moments([], []), {}, {})))


def _of(races: Sequence[int], chosen: Collection[int]) -> Any:
    def read(reader: Reader) -> list[Any]:
        records = [RaceRecord(reader, reader.runs.all(race)) for race in races]
        own = [row for record in records for row in record.rows if row.id in chosen]
        ends = {run: ends for record in records for run, ends in record.old_ends.items() if run in chosen}
        return [*_said(reader, records, chosen), named_differences(reader, own), ends]

    return read


def _said(reader: Reader, records: Sequence[RaceRecord], chosen: Collection[int]) -> list[Any]:
    """Return the moments of one race and of its cuts; of several races, which are not compared, the one sentence."""
    if len(records) > 1:
        always = [Moment(0.0, Conclusions(SEVERAL_RACES))]
        return [Moments(always, always), Moments[str]([], [])]
    (record,) = records
    clocks = _clocks(reader, record.rows)
    return [moments(reader, record, clocks, chosen), cut_moments(reader, record, clocks, chosen)]


def _clocks(reader: Reader, rows: Sequence[RunRow]) -> dict[int, Clock]:
    """Return the clocks of these runs, by run."""
    last = dict.fromkeys((row.id for row in rows), 0.0)
    for (run, _), point in reader.points.last(list(last)).items():
        last[run] = max(last[run], point["seconds"])
    return {
        row.id: Clock(row, reader.points.series(row.id, Split.TRAIN, at_most=_CLOCK_POINTS), last[row.id])
        for row in rows
    }
