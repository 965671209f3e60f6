"""A talk as the browser gets it: texts as texts, notes for the speaker alone, arms that a recording has."""

import json
import re

import pytest

from app.data.talks import room, talks
from app.data.workspace import SkipscopeError, use
from app.live.talk import documents
from app.live.talk.documents import has_maps, talk_document
from app.live.talk.messages import scenes_document, showing_document
from engine.exchange import lab_reference
from engine.exchange.recorded_errors import recorded_runs
from engine.exchange.recordings import get_recording
from engine.paths import PROJECT
from engine.talks.files import FOLDER, USUAL, checked, read_talk
from engine.talks.scenes import LabScene, Played, PredictionScene, RevealScene

TALK = read_talk(FOLDER / f"{USUAL}.toml")
PLAYED = {"kind": "recorded", "title": "t", "minutes": 1, "recording": "quick"}


def talk(*scenes):
    return checked({"title": "X", "scene": [*scenes]}, "x.toml")


def document(*scenes):
    return talk_document("x", talk(*scenes))


def test_the_speaker_gets_every_scene_with_its_notes():
    found = talk_document(USUAL, TALK)
    assert [scene["notes"] for scene in found["scenes"]] == [scene.notes for scene in TALK.scenes]
    assert [scene["title"] for scene in found["scenes"]] == [scene.title for scene in TALK.scenes]


@pytest.mark.parametrize("shown", range(len(TALK.scenes) + 2))
def test_the_audience_gets_no_word_of_a_scene_that_is_not_shown(shown):
    found = talk_document(USUAL, TALK, shown)
    assert len(found["scenes"]) == len(TALK.scenes)
    text = json.dumps(found, ensure_ascii=False)
    asked = {scene.key: scene for scene in TALK.scenes if isinstance(scene, PredictionScene)}
    for number, scene in enumerate(TALK.scenes, 1):
        of_shown = TALK.scenes[shown - 1] if 1 <= shown <= len(TALK.scenes) else None
        is_told = scene is of_shown or (isinstance(of_shown, RevealScene) and asked[of_shown.of] is scene)
        assert (scene.title in text) == is_told, number
        assert all((line in text) == is_told for line in scene.lines), number
        assert scene.notes.split("\n")[0] not in text, number
        assert ("answer" in found["scenes"][number - 1]) == (is_told and isinstance(scene, RevealScene)), number


def test_the_room_is_told_the_scene_that_is_shown_and_nothing_where_none_is(workspace):
    use(workspace.path)
    number = next(n for n, scene in enumerate(TALK.scenes, 1) if isinstance(scene, PredictionScene))
    assert [*scenes_document(room.Showing(USUAL, number))] == [number]
    assert {*scenes_document(room.Showing(USUAL, number + 1))} == {number, number + 1}
    assert scenes_document(room.Showing()) == {}


def test_results_of_one_seed_are_said_to_be_of_one():
    for scene, row in zip(TALK.scenes, talk_document(USUAL, TALK)["scenes"], strict=True):
        if not isinstance(scene, Played | LabScene) or getattr(scene, "lab", "") == "shattering":
            continue
        if isinstance(scene, Played):
            runs = recorded_runs(get_recording(scene.recording).path)
            seeds = len({run.seed for run in runs})
        else:
            seeds = lab_reference.read(scene.lab).settings["seeds"]
        words = row["race" if isinstance(scene, Played) else "lab"]["words"]
        assert ("one seed" in words) == (seeds == 1), scene.title


def test_a_scene_plays_the_arms_that_it_names_with_all_their_seeds():
    some, every = document({**PLAYED, "arms": ["plain-20"]}, PLAYED)["scenes"]
    assert [run["label"] for run in some["race"]["runs"]] == [f"plain-20 s{seed}" for seed in range(5)]
    assert len(every["race"]["runs"]) == 20
    assert (some["race"]["recording"], some["race"]["trouble"]) == ("quick", "")
    assert some["race"]["words"] == "Recorded race: Quick race, five seeds"


def test_a_recording_that_is_not_here_is_said_and_played_once_it_is(monkeypatch):
    def refuse(name):
        raise SkipscopeError("the disk is full")

    documents._recorded_runs.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(talks, "recorded", refuse)
        (scene,) = document(PLAYED)["scenes"]
        assert (scene["race"]["runs"], scene["race"]["trouble"]) == (
            [], "The recorded race cannot be played: the disk is full.",
        )  # fmt: skip
    assert document(PLAYED)["scenes"][0]["race"]["trouble"] == ""


def test_single_steps_are_drawn_of_a_cut_alone():
    scenes = document(PLAYED, {**PLAYED, "kind": "cut", "recording": "cut", "begin": 100})["scenes"]
    assert [(scene["race"]["raw"], scene["race"]["begin"]) for scene in scenes] == [(False, 0), (True, 100)]


def test_maps_need_a_larger_library():
    lab = {"kind": "lab", "title": "t", "minutes": 1}
    for rows, maps in (([{**lab, "lab": "shattering", "panel": "gradient"}, PLAYED], False),
                       ([{**lab, "lab": "landscape", "panel": "plane"}], True)):  # fmt: skip
        assert has_maps(talk(*rows)) == document(*rows)["maps"] == maps


def test_the_room_hears_a_count_for_every_choice_up_to_the_last_that_was_made():
    showing = room.Showing("t", 3, None, "", 0, {"q": {3: 2, 1: 1}, "r": {}}, {"q": 3})
    assert showing_document(showing) == {
        "talk": "t", "scene": 3, "race": None, "question": "", "votes": 0, "counts": {"q": [1, 0, 2], "r": []},
        "mine": {"q": 3},
    }  # fmt: skip


def test_no_words_of_a_talk_are_smaller_than_16_pixels():
    """``max(16px, ...)``: on a phone the part that grows with the window is smaller."""
    folder = PROJECT / "app" / "live"
    for path in (folder / "talk/talk.css", folder / "shared/presentation/presentation.css"):
        least = [int(px) for px in re.findall(r"font-size: max\((\d+)px", path.read_text(encoding="utf-8"))]
        assert least and min(least) >= 16, path
