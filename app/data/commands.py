"""Commands to the engine. Every command blocks: never call one in the event loop."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from app.data.authorization import requires_presenter
from app.data.options import check_source
from app.data.races import runs
from app.data.workspace import GuardedThread, current
from engine.config import RaceConfig as RaceConfig
from engine.errors import ConfigError, DatabaseDamaged, SkipscopeError
from engine.events import PAUSABLE, RESUMABLE
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH as MAX_NAME_LENGTH
from engine.runs.client.visitor_notes import MAX_NOTE_LENGTH as MAX_NOTE_LENGTH
from engine.runs.launchers.registry import LauncherChoice
from engine.runs.protocol.instant import InstantChoice as InstantChoice
from engine.runs.protocol.instant import instant_request
from engine.runs.protocol.planning import RaceRequest as RaceRequest
from engine.runs.protocol.planning import plan_race
from engine.store.connection import check

#: Databases up to this size are checked once per server start; larger ones would take seconds.
CHECKED_BYTES = 64 * 2**20
#: Commands for all runs of a race, and the states of the runs that take them.
RACE_VERBS = {"pause": PAUSABLE, "resume": RESUMABLE}
#: Commands in one request: the engine also looks after workers.
_BATCH = 16

_log = logging.getLogger(__name__)


def start_up_in_background() -> None:
    """Call ``startup`` in a thread of its own, as no page waits for the engine; trouble goes to the log."""
    GuardedThread("startup", start_up_and_log, _log.warning).start()


def start_up_and_log() -> None:
    """Call ``startup``; trouble goes to the log."""
    if trouble := startup():
        _log.warning("%s", trouble)


def startup() -> str:
    """Register this process as a client and start an engine if none lives; return the trouble in one line or ''."""
    context = current()
    try:
        context.workspace.prepare()
        database = context.workspace.database
        if database.exists() and database.stat().st_size <= CHECKED_BYTES:
            check(context.workspace)
        context.damage = ""
        context.control.enter("app")
        # Unasked: what somebody ended meanwhile stays ended.
        context.control.engine.ensure(unless_ended_since=context.began)
    except DatabaseDamaged as error:
        context.damage = str(error)
        return context.damage
    except (SkipscopeError, sqlite3.Error, OSError) as error:
        return str(error)
    return ""


def use_cluster(launcher: str, address: str) -> None:
    """Start the engine with another launcher than ``local``. Raises SkipscopeError; does nothing for ``local``."""
    chosen = LauncherChoice(launcher, address).check()
    if chosen != LauncherChoice():
        engine = current().control.engine
        if engine.status().state == "none":
            chosen.try_out()  # before anything is made
        engine.ensure_with(chosen)


def shutdown() -> None:
    """Unregister this process as a client of the engine. Never raises."""
    context = current()
    with suppress(SkipscopeError, sqlite3.Error, OSError):
        context.control.leave()
    context.pool.close()


def new_presenter(above: int) -> int | None:
    """Return the number of one more presenter, above ``above``, which nobody had; None where it cannot be kept.

    It is the server's own: whoever opens the link with the right token is no presenter yet.
    """
    with suppress(SkipscopeError, sqlite3.Error, OSError):
        return current().control.commands.new_presenter(above)
    return None


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
    """Pause or resume every run of a race in a suitable state. Raises the first refusal after all commands."""
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
    """Move the damaged database aside; return its new path. Raises SkipscopeError with a live engine or no damage."""
    context = current()
    kept = context.control.engine.new_database()
    context.damage = ""
    startup()
    return kept


def planned(request: RaceRequest) -> RaceConfig:
    """Return the requested race for ``start_race``; its data set is one of ``sources()``. Raises SkipscopeError."""
    if request.data is not None:
        check_source(request.data)
    return plan_race(request, current().workspace)


@requires_presenter
def start_race(race: RaceConfig) -> int:
    """Hand a planned race to the engine, which is started if none lives; return its id. Raises SkipscopeError."""
    check_source(race.run.data.name)
    return current().control.start_race(race)[0]


@requires_presenter
def start_instant(choice: InstantChoice) -> int:
    """Start the instant race of a choice in place of one that still trains; return its id. Raises SkipscopeError."""
    return current().control.start_instant(planned(instant_request(choice)))[0]


@requires_presenter
def keep_instant(race: int) -> None:
    """Make an instant race a race like any other. Raises SkipscopeError."""
    current().control.notes.keep(race)


@requires_presenter
def rename_race(race: int, name: str) -> str:
    """Give a race another name, '' for none; return the stored name. Raises SkipscopeError."""
    return current().control.notes.rename_race(race, name)


@requires_presenter
def annotate(runs: Sequence[int], note: str) -> list[int]:
    """Write a note on these runs, '' to remove it; return the existing runs. Raises SkipscopeError."""
    return current().control.notes.annotate(runs, note)
