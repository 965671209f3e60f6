"""A talk as the browser gets it: every scene with what it draws. Texts stay texts; the browser makes nodes of them."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from app import theme
from app.data import labs, races, workspace
from app.data.talks import talks
from app.live.labs.component import chosen_panels, lab_styles
from app.live.shared.run import Run, run_colors, runs_of

#: Kinds of a lab's panels that are maps.
_MAPS = ("heat", "plane")


def talk_document(name: str, talk: talks.Talk, shown: int | None = None) -> dict[str, Any]:
    """Return a talk, whole and with the speaker's notes; for the audience only the scene that is ``shown``, 0 for none.

    Of the other scenes the audience gets no word: an answer in a browser is an answer that can be read before the vote.
    """
    numbers = range(1, len(talk.scenes) + 1)
    if shown is None:
        scenes = [_scene(scene) | {"notes": scene.notes} for scene in talk.scenes]
    else:
        told = shown_scenes(talk, shown)
        hidden: dict[str, Any] = {"kind": "hidden", "title": talk.title, "lines": [], "source": None, "minutes": 0}
        scenes = [told.get(number, hidden) for number in numbers]
    return {"name": name, "title": talk.title, "maps": has_maps(talk), "scenes": scenes}


def shown_scenes(talk: talks.Talk, shown: int) -> dict[int, dict[str, Any]]:
    """Return what the audience may know while a scene is shown, by number: the scene, and the question it answers."""
    if not 1 <= shown <= len(talk.scenes):
        return {}
    scene = talk.scenes[shown - 1]
    told = {shown: _scene(scene)}
    if isinstance(scene, talks.RevealScene):
        rows = enumerate(talk.scenes, 1)
        told |= {n: _scene(row) for n, row in rows if isinstance(row, talks.PredictionScene) and row.key == scene.of}
    return told


def has_maps(talk: talks.Talk) -> bool:
    """Return whether a talk's labs draw more than lines and bars, which the smallest plotly.js does not."""
    return any(_panel(scene).kind in _MAPS for scene in talk.scenes if isinstance(scene, talks.LabScene))


def runs_document(runs: Sequence[Run], arms: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the runs of these arms (none: all) as a scene draws them."""
    return [
        {
            "run": run["run"],
            "label": run["label"],
            "mark": run["look"].mark,
            "glyph": theme.MARKS[run["look"].mark],
            **run_colors(run),
        }
        for run in runs
        if not arms or run["label"].partition(" s")[0] in arms
    ]


def _scene(scene: talks.Scene) -> dict[str, Any]:
    own = {"notes", "arms", "layout", "seconds", "begin", "recording"}
    document: dict[str, Any] = scene.model_dump(mode="json", exclude=own)
    if isinstance(scene, talks.Played):
        document["race"] = _race(scene)
    if isinstance(scene, talks.LabScene):
        document["lab"] = _lab(scene)
    return document


def _race(scene: talks.Played) -> dict[str, Any]:
    words, trouble = talks.title_of(scene.recording), ""
    runs: list[dict[str, Any]] = []
    try:
        runs, seeds = _recorded_runs(scene.recording, scene.arms)
        words += _one_seed(seeds)
    except workspace.SkipscopeError as error:
        trouble = f"The recorded race cannot be played: {error}."
    return {
        "recording": scene.recording,
        "runs": runs,
        "layout": scene.layout,
        "seconds": scene.seconds,
        "begin": getattr(scene, "begin", 0),
        # What a cut does is seen in single steps at once, and in their mean later.
        "raw": isinstance(scene, talks.CutScene),
        "words": f"Recorded race: {words}",
        "trouble": trouble,
    }


@lru_cache(maxsize=64)
def _recorded_runs(recording: str, arms: tuple[str, ...]) -> tuple[list[dict[str, Any]], int]:
    """Return the runs that a scene plays, and of how many seeds they are. Raises SkipscopeError."""
    with talks.recorded(recording) as number:
        race = races.race(number)
        if race is None:
            raise workspace.SkipscopeError("it is not there")
        return runs_document(runs_of(race), arms), race.seeds


def _one_seed(seeds: int) -> str:
    """Return what is said of results that another seed might not have."""
    return ", one seed" if seeds == 1 else ""


def _panel(scene: talks.LabScene) -> labs.Panel:
    panels = chosen_panels(labs.LABS[scene.lab].panels, [scene.panel])
    return next(panel for panel in panels if panel.name == scene.panel)


def _lab(scene: talks.LabScene) -> dict[str, Any]:
    lab, reference = labs.LABS[scene.lab], labs.lab_reference(scene.lab)
    origin = reference.origin.text if reference else "not recorded"
    seeds = int(reference.settings.get("seeds", 0)) if reference else 0
    return {
        "lab": lab.name,
        "panel": asdict(_panel(scene)),
        "curves": list(scene.curves),
        "words": f"Lab: {lab.title}{_one_seed(seeds)}, {origin}",
        **lab_styles(lab),
    }
