"""A talk as the browser gets it: every scene with what it draws. Texts stay texts; the browser makes nodes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app import theme
from app.data import labs, races, workspace
from app.data.talks import talks
from app.live.labs.component import chosen_panels, lab_styles
from app.live.shared.run import Run, run_colors, runs_of

#: Kinds of a lab's panels that are maps.
_MAPS = ("heat", "plane")


def talk_document(name: str, talk: talks.Talk, with_notes: bool) -> dict[str, Any]:
    """Return a talk; the notes are the speaker's alone."""
    return {
        "name": name,
        "title": talk.title,
        "scenes": [_scene(scene, with_notes) for scene in talk.scenes],
    }


def has_maps(talk: Mapping[str, Any]) -> bool:
    """Return whether a talk's labs draw more than lines and bars, which the smallest plotly.js does not."""
    return any(scene["lab"]["panel"]["kind"] in _MAPS for scene in talk["scenes"] if "lab" in scene)


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


def _scene(scene: talks.Scene, with_notes: bool) -> dict[str, Any]:
    document = scene.model_dump(mode="json", exclude={"notes", "arms", "layout", "seconds", "begin", "recording"})
    if with_notes:
        document["notes"] = scene.notes
    if isinstance(scene, talks.Played):
        document["race"] = _race(scene)
    if isinstance(scene, talks.LabScene):
        document["lab"] = _lab(scene)
    return document


def _race(scene: talks.Played) -> dict[str, Any]:
    runs, trouble = _recorded_runs(scene)
    return {
        "recording": scene.recording,
        "runs": runs,
        "layout": scene.layout,
        "seconds": scene.seconds,
        "begin": getattr(scene, "begin", 0),
        # What a cut does is seen in single steps at once, and in their mean later.
        "raw": isinstance(scene, talks.CutScene),
        "words": f"Recorded race: {talks.title_of(scene.recording)}",
        "trouble": trouble,
    }


def _recorded_runs(scene: talks.Played) -> tuple[list[dict[str, Any]], str]:
    """Return the runs that a scene plays, and why there are none."""
    try:
        with talks.recorded(scene.recording) as number:
            race = races.race(number)
            runs = runs_document(runs_of(race) if race else (), scene.arms)
    except workspace.SkipscopeError as error:
        return [], f"The recorded race cannot be played: {error}."
    return runs, "" if runs else f"The recorded race has no arm of {', '.join(scene.arms)}."


def _lab(scene: talks.LabScene) -> dict[str, Any]:
    lab, reference = labs.LABS[scene.lab], labs.lab_reference(scene.lab)
    (panel, *_) = [panel for panel in chosen_panels(lab.panels, [scene.panel]) if panel.name == scene.panel]
    origin = reference.origin.text if reference else "not recorded"
    return {
        "lab": lab.name,
        "panel": asdict(panel),
        "curves": list(scene.curves),
        "words": f"Lab: {lab.title}, {origin}",
        **lab_styles(lab),
    }
