"""What was to be concluded of a race while it ran: its verdict at moments, by the common step of its runs. Torch-free.

The rule is that of the live page: at a moment every run stands at the common step, and a run with steps to come trains
on. The last moment is the race's end.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.analysis.comparison import MIN_STEP
from engine.runs.client.conclusions import verdict
from engine.runs.client.past_race import RaceRecord, evenly, thinned
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: Moments of a race: as many as a replay of a minute can show.
MAX_MOMENTS = 60
#: The page's own: sentences by part, and facts for what the browser draws.
_OF_THE_PAGE = ("statement", "facts")


def verdict_timeline(reader: Reader, rows: Sequence[RunRow], moments: int = MAX_MOMENTS) -> list[dict[str, Any]]:
    """Return the verdicts of the runs of one race, ascending by ``step``; as in ``race --json``, repeats left out."""
    found: list[dict[str, Any]] = []
    race = RaceRecord(reader, rows)
    for step in steps_of(race, moments):
        concluded = verdict(reader, race.at_step(step).compared)
        document = {"kind": concluded.kind.value, "text": concluded.text, **asdict(concluded)}
        for key in _OF_THE_PAGE:
            del document[key]
        if not found or {**found[-1], "step": step} != {"step": step, **document}:
            found.append({"step": step, **document})
    return found


def steps_of(race: RaceRecord, moments: int = MAX_MOMENTS) -> list[int]:
    """Return the steps of the moments, ascending: from the first on that words may compare at, and where runs end.

    The last one is that of the run that is furthest.
    """
    even = evenly(MIN_STEP, race.last, moments) if race.last else []
    return sorted({*even, *thinned(race.turns(), moments)})
