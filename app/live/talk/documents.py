"""A talk as the browser gets it: every scene with what it draws. Texts stay texts; the browser makes nodes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app import theme
from app.data import labs
from app.data.talks import talks
from app.live.labs.component import chosen_panels, lab_styles
from app.live.shared.run import Run, run_colors

#: Kinds of a lab's panels that are maps.
_MAPS = ("heat", "plane")


@dataclass(frozen=True, slots=True)
class RecordedRace:
    """A recorded race in this workspace: its runs, and in ``trouble`` why it is not here."""

    title: str
    runs: Sequence[Run] = ()
    trouble: str = ""


#: Returns the recorded race of a name.
Races = Callable[[str], RecordedRace]


def talk_document(name: str, talk: talks.Talk, races: Races, with_notes: bool) -> dict[str, Any]:
    """Return a talk; the notes are the speaker's alone."""
    return {
        "name": name,
        "title": talk.title,
        "scenes": [_scene(scene, races, with_notes) for scene in talk.scenes],
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


def _scene(scene: talks.Scene, races: Races, with_notes: bool) -> dict[str, Any]:
    document = scene.model_dump(mode="json", exclude={"notes", "arms", "layout", "seconds", "begin", "recording"})
    if with_notes:
        document["notes"] = scene.notes
    if isinstance(scene, talks.Played):
        document["race"] = _race(scene, races(scene.recording))
    if isinstance(scene, talks.LabScene):
        document["lab"] = _lab(scene)
    return document


def _race(scene: talks.Played, race: RecordedRace) -> dict[str, Any]:
    runs = runs_document(race.runs, scene.arms)
    missing = race.runs and not runs
    trouble = f"The recorded race has no arm of {', '.join(scene.arms)}." if missing else race.trouble
    return {
        "runs": runs,
        "layout": scene.layout,
        "seconds": scene.seconds,
        "begin": getattr(scene, "begin", 0),
        # What a cut does is seen in single steps at once, and in their mean later.
        "raw": isinstance(scene, talks.CutScene),
        "words": f"Recorded race: {race.title}",
        "trouble": trouble,
    }


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
