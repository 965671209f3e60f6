"""What was to be concluded of a race while it ran: its verdict at moments, by the common step of its runs. Torch-free.

The rule is that of the live page: at a moment every run stands at the common step, and a run with steps to come trains
on. The last moment is the race's end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from engine.analysis.comparison import MIN_STEP, ComparedRun
from engine.analysis.difference import NO_DIFFERENCE, Difference
from engine.events import RunState
from engine.runs.client.conclusions import compared_runs, verdict
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import ChangeRow, RunRow

#: Moments of a race: as many as a replay of a minute can show.
MAX_MOMENTS = 60
#: The page's own: sentences by part, and facts for what the browser draws.
_OF_THE_PAGE = ("statement", "facts")


def verdict_timeline(reader: Reader, rows: Sequence[RunRow], moments: int = MAX_MOMENTS) -> list[dict[str, Any]]:
    """Return the verdicts of the runs of one race, ascending by ``step``; as in ``race --json``, repeats left out."""
    found: list[dict[str, Any]] = []
    for step, runs in race_at_moments(reader, rows, moments):
        concluded = verdict(reader, runs)
        document = {"kind": concluded.kind.value, "text": concluded.text, **asdict(concluded)}
        for key in _OF_THE_PAGE:
            del document[key]
        if not found or {**found[-1], "step": step} != {"step": step, **document}:
            found.append({"step": step, **document})
    return found


def race_at_moments(
    reader: Reader, rows: Sequence[RunRow], moments: int = MAX_MOMENTS
) -> Iterator[tuple[int, list[ComparedRun]]]:
    """Yield the moments of a race by their common step, ascending, each with its runs as they stood there.

    The last moment is the end of the record.
    """
    ended = compared_runs(reader, rows)
    last = max((run.step for run in ended), default=0)
    for step in _steps(last, moments):
        yield step, ended if step == last else at_step(reader, rows, ended, step)


def at_step(reader: Reader, rows: Sequence[RunRow], ended: Sequence[ComparedRun], step: int) -> list[ComparedRun]:
    """Return the runs of a race as they stood when they had done so many steps."""
    return _at(ended, step, differences(reader, rows, _until(step)))


def _steps(last: int, moments: int) -> list[int]:
    """Return the steps of the moments: evenly spaced from the first on that words may compare at, and the last."""
    every = max(1, -(-(last - MIN_STEP) // max(1, moments - 1)))
    return [*range(MIN_STEP, last, every), last] if last else []


def _until(step: int) -> Any:
    def counts(change: ChangeRow) -> bool:
        return change.step is not None and change.step <= step

    return counts


def _at(ended: Sequence[ComparedRun], step: int, different: Mapping[int, Difference]) -> list[ComparedRun]:
    """Return the runs as they stood when they had done so many steps."""
    return [
        replace(
            run, step=min(run.step, step), state=run.state if run.step <= step else RunState.RUNNING.value,
            changed=different.get(run.run, NO_DIFFERENCE).changed, recipe=different.get(run.run, NO_DIFFERENCE).recipe,
        )
        for run in ended
    ]  # fmt: skip
