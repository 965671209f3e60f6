"""Why a race of the record cannot be trained again or on here: what of it is missing. Looks at names alone.

Each function returns '' where nothing stands in the way, else words that follow the name of the race or the run.
"""

from collections.abc import Collection

from app.data.options import check_source
from app.data.races import Race
from app.data.workspace import SkipscopeError, workspace_path
from engine.data.files.paths import is_path
from engine.data.presence import present
from engine.store.rows import RunRow


def to_repeat(data: str) -> str:
    """Return why no race on these images can be started on this page."""
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
    return _images(run.config.data.name)


def to_extend(run: RunRow) -> str:
    """Return why a finished run cannot be given more steps."""
    if run.imported is not None:
        return "was recorded elsewhere and stays as it was recorded"
    return _images(run.config.data.name)


def in_words(race: Race) -> str:
    """Return a sentence about the images of a race, '' where they are here or can be downloaded."""
    missing = _images(race.data)
    return f"This race {missing}. It can be watched, and not trained again or on." if missing else ""


def _images(data: str) -> str:
    if not is_path(data) or present(data, workspace_path()):
        return ""
    return f"was trained on {data}, which is not here"
