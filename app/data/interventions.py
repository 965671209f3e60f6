"""Interventions of the page: changes of live runs, forks, extensions, the pace. All of them block, as commands do.

A mistake or a refusal is one line for people, in the engine's own words.
"""

from collections.abc import Mapping, Sequence

from app.data.authorization import requires_presenter
from app.data.options import check_source
from app.data.races import DRAWN_REMARKS, runs
from app.data.workspace import current, reading
from engine.config import FREE, LIVE, lockstep
from engine.config.change import LiveSetting
from engine.errors import ConfigError, SkipscopeError
from engine.events import CHANGEABLE, RunState
from engine.models.arm_names import arm_label
from engine.runs.protocol.checkpoint_names import tenths
from engine.store.rows import RunRow


def live_settings() -> Mapping[str, LiveSetting]:
    """Return what can be changed in a live run, by key."""
    return LIVE


def changeable(race: int) -> list[RunRow]:
    """Return the runs of a race that can be changed now. Raises SkipscopeError."""
    return [run for run in runs(race) if run.state in CHANGEABLE]


def extendable(race: int) -> list[RunRow]:
    """Return the runs of a race that can be given more steps now. Raises SkipscopeError."""
    return [run for run in runs(race) if run.state == RunState.FINISHED]


def saved_steps(race: int) -> dict[int, list[int]]:
    """Return the steps at which each run of a race is saved, newest first; runs without are left out."""
    with reading() as reader, reader.snapshot():
        saved = {run.id: [row.step for row in reader.checkpoints.of(run.id)][::-1] for run in reader.runs.all(race)}
    return {run: steps for run, steps in saved.items() if steps}


def next_save(run: RunRow) -> int | None:
    """Return the step after which a run's next checkpoint is certain, None if it makes no more steps by itself."""
    if run.state not in CHANGEABLE:
        return None
    return min((step for step in tenths(run.total_steps) if step > run.step), default=run.total_steps)


@requires_presenter
def change(runs: Sequence[int], key: str, value: float) -> tuple[list[int], list[str]]:
    """Change one setting of these runs from their next steps on.

    Returns the runs that take the change, and the refusals of the others. Raises SkipscopeError for a mistake that
    concerns all runs, such as a value out of range.
    """
    taken, refusals = [], []
    for run in runs:
        try:
            current().control.interventions.set_value(run, key, value)
        except ConfigError:
            raise
        except SkipscopeError as error:
            refusals.append(str(error))
        else:
            taken.append(run)
    return taken, refusals


def changes(race: int) -> list[dict[str, str]]:
    """Return what was changed in the runs of a race and where forks began, rows of texts. Raises SkipscopeError."""
    with reading() as reader, reader.snapshot():
        rows = {run.id: run for run in reader.runs.all(race)}
        remarks = reader.log.of(list(rows)) if rows else []
    return [
        {
            "run": f"{arm_label(rows[remark['run']].depth, rows[remark['run']].shortcut)} (run {remark['run']})",
            "from step": f"{remark['step']:,}",
            "what": remark["text"],
        }
        for remark in remarks
        if remark["kind"] in DRAWN_REMARKS
    ]


@requires_presenter
def extend(run: int, steps: int) -> None:
    """Let a finished run go on until it has so many steps in total. Raises SkipscopeError."""
    current().control.interventions.extend(run, steps)


@requires_presenter
def fork(run: int, step: int, settings: Mapping[str, str]) -> int:
    """Make a run that goes on from a saved step of another, and return its id.

    Raises SkipscopeError, also for a path that the page does not offer.
    """
    for key, text in settings.items():
        if key.rsplit(".", 1)[-1] == "name":
            check_source(text)
    return current().control.interventions.fork(run, step, settings)


@requires_presenter
def set_pace(race: int, pace: str) -> None:
    """Let a race go on at another pace, ``free`` or ``lockstep:K``; waits up to 3 s. Raises SkipscopeError."""
    current().control.commands.set_pace(race, pace)


def pace_steps(pace: str) -> int:
    """Return K of ``lockstep:K``, 0 for ``free``."""
    return lockstep(pace)


def pace_text(steps: int) -> str:
    """Return the pace in which no run is more than ``steps`` ahead of the slowest; 0: ``free``."""
    return f"lockstep:{steps}" if steps else FREE
