"""A talk as the browser gets it: texts as texts, notes for the speaker alone, arms that a recording has."""

import json

from app.data.talks import room, talks
from app.data.workspace import SkipscopeError
from app.live.talk.documents import has_maps, talk_document
from app.live.talk.messages import showing_document
from engine.talks.files import FOLDER, USUAL, checked, read_talk

TALK = read_talk(FOLDER / f"{USUAL}.toml")
PLAYED = {"kind": "recorded", "title": "t", "minutes": 1, "recording": "quick"}


def document(*scenes, with_notes=True):
    return talk_document("x", checked({"title": "X", "scene": [*scenes]}, "x.toml"), with_notes)


def test_only_the_speaker_gets_the_notes():
    for with_notes in (True, False):
        found = talk_document(USUAL, TALK, with_notes)
        assert [scene.get("notes") for scene in found["scenes"]] == [
            scene.notes if with_notes else None for scene in TALK.scenes
        ]
        assert (TALK.scenes[0].notes.split("\n")[0] in json.dumps(found)) == with_notes


def test_a_scene_plays_the_arms_that_it_names_with_all_their_seeds():
    some, every = document({**PLAYED, "arms": ["plain-20"]}, PLAYED)["scenes"]
    assert [run["label"] for run in some["race"]["runs"]] == [f"plain-20 s{seed}" for seed in range(5)]
    assert len(every["race"]["runs"]) == 20
    assert (some["race"]["recording"], some["race"]["trouble"]) == ("quick", "")
    assert some["race"]["words"] == "Recorded race: Quick race, five seeds"


def test_an_arm_that_was_not_recorded_and_a_recording_that_is_not_here_are_said(monkeypatch):
    (scene,) = document({**PLAYED, "arms": ["B-20"]})["scenes"]
    assert scene["race"]["trouble"] == "The recorded race has no arm of B-20."

    def refuse(name):
        raise SkipscopeError("the disk is full")

    monkeypatch.setattr(talks, "recorded", refuse)
    (scene,) = document(PLAYED)["scenes"]
    assert (scene["race"]["runs"], scene["race"]["trouble"]) == (
        [], "The recorded race cannot be played: the disk is full.",
    )  # fmt: skip


def test_single_steps_are_drawn_of_a_cut_alone():
    scenes = document(PLAYED, {**PLAYED, "kind": "cut", "begin": 100})["scenes"]
    assert [(scene["race"]["raw"], scene["race"]["begin"]) for scene in scenes] == [(False, 0), (True, 100)]


def test_maps_need_a_larger_library():
    lab = {"kind": "lab", "title": "t", "minutes": 1}
    assert not has_maps(document({**lab, "lab": "shattering", "panel": "gradient"}, PLAYED))
    assert has_maps(document({**lab, "lab": "landscape", "panel": "plane"}))


def test_the_room_hears_a_count_for_every_choice_up_to_the_last_that_was_made():
    showing = room.Showing("t", 3, None, "", 0, {"q": {3: 2, 1: 1}, "r": {}}, {"q": 3})
    assert showing_document(showing) == {
        "talk": "t", "scene": 3, "race": None, "question": "", "votes": 0, "counts": {"q": [1, 0, 2], "r": []},
        "mine": {"q": 3},
    }  # fmt: skip
