"""Why a race of the record cannot be trained again or for longer here: what of it is missing. Looks at names alone.

Each function returns '' where nothing stands in the way, else words that follow the name of the race or the run.
"""

from collections.abc import Collection
from pathlib import Path

from app.data import interventions, races
from app.data.options import check_source
from app.data.races import Race
from app.data.workspace import SkipscopeError, view_only, workspace_path
from engine.data.files.paths import is_path
from engine.data.presence import present
from engine.events import RunState
from engine.exchange.privacy import data_name
from engine.store.rows import RunRow

_NO_TORCH = "cannot be trained here: this installation only views, because torch is not installed"


def to_repeat(data: str) -> str:
    """Return why no race on these images can be started on this page."""
    if view_only():
        return _NO_TORCH
    if missing := _images(data):
        return missing
    try:
        check_source(data)
    except SkipscopeError as error:
        return str(error)
    return ""


def to_fork(run: RunRow, saved: Collection[int]) -> str:
    """Return why a run cannot be forked, whatever is trained meanwhile; ``saved`` are the steps of its checkpoints."""
    if run.imported is not None and not saved:
        return "was recorded elsewhere, and its checkpoints did not come along"
    if view_only():
        return _NO_TORCH
    return _images(run.config.data.name)


def to_extend(run: RunRow) -> str:
    """Return why a finished run cannot be given more steps."""
    if run.imported is not None:
        return "was recorded elsewhere and stays as it was recorded"
    if view_only():
        return _NO_TORCH
    return _images(run.config.data.name)


def unforkable(race: int) -> dict[int, str]:
    """Return why runs of a race cannot be forked, by run, without those that can be. Raises SkipscopeError."""
    saved = interventions.saved_steps(race)
    reasons = {run.id: to_fork(run, saved.get(run.id, ())) for run in races.runs(race)}
    return {run: why for run, why in reasons.items() if why}


def unextendable(race: int) -> dict[int, str]:
    """Return why finished runs of a race cannot be given more steps, likewise. Raises SkipscopeError."""
    reasons = {run.id: to_extend(run) for run in races.runs(race) if run.state == RunState.FINISHED}
    return {run: why for run, why in reasons.items() if why}


def in_words(race: Race) -> str:
    """Return a sentence about the images of a race, '' where they are here or can be downloaded."""
    missing = _images(race.data)
    return f"This race {missing}. It can be watched, but not trained again or for longer." if missing else ""


def _images(data: str) -> str:
    # A path on record is absolute; a bundle brings the name alone, and another folder here may have the same.
    if not is_path(data) or (Path(data.partition(":")[2]).is_absolute() and present(data, workspace_path())):
        return ""
    # An audience reads it too: without the folders of this machine.
    return f"was trained on {data_name(data)}, which is not here"
