"""The file of a talk: what it may say, and one line with the scene's number for each fault."""

import os
import tomllib
from dataclasses import replace

import pytest

from engine.errors import ConfigError
from engine.exchange.recordings import get_recording
from engine.talks import files, plays
from engine.talks.files import TalkFaults, checked, get_talk_file, read_talk, talk_files
from engine.talks.scenes import MAX_LINE, MAX_LINES, MAX_NOTES

TEXT = {"kind": "text", "title": "One", "minutes": 1}
QUESTION = {"kind": "prediction", "key": "q", "title": "Which?", "choices": ["a", "b"], "minutes": 1}
REVEAL = {"kind": "reveal", "of": "q", "answer": 2, "title": "b", "recording": "quick", "minutes": 1}
LAB = {"kind": "lab", "title": "Seen", "lab": "shattering", "panel": "gradient", "minutes": 1}
CUT = {"kind": "cut", "title": "Cut", "recording": "cut", "begin": 299, "arms": ["A-56"], "minutes": 1}
LIVE = {"kind": "live", "title": "Now", "recording": "quick", "preset": "quick", "minutes": 1}


def talk(*scenes, **more):
    return checked({"title": "A talk", "scene": [*scenes], **more}, "a.toml")


def faults(*scenes, **more):
    with pytest.raises(TalkFaults) as raised:
        talk(*scenes, **more)
    assert str(raised.value).startswith("a.toml: ")
    assert all("\n" not in line for line in raised.value.lines)
    return raised.value.lines


def test_the_scenes_keep_their_order_and_their_minutes_are_added():
    found = talk(TEXT, QUESTION, REVEAL, LAB, LIVE)
    assert [type(scene).__name__ for scene in found.scenes] == [
        "TextScene", "PredictionScene", "RevealScene", "LabScene", "LiveScene",
    ]  # fmt: skip
    assert found.minutes == 5


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ({**TEXT, "kind": "song"}, "its kind is one of"),
        ({**TEXT, "kind": ["text"]}, "its kind is one of"),
        ("text", "its kind is one of"),
        ({"kind": "text", "minutes": 1}, "title is missing"),
        ({**TEXT, "title": " "}, "title must not be empty"),
        ({**TEXT, "lines": ["a", ""]}, "lines must not be empty"),
        ({**LIVE, "layout": "gap", "arms": ["plain-20", "A-56"]}, "the layout gap needs two depths"),
        ({**CUT, "layout": "depth"}, "the layout depth needs two depths"),
        ({**TEXT, "title": "a" * (MAX_LINE + 1)}, "title is text of at most"),
        ({**TEXT, "title": "a\nb"}, "title is one line without control characters"),
        ({**TEXT, "lines": ["a"] * (MAX_LINES + 1)}, "lines"),
        ({**TEXT, "minutes": 0}, "minutes"),
        ({**TEXT, "minutes": float("nan")}, "minutes"),
        ({**TEXT, "minutes": True}, "minutes"),
        ({**LIVE, "seconds": True}, "seconds"),
        ({**CUT, "begin": True}, "begin"),
        ({**TEXT, "drawing": "a cat"}, "drawing"),
        ({**TEXT, "colour": "red"}, "unknown setting colour"),
        ({**TEXT, "notes": "a\x07"}, "notes has a control character"),
        ({**LAB, "lab": "kitchen"}, "names no lab"),
        ({**LAB, "panel": "wall"}, "has no panel"),
        ({**LAB, "curves": ["plain with BN", "gold"]}, "no curves of 'gold'"),
        ({**LIVE, "preset": "slow"}, "names no preset"),
        ({**LIVE, "recording": "slow"}, "names no recorded race"),
        ({**LIVE, "layout": "round"}, "layout"),
        ({**LIVE, "seconds": 0.1}, "seconds"),
        ({**LIVE, "arms": ["plain-20", "plain-21"]}, "has no arm 'plain-21': plain-20, plain-56, A-20, A-56"),
        ({**CUT, "recording": "quick"}, "no shortcuts are cut"),
        ({**CUT, "begin": 300}, "begin is before the last of 300 steps (got 300)"),
        ({**QUESTION, "choices": ["one"]}, "choices"),
        ({**QUESTION, "key": "Q 1"}, "key"),
    ],
)
def test_a_fault_names_its_scene(scene, said):
    lines = faults(TEXT, scene)
    assert lines[0].startswith("scene 2: ")
    assert said in lines[0]


