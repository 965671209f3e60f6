"""The talks that there are, and the recorded races that their scenes play. Torch-free."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.data import commands
from app.data.authorization import requires_presenter
from app.data.workspace import SkipscopeError, current, lent
from engine.exchange.recordings import get_recording, recordings
from engine.store.audience.showings import Place
from engine.talks.files import USUAL as USUAL
from engine.talks.files import TalkFaults as TalkFaults
from engine.talks.files import get_talk_file, read_talk, talk_files
from engine.talks.recorded import RecordedRaces
from engine.talks.scenes import CutScene as CutScene
from engine.talks.scenes import LabScene as LabScene
from engine.talks.scenes import LiveScene as LiveScene
from engine.talks.scenes import Played as Played
from engine.talks.scenes import PredictionScene as PredictionScene
from engine.talks.scenes import RevealScene as RevealScene
from engine.talks.scenes import Scene as Scene
from engine.talks.scenes import Talk as Talk

_recorded = RecordedRaces()
#: Talks that are kept.
_MAX_KEPT = 256
#: What each file held, a talk or its faults, and the state of the file then.
_read: dict[Path, tuple[tuple[int, ...], Talk | TalkFaults]] = {}


def titles() -> dict[str, str]:
    """Return the titles of the talks by name; of one with a fault its fault, in one line."""
    found = {}
    for name in talk_files(current().workspace.path):
        try:
            found[name] = get(name).title
        except SkipscopeError as error:
            found[name] = str(error)
    return found


def get(name: str) -> Talk:
    """Return a talk. Raises SkipscopeError with its first fault, or with the choices."""
    path = get_talk_file(name, current().workspace.path)
    try:
        found = _kept(path)
    except OSError as error:
        raise SkipscopeError(f"the talk {name} cannot be read ({error.strerror})") from None
    if isinstance(found, TalkFaults):
        raise TalkFaults(path.name, found.lines)
    return found


def played_arms(recording: str) -> set[tuple[str, ...]]:
    """Return the arms that scenes of all talks name of a recorded race, () for a scene with all of them."""
    arms: set[tuple[str, ...]] = set()
    for name in talk_files(current().workspace.path):
        with suppress(SkipscopeError):  # a talk with a fault plays nothing
            scenes = get(name).scenes
            arms.update(scene.arms for scene in scenes if isinstance(scene, Played) and scene.recording == recording)
    return arms


def _kept(path: Path) -> Talk | TalkFaults:
    """Return what a file holds, the same object until the file changes."""
    global _read
    status = path.stat()
    state = status.st_mtime_ns, status.st_size, status.st_ino
    kept = _read.get(path)
    if kept is None or kept[0] != state:
        try:
            kept = state, read_talk(path)
        except TalkFaults as faults:
            kept = state, faults
        # Other threads may read meanwhile: what they hold is replaced, never emptied.
        _read = {**(_read if len(_read) < _MAX_KEPT else {}), path: kept}
    return kept[1]


@contextmanager
def recorded(name: str) -> Iterator[int]:
    """Let all reads within see the recorded races alone; yield the race of this one. Raises SkipscopeError."""
    with _recorded.opened(name) as (reader, race), lent(reader):
        yield race


def is_recorded(name: str) -> bool:
    """Return whether a recorded race has this name."""
    return name in recordings()


def title_of(recording: str) -> str:
    """Return the title of a recorded race. Raises SkipscopeError."""
    return get_recording(recording).title


def place(name: str, scene: int) -> Place:
    """Return where a presenter stands who shows a scene, from 1. Raises SkipscopeError."""
    shown = _scene(name, scene)
    if isinstance(shown, PredictionScene):
        return Place(name, scene, shown.key, len(shown.choices))
    return Place(name, scene, reveals=shown.of if isinstance(shown, RevealScene) else "")


def _scene(name: str, number: int) -> Scene:
    scenes = get(name).scenes
    if not 1 <= number <= len(scenes):
        raise SkipscopeError(f"the talk {name} has the scenes 1 to {len(scenes)}")
    return scenes[number - 1]


@requires_presenter
def show(name: str, scene: int) -> None:
    """Show a scene to the room. Raises SkipscopeError."""
    current().control.talks.show(place(name, scene))


@requires_presenter
def end() -> None:
    """End the talk for the room."""
    current().control.talks.end()


@requires_presenter
def start_live(name: str, scene: int) -> int:
    """Start the race of a live scene; return its id. Raises SkipscopeError."""
    shown = _scene(name, scene)
    if not isinstance(shown, LiveScene):
        raise SkipscopeError(f"scene {scene} has no live race")
    return commands.start_race(commands.planned(commands.RaceRequest(preset=shown.preset)))


@requires_presenter
def share_live(race: int) -> None:
    """Show a race that was started live to the room."""
    current().control.talks.started(race)
