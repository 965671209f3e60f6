"""A stored race as a replay plays it: its points, its cards, and what was concluded at moments. Read-only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.data.recording.moments import CutMoment, Moment, Named, clock_of, cut_moments, moments, named_differences
from app.data.streaming import History, history
from app.data.workspace import kept_until_change
from engine.events import Split
from engine.store.reader import Reader

#: What belongs to this machine or to this moment, and to no moment of a recording.
_LEFT_OUT: dict[str, Any] = {"log": "", "checkpoints": 0, "checkpoint_bytes": 0}
#: Points of a run that tell its clock: it goes almost evenly.
_CLOCK_POINTS = 500


@dataclass(frozen=True, slots=True)
class Recording:
    """The record of some runs of one race. ``differences`` are by run."""

    history: History
    moments: list[Moment]
    cuts: list[CutMoment]
    differences: dict[int, list[Named]]


def recording(runs: Sequence[int], at_most: int) -> Recording:
    """Return the record of these runs, ``at_most`` points of each, without unknown runs. Raises SkipscopeError.

    Runs of several races have no verdict: only those of one race are compared.
    """
    found = history(runs, at_most)
    summaries = [{**summary, **_LEFT_OUT} for summary in found.run_summaries]
    races = {summary["race"] for summary in summaries}
    # A running race grows on: its moments are read anew when somebody looks again.
    said = kept_until_change(_of_race(*races), points=True, key=("recording", *races)) if len(races) == 1 else []
    return Recording(replace(found, run_summaries=summaries), *(said or ([], [], {})))


def _of_race(race: int) -> Any:
    def read(reader: Reader) -> list[Any]:
        rows = reader.runs.all(race)
        clocks = {row.id: clock_of(reader.points.series(row.id, Split.TRAIN, at_most=_CLOCK_POINTS)) for row in rows}
        return [moments(reader, rows, clocks), cut_moments(reader, rows, clocks), named_differences(reader, rows)]

    return read