def test_what_plays_to_the_last_step_is_sound():
    assert talk(CUT).scenes[0].begin == 299


def test_a_recorded_race_that_is_not_here_is_a_fault(monkeypatch, tmp_path):
    monkeypatch.setattr(plays, "get_recording", lambda name: replace(get_recording(name), path=tmp_path / "gone"))
    assert "scene 1: (live) the recorded race quick cannot be played" in faults(LIVE)[0]


def test_faults_between_scenes_are_said_beside_those_of_a_scene_and_in_the_order_of_the_scenes():
    lines = faults({**TEXT, "size": 2}, REVEAL, {**LIVE, "arms": ["none-9"]}, {**QUESTION, "key": "lone"})
    assert [line.split(":")[0] for line in lines] == ["scene 1", "scene 2", "scene 3", "scene 4"]
    assert all(
        word in line for word, line in zip(("size", "no earlier scene", "no arm", "no reveal"), lines, strict=True)
    )


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ({**LIVE, "size": 2, "arms": ["none-9"]}, ["size", "no arm"]),
        ({**CUT, "minutes": 0, "begin": 300}, ["minutes", "begin is before"]),
        ({**LIVE, "minutes": 0, "arms": [3], "recording": "cut"}, ["minutes", "arms"]),
        ({**LAB, "title": "", "panel": "wall"}, ["title must not be empty", "has no panel"]),
        ({**LAB, "minutes": 0, "lab": "kitchen"}, ["minutes", "names no lab"]),
    ],
)
def test_a_scene_with_a_fault_is_checked_further(scene, said):
    lines = faults(scene)
    assert len(lines) == len(said)
    assert all(any(word in line for line in lines) for word in said)


@pytest.mark.parametrize("second", ["better", " better ", "far  better", "be\u0301tter"])
def test_two_choices_that_read_the_same_are_no_question(second):
    first = {"far  better": "far better", "be\u0301tter": "b\u00e9tter"}.get(second, "better")
    (line,) = faults({**QUESTION, "choices": [first, "worse", second]}, REVEAL)
    assert line.startswith("scene 1: (prediction) ") and "the choices 1 and 3 are the same" in line


def test_choices_that_differ_in_a_letter_are_a_question():
    assert talk({**QUESTION, "choices": ["better", "Better", "better?"]}, REVEAL).minutes == 2


def test_an_answer_is_checked_beside_another_fault():
    assert len(faults(QUESTION, {**REVEAL, "minutes": 0, "answer": 3})) == 2


def test_a_question_or_a_reveal_with_a_fault_of_its_own_still_counts_as_one():
    assert len(faults({**QUESTION, "minutes": 0}, REVEAL)) == 1
    assert len(faults(QUESTION, {**REVEAL, "minutes": 0})) == 1
    assert len(faults({**QUESTION, "kind": "predicton"}, REVEAL)) == 1
    assert len(faults({**TEXT, "key": "q"})) == 1


def test_every_fault_has_its_line():
    assert len(faults({"kind": "text"}, {**TEXT, "minutes": -1, "size": 2}, TEXT, song=1)) == 5


@pytest.mark.parametrize(
    ("scenes", "said"),
    [
        ([REVEAL], "no earlier scene asks"),
        ([REVEAL, QUESTION], "no earlier scene asks"),
        ([QUESTION], "has no reveal"),
        ([QUESTION, {**REVEAL, "answer": 3}], "answer is 1 to 2"),
        ([QUESTION, REVEAL, REVEAL], "was revealed before"),
        ([QUESTION, QUESTION, REVEAL], "another question has the key"),
    ],
)
def test_a_question_has_one_later_reveal_with_one_of_its_choices(scenes, said):
    assert any(said in line for line in faults(*scenes))


@pytest.mark.parametrize("document", [{}, {"title": "x"}, {"title": "x", "scene": []}, {"title": "x", "scene": 3}])
def test_a_talk_without_scenes_is_none(document):
    with pytest.raises(TalkFaults, match="a talk has scenes"):
        checked(document, "a.toml")


def test_a_talk_has_so_many_scenes_at_most():
    assert "at most" in faults(*[TEXT] * (files.MAX_SCENES + 1))[0]


