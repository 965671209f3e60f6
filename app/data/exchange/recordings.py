"""The recorded races that come with the project, and the race that each is in this workspace."""

import json
import threading
from pathlib import Path
from typing import Any

from app.data.authorization import requires_presenter
from app.data.exchange import imports
from app.data.workspace import SkipscopeError, current, reading
from engine.exchange.recordings import Recording, bundle_key, get_recording, imported_race, recordings
from engine.exchange.transfer import import_from
from engine.paths import PROJECT

#: The recorded race of the first visit.
FIRST = "quick"
#: Its pictures on a light and a dark page, and its curves with few points: what plays there before it is imported.
_STILL = "curves-{scheme}.png"
SCHEMES = ("light", "dark")
CURVES = PROJECT / "assets" / "curves.json"
#: Two visitors who press at once get one race.
_importing = threading.Lock()


def available() -> tuple[Recording, ...]:
    """Return the recorded races that are there, in the order of a menu; none for a table that cannot be read."""
    try:
        return tuple(row for row in recordings().values() if row.path.is_file())
    except SkipscopeError:
        return ()


def first_still(scheme: str) -> Path | None:
    """Return the picture of the first recorded race for a ``light`` or ``dark`` page, None without a picture."""
    path = CURVES.with_name(_STILL.format(scheme=scheme))
    return path if path.is_file() else None


def first_curves() -> dict[str, Any]:
    """Return the first recorded race with few points, as ``/live/recording`` has it."""
    curves: dict[str, Any] = json.loads(CURVES.read_text(encoding="utf-8"))
    return curves


@requires_presenter
def watched(name: str) -> int:
    """Return the race of a recording, imported at the first call. Raises SkipscopeError; then nothing changes."""
    recording = get_recording(name)
    workspace = current().workspace.prepare()
    with _importing:
        if current().pool.file() is not None:
            with reading() as reader:
                race = imported_race(reader, recording)
            if race is not None:
                return race
        imported = import_from(workspace, recording.path, lambda done, total, what: None)
    return min(imported.races)


def recording_of(race: int) -> Recording | None:
    """Return the recorded race that a race of this workspace is, None for any other. Raises SkipscopeError."""
    if not (bundle := imports.bundle_of(race)):
        return None
    for row in available():
        try:
            if bundle_key(row).id == bundle:
                return row
        except SkipscopeError:
            continue
    return None
