"""A talk as the browser gets it: texts as texts, notes for the speaker alone, arms that a recording has."""

import json

from app import theme
from app.data.talks import room
from app.live.shared.run import Run
from app.live.talk.documents import RecordedRace, has_maps, talk_document
from app.live.talk.messages import showing_document
from engine.talks.files import FOLDER, USUAL, checked, read_talk

TALK = read_talk(FOLDER / f"{USUAL}.toml")
PLAYED = {"kind": "recorded", "title": "t", "minutes": 1, "recording": "quick"}


def runs(*labels):
    looks = theme.looks(["none"])
    return [
        Run(run=number, label=label, plain=True, look=looks["none"], depth=20) for number, label in enumerate(labels, 1)
    ]


def document(*scenes, races=lambda name: RecordedRace("Quick"), with_notes=True):
    return talk_document("x", checked({"title": "X", "scene": [*scenes]}, "x.toml"), races, with_notes)


def test_only_the_speaker_gets_the_notes():
    for with_notes in (True, False):
        found = talk_document(USUAL, TALK, lambda name: RecordedRace(name), with_notes)
        assert [scene.get("notes") for scene in found["scenes"]] == [
            scene.notes if with_notes else None for scene in TALK.scenes
        ]
        assert (TALK.scenes[0].notes.split("\n")[0] in json.dumps(found)) == with_notes


def test_a_scene_plays_the_arms_that_it_names_with_all_their_seeds():
    race = RecordedRace("Quick", runs("plain-20 s0", "plain-56 s0", "plain-20 s1"))
    (scene,) = document({**PLAYED, "arms": ["plain-20"]}, races=lambda name: race)["scenes"]
    assert [run["run"] for run in scene["race"]["runs"]] == [1, 3]
    assert scene["race"]["trouble"] == ""
    assert scene["race"]["words"] == "Recorded race: Quick"
    (scene,) = document({**PLAYED, "arms": ["A-20"]}, races=lambda name: race)["scenes"]
    assert scene["race"]["trouble"] == "The recorded race has no arm of A-20."


def test_a_recording_that_is_not_here_says_why():
    (scene,) = document(PLAYED, races=lambda name: RecordedRace("Quick", (), "the disk is full"))["scenes"]
    assert scene["race"]["trouble"] == "the disk is full"


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
