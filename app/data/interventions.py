"""Interventions of the page. Each blocks as a command does; a refusal is one line of the engine."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.data.authorization import requires_presenter
from app.data.options import check_source
from app.data.races import DRAWN_REMARKS, settings_of
from app.data.workspace import current, reading
from engine.config import FREE, STEPS
from engine.config import LIVE as LIVE
from engine.config import lockstep as lockstep
from engine.errors import ConfigError, SkipscopeError
from engine.events import CHANGEABLE as CHANGEABLE
from engine.models.arm_names import run_label
from engine.runs.protocol.checkpoint_names import tenths
from engine.runs.protocol.forking import in_force
from engine.store.rows import CommandRow, RunRow

#: Presses that are listed, the newest ones, and the commands that are read for them: one press may be one of many runs.
MAX_LISTED, _MAX_READ = 50, 2_000
#: Seconds between two commands of one press at most.
_PRESS_S = 1.0
#: Runs of one press that are named.
_MAX_NAMED = 8


def saved_steps(race: int) -> dict[int, list[int]]:
    """Return the steps of each run's checkpoints, newest first, without runs that have none."""
    with reading() as reader, reader.snapshot():
        saved = {run.id: [row.step for row in reader.checkpoints.of(run.id)][::-1] for run in reader.runs.all(race)}
    return {run: steps for run, steps in saved.items() if steps}


def value_at(run: int, step: int, key: str) -> str:
    """Return the value of a setting for update ``step + 1`` of a run, '' where not known. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        row = reader.runs.get(run)
        if row is None:
            return ""
        live = in_force(reader, row, step)
    if key in LIVE:
        return f"{live[key]:g}" if key in live else ""
    if key == STEPS:
        return str(row.total_steps)
    settings = settings_of(row.config)
    return next((value for path, value in settings.items() if key in {path, path.rpartition(".")[2]}), "")


def next_save(run: RunRow) -> int | None:
    """Return the step of a run's next certain checkpoint, None for a run that makes no more steps by itself."""
    if run.state not in CHANGEABLE:
        return None
    return min((step for step in tenths(run.total_steps) if step > run.step), default=run.total_steps)


@requires_presenter
def change(runs: Sequence[int], key: str, value: float) -> tuple[list[int], list[str]]:
    """Change one setting of these runs from their next steps on; return the changed runs, and the refusals.

    Raises SkipscopeError for a mistake that concerns all runs, such as a value out of range.
    """
    changed, refusals = [], []
    for run in runs:
        try:
            current().control.interventions.set_value(run, key, value)
            changed.append(run)
        except ConfigError:
            raise
        except SkipscopeError as error:
            refusals.append(str(error))
    return changed, refusals


def changes(race: int) -> list[dict[str, str]]:
    """Return the changes of a race's runs and the starts of forks, rows of texts. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        rows = {run.id: run for run in reader.runs.all(race)}
        remarks = reader.log.of(list(rows)) if rows else []
    arms = {run: f"{run_label(row.config)} (run {run})" for run, row in rows.items()}
    return [
        {"run": arms[remark["run"]], "from step": f"{remark['step']:,}", "what": remark["text"]}
        for remark in remarks
        if remark["kind"] in DRAWN_REMARKS
    ]


@requires_presenter
def extend(run: int, steps: int) -> None:
    """Extend a finished run to so many steps in total. Raises SkipscopeError."""
    current().control.interventions.extend(run, steps)


@requires_presenter
def fork(run: int, step: int, settings: Mapping[str, str]) -> int:
    """Fork a run at a saved step; return the new run. Raises SkipscopeError, also for paths off the page's list."""
    for key, text in settings.items():
        if key.rsplit(".", 1)[-1] == "name":
            check_source(text)
    return current().control.interventions.fork(run, step, settings)


@requires_presenter
def set_pace(race: int, pace: str) -> None:
    """Set the pace of a race, ``free`` or ``lockstep:K``; waits up to 3 s. Raises SkipscopeError."""
    current().control.commands.set_pace(race, pace)


def pace_text(steps: int) -> str:
    """Return the lockstep of at most ``steps`` ahead of the slowest run; 0: ``free``."""
    return f"lockstep:{steps}" if steps else FREE


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command: seconds since 1970, who gave it ('' before version 0.12.0), what it was, the refusal or ''."""

    at: float
    author: str
    words: str
    refusal: str


def given_commands(race: int) -> list[GivenCommand]:
    """Return the newest commands on a race and its runs, newest first. Raises SkipscopeError.

    One press that asks the same of several runs is one of them.
    """
    with reading() as reader:
        rows = reader.commands.of_race(race, _MAX_READ)
    presses: list[list[CommandRow]] = []
    for row in rows:
        if presses and _is_same_press(presses[-1][-1], row):
            presses[-1].append(row)
        else:
            presses.append([row])
    return [
        GivenCommand(press[0].created, press[0].author, _words(press), press[0].refusal or "")
        for press in presses[:MAX_LISTED]
    ]


def _is_same_press(later: CommandRow, row: CommandRow) -> bool:
    said = [(each.verb, each.argument, each.author, each.refusal) for each in (later, row)]
    return said[0] == said[1] and None not in (later.run, row.run) and 0 <= later.created - row.created <= _PRESS_S


def _words(press: Sequence[CommandRow]) -> str:
    row = press[0]
    what = _fork(row.argument) if row.verb == "fork" else f"{row.verb} {row.argument}".strip()
    runs = sorted({each.run for each in press if each.run is not None})
    if len(runs) < 2:
        return f"{what}, run {runs[0]}" if runs else what
    more = f" and {len(runs) - _MAX_NAMED} more" if len(runs) > _MAX_NAMED else ""
    return f"{what}, runs {', '.join(map(str, runs[:_MAX_NAMED]))}{more}"


def _fork(argument: str) -> str:
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        asked: Mapping[str, Any] = json.loads(argument)
        settings = ", ".join(f"{key}={value}" for key, value in asked["settings"].items())
        return f"fork at step {asked['step']}{f' with {settings}' if settings else ''}"
    return "fork"