@pytest.mark.parametrize("content", [b"title = ", b"\xff\xfe", b"#" * (files.MAX_BYTES + 1), b"a=" + b"[" * 30_000])
def test_what_is_no_talk_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "t.toml").write_bytes(content)
    with pytest.raises(TalkFaults) as raised:
        read_talk(tmp_path / "t.toml")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, str(2**63), "-" + "9" * 30])
@pytest.mark.parametrize(
    "text", ["n = {}", "[[scene]]\nkind = {}", "[[scene]]\nkind = 'text'\nlines = [[{{ a = {} }}]]"]
)
def test_a_number_longer_than_toml_has_is_a_fault_in_one_short_line(tmp_path, number, text):
    (tmp_path / "t.toml").write_text(text.format(number))
    with pytest.raises(TalkFaults) as raised:
        read_talk(tmp_path / "t.toml")
    assert str(raised.value) == "t.toml: is no TOML (a whole number has at most 64 bits)"


@pytest.mark.parametrize(
    "key", ["a" + ".a" * 60_000 + " = 1", "[a" + " . 'a'" * 30_000 + "]", 'a = {b."c"' + '."c"' * 20_000]
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(tmp_path, key, monkeypatch):
    monkeypatch.setattr(files.tomllib, "loads", lambda text: pytest.fail("the parser saw it"))
    (tmp_path / "t.toml").write_text("title = 'T'\n" + key)
    with pytest.raises(TalkFaults, match="line 2 has more than 256 points"):
        read_talk(tmp_path / "t.toml")


def test_the_longest_notes_and_their_dots_are_a_talk(tmp_path):
    notes = ("So. " * 100 + "..... " * 600)[: MAX_NOTES - 1]
    (tmp_path / "t.toml").write_text(f"title='T'\n[[scene]]\nkind='text'\ntitle='One'\nminutes=1\nnotes='{notes}'")
    assert read_talk(tmp_path / "t.toml").scenes[0].notes == notes.strip()


def test_what_is_no_usual_file_is_no_talk_and_is_not_waited_for(tmp_path):
    own = tmp_path / "talks"
    own.mkdir()
    os.mkfifo(own / "pipe.toml")
    (own / "folder.toml").mkdir()
    (own / "away.toml").symlink_to(own / "nowhere")
    assert not {"pipe", "folder", "away"} & {*talk_files(tmp_path)}
    for name in ("pipe", "folder"):
        with pytest.raises(TalkFaults, match="no file of text"):
            read_talk(own / f"{name}.toml")


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "t.toml").write_bytes(
        b"\xef\xbb\xbftitle='T'\r\n[[scene]]\r\nkind='text'\r\ntitle='One'\r\nminutes=1\r\n"
    )
    assert read_talk(tmp_path / "t.toml").title == "T"


def test_a_workspace_has_talks_of_its_own_and_those_of_the_project(tmp_path):
    own = tmp_path / "talks"
    own.mkdir()
    for name in ("mine.toml", "Not a name.toml", "..toml", "readme.md"):
        (own / name).write_text("")
    assert set(talk_files(tmp_path)) == {"mine", *(path.stem for path in files.FOLDER.glob("*.toml"))}
    assert get_talk_file("mine", tmp_path) == own / "mine.toml"
    for name in ("yours", "../mine", "mine.toml", ""):
        with pytest.raises(ConfigError, match="there is no talk"):
            get_talk_file(name, tmp_path)


def test_the_usual_talk_is_there_and_has_a_source_for_every_scene_with_words_of_others():
    path = files.FOLDER / f"{files.USUAL}.toml"
    found = read_talk(path)
    assert found.minutes == 10
    assert all(scene.notes for scene in found.scenes)
    kinds = [row["kind"] for row in tomllib.loads(path.read_text(encoding="utf-8"))["scene"]]
    assert {*kinds} == {"text", "prediction", "reveal", "recorded", "lab", "cut", "live"}
    assert all(scene.source for scene in found.scenes if type(scene).__name__ == "TextScene")


def test_a_number_that_stands_there_as_a_text_is_compared_beside_other_faults():
    assert talk({**CUT, "begin": "9"}).scenes[0].begin == 9
    late = faults({**CUT, "begin": "301", "layout": "text"})
    assert any("begin is before the last of" in line and "(got 301)" in line for line in late)
    assert len(faults({**CUT, "begin": "9", "layout": "text"})) == 1
    wrong = faults(QUESTION, {**REVEAL, "answer": "3", "layout": "text"})
    assert any("answer is 1 to 2 (got 3)" in line for line in wrong)
