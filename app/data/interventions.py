"""Interventions of the page. Each blocks as a command does; a refusal is one line in the engine's words."""

from collections.abc import Mapping, Sequence

from app.data.authorization import requires_presenter
from app.data.options import check_source
from app.data.races import DRAWN_REMARKS
from app.data.workspace import current, reading
from engine.config import FREE
from engine.config import LIVE as LIVE
from engine.config import lockstep as lockstep
from engine.errors import ConfigError, SkipscopeError
from engine.events import CHANGEABLE as CHANGEABLE
from engine.models.arm_names import arm_label
from engine.runs.protocol.checkpoint_names import tenths
from engine.store.rows import RunRow


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
    """Change one setting of these runs from their next steps on; return the changed runs, and the refusals.

    Raises SkipscopeError for a mistake that concerns all runs, such as a value out of range.
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
    arms = {run: f"{arm_label(row.depth, row.shortcut)} (run {run})" for run, row in rows.items()}
    return [
        {"run": arms[remark["run"]], "from step": f"{remark['step']:,}", "what": remark["text"]}
        for remark in remarks
        if remark["kind"] in DRAWN_REMARKS
    ]


@requires_presenter
def extend(run: int, steps: int) -> None:
    """Let a finished run go on until it has so many steps in total. Raises SkipscopeError."""
    current().control.interventions.extend(run, steps)


@requires_presenter
def fork(run: int, step: int, settings: Mapping[str, str]) -> int:
    """Fork a run at a saved step; return the new run. Raises SkipscopeError, also for a path that is not offered."""
    for key, text in settings.items():
        if key.rsplit(".", 1)[-1] == "name":
            check_source(text)
    return current().control.interventions.fork(run, step, settings)


@requires_presenter
def set_pace(race: int, pace: str) -> None:
    """Let a race go on at another pace, ``free`` or ``lockstep:K``; waits up to 3 s. Raises SkipscopeError."""
    current().control.commands.set_pace(race, pace)


def pace_text(steps: int) -> str:
    """Return the pace in which no run is more than ``steps`` ahead of the slowest; 0: ``free``."""
    return f"lockstep:{steps}" if steps else FREE
