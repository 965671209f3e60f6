"""What a recorded race has for a scene: its arms, its steps, whether shortcuts were cut. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import SkipscopeError
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import run_folder
from engine.exchange.bundle.documents import RacesDocument, RunDocument
from engine.exchange.recordings import get_recording
from engine.models.arm_names import run_label
from engine.talks.scenes import CutScene, Played

#: Layouts that compare depths.
COMPARING = ("gap", "depth")


@dataclass(frozen=True, slots=True)
class Recorded:
    """``arms``: shortcut and depth, by the names that a scene has for them; ``is_cut``: a fork lost its shortcuts."""

    arms: dict[str, tuple[str, int]]
    steps: int
    is_cut: bool


def unplayable(scene: Played) -> Iterator[str]:
    """Yield what a scene asks of its recorded race that is not in it."""
    try:
        path = get_recording(scene.recording).path
        found = _recorded(path, path.stat().st_mtime_ns if path.is_file() else 0)
    except SkipscopeError as error:
        yield f"the recorded race {scene.recording} cannot be played: {error}"
        return
    for arm in scene.arms:
        if arm not in found.arms:
            yield f"the recorded race {scene.recording} has no arm {arm!r}: {', '.join(found.arms)}"
    if scene.layout in COMPARING:
        shown = {found.arms[arm] for arm in scene.arms or found.arms if arm in found.arms}
        if len(shown) == len({shortcut for shortcut, _ in shown}):
            yield f"the layout {scene.layout} needs two depths with the same shortcut"
    if isinstance(scene, CutScene):
        if not found.is_cut:
            yield f"no shortcuts are cut in the recorded race {scene.recording}"
        if scene.begin >= found.steps:
            yield f"begin is before the last of {found.steps} steps (got {scene.begin})"


@cache
def _recorded(path: Path, _written: int) -> Recorded:
    with ArchiveReader(path) as archive:
        count = archive.document("races.json", RacesDocument).runs
        runs = [archive.document(f"{run_folder(each)}/run.json", RunDocument) for each in range(1, count + 1)]
    return Recorded(
        arms={run_label(run.config): (run.config.model.shortcut, run.config.model.depth) for run in runs},
        steps=max(run.step for run in runs),
        is_cut=any(_is_cut(run) for run in runs),
    )


def _is_cut(run: RunDocument) -> bool:
    return run.parent_run is not None and any(change.key == "strength" and change.value == 0 for change in run.changes)
