"""Commands to the engine. Every command blocks: never call one in the event loop."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from app.data.authorization import requires_presenter
from app.data.options import check_source
from app.data.races import runs
from app.data.workspace import current
from engine.config import RaceConfig as RaceConfig
from engine.errors import ConfigError, DatabaseDamaged, SkipscopeError
from engine.events import PAUSABLE, RESUMABLE
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH as MAX_NAME_LENGTH
from engine.runs.client.visitor_notes import MAX_NOTE_LENGTH as MAX_NOTE_LENGTH
from engine.runs.protocol.planning import RaceRequest as RaceRequest
from engine.runs.protocol.planning import plan_race
from engine.store.connection import check

#: Databases up to this size are read through once per server start; larger ones would take seconds.
CHECKED_BYTES = 64 * 2**20
#: Commands for all runs of a race, and the states in which a run can take them.
RACE_VERBS = {"pause": PAUSABLE, "resume": RESUMABLE}
#: Commands that the engine gets at once: it has workers to look after as well.
_BATCH = 16


def startup() -> str:
    """Register this process as a client and see that an engine lives. Blocks; returns the trouble in one line or ''."""
    context = current()
    try:
        context.workspace.prepare()
        database = context.workspace.database
        if database.exists() and database.stat().st_size <= CHECKED_BYTES:
            check(context.workspace)
        context.damage = ""
        context.control.enter("app")
        context.control.engine.ensure()
    except DatabaseDamaged as error:
        context.damage = str(error)
        return context.damage
    except (SkipscopeError, sqlite3.Error, OSError) as error:
        return str(error)
    return ""


def shutdown() -> None:
    """Say that this process no longer needs the engine. Never raises."""
    context = current()
    with suppress(SkipscopeError, sqlite3.Error, OSError):
        context.control.leave()
    context.pool.close()


@requires_presenter
def start_engine() -> None:
    """Start an engine if none lives. Blocks up to 10 s. Raises SkipscopeError."""
    current().control.engine.ensure()


@requires_presenter
def command(verb: str, run: int) -> None:
    """Pause, resume, stop or delete a run; waits up to 3 s for the engine's answer. Raises SkipscopeError."""
    current().control.commands.give(verb, run)


@requires_presenter
def command_all(verb: str, race: int) -> None:
    """Pause or resume every run of a race that can be; the first refusal is raised after all were asked."""
    if verb not in RACE_VERBS:
        raise ConfigError(f"unknown command {verb!r} for a race; choose from {', '.join(RACE_VERBS)}")
    refusal = None
    for run in runs(race):
        if run.state in RACE_VERBS[verb]:
            try:
                command(verb, run.id)
            except SkipscopeError as error:
                refusal = refusal or error
    if refusal:
        raise refusal


@requires_presenter
def command_each(verb: str, runs: Sequence[int]) -> Iterator[dict[int, str]]:
    """Pause, resume, stop or delete runs in batches; yield {run: refusal or ''} of each. Raises SkipscopeError."""
    for start in range(0, len(runs), _BATCH):
        refusals = current().control.commands.ask_each(verb, runs[start : start + _BATCH])
        yield refusals
        if all("no engine answered" in refusal for refusal in refusals.values()):
            return


@requires_presenter
def new_database() -> Path:
    """Move the damaged database aside, let a new one be made, return where the old one is kept.

    Raises SkipscopeError while an engine lives, or when the database is healthy.
    """
    context = current()
    kept = context.control.engine.new_database()
    context.damage = ""
    startup()
    return kept


def planned(request: RaceRequest) -> RaceConfig:
    """Return the race that is requested, for ``start_race``; its data set is one of ``sources()``.

    Raises SkipscopeError.
    """
    if request.data is not None:
        check_source(request.data)
    return plan_race(request, current().workspace)


@requires_presenter
def start_race(race: RaceConfig) -> int:
    """Hand a planned race to the engine, which is started if none lives; return its id. Raises SkipscopeError."""
    check_source(race.run.data.name)
    return current().control.start_race(race)[0]


@requires_presenter
def rename_race(race: int, name: str) -> str:
    """Give a race another name, '' for none; return it as it is kept. Raises SkipscopeError."""
    return current().control.notes.rename_race(race, name)


@requires_presenter
def annotate(runs: Sequence[int], note: str) -> list[int]:
    """Write a note on these runs, '' to remove it; return those that exist. Raises SkipscopeError."""
    return current().control.notes.annotate(runs, note)
