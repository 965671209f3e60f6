"""What a shutdown came to, read from the store once the engine is gone. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.events import ALIVE, RunState
from engine.hardware.machine import process_before
from engine.store.rows import JobRow

_MAX_NAMED = 8


@dataclass(frozen=True, slots=True)
class Shutdown:
    """An engine that ended when it was told to. ``outcomes``: what became of each of its runs, in words.

    ``is_known``: whether the store could be read afterwards.
    """

    outcomes: dict[int, str] = field(default_factory=dict)
    is_known: bool = True

    def lines(self) -> list[str]:
        """Return the shutdown in words, runs of the same outcome in one line."""
        if not self.is_known:
            return ["the engine has ended; the database cannot be read, so what became of its runs is not known"]
        runs: dict[str, list[int]] = {}
        for run, outcome in self.outcomes.items():
            runs.setdefault(outcome, []).append(run)
        return ["the engine has ended", *(f"{_named(group)}: {outcome}" for outcome, group in runs.items())]


def outcomes(rows: Iterable[JobRow]) -> dict[int, str]:
    """Return what became of the runs of an engine that is gone."""
    return {row.id: _outcome(row) for row in rows}


def _outcome(row: JobRow) -> str:
    if row.state in ALIVE:
        process = process_before(row.pid, row.heartbeat) if row.pid and row.heartbeat else None
        if process is not None:
            return f"still {row.state}; its worker (process {process.pid}) saves a checkpoint and ends by itself"
        return f"was {row.state} and nothing answered; the next engine resumes it from its last checkpoint"
    if row.state == RunState.QUEUED:
        return "queued; it starts with the next engine"
    told = row.cause or row.detail
    return told if told.startswith(str(row.state)) else ": ".join(filter(None, (str(row.state), told)))


def _named(runs: list[int]) -> str:
    if len(runs) == 1:
        return f"run {runs[0]}"
    further = f" and {len(runs) - _MAX_NAMED} more" if len(runs) > _MAX_NAMED else ""
    return f"runs {', '.join(map(str, runs[:_MAX_NAMED]))}{further}"
