"""``talk`` on the command line: checks a file, writes it as one page."""

import json

import pytest

from app.live.talk import documents
from engine.errors import DataError
from engine.talks.files import USUAL, get_talk_file, read_talk

TALK = """
title = "Two"
[[scene]]
kind = "text"
title = "One </script><img src=x onerror=alert(1)>"
lines = ["<b>no</b> *so*"]
minutes = 1
notes = "<script>alert(1)</script>"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(TALK, encoding="utf-8")
    return path


def test_a_sound_talk_is_told_with_its_scenes_and_minutes(call, file, workspace):
    code, shown, said = call("talk", str(file), "--check")
    assert (code, shown) == (0, "")
    assert said == "Two: 1 scene, 1 minute; no fault\n"
    found = read_talk(get_talk_file(USUAL, workspace.path))
    code, shown, _ = call("talk", USUAL, "--check", "--json")
    assert json.loads(shown) == {"talk": found.title, "scenes": len(found.scenes), "minutes": found.minutes}


def test_every_fault_has_a_line(call, file):
    file.write_text(TALK.replace("minutes = 1", "minutes = 0") + 'colour = "red"\n', encoding="utf-8")
    code, shown, said = call("talk", str(file), "--check")
    assert (code, shown) == (2, "")
    assert [line.startswith("two.toml: scene 1: (text) ") for line in said.splitlines()] == [True, True]
    code, _, said = call("talk", str(file), "--check", "--json")
    assert (code, said.count("\n")) == (2, 1)


def test_what_cannot_be_written_is_found_before_with_every_scene(call, file, tmp_path, monkeypatch):
    played = '[[scene]]\nkind = "recorded"\ntitle = "Two"\nminutes = 1\nrecording = "cut"\n'
    file.write_text(TALK + played + played.replace("cut", "depth"), encoding="utf-8")

    def refuse(name):
        raise DataError(f"{name} is damaged")

    monkeypatch.setattr(documents.talks, "recorded", refuse)
    documents._recorded_runs.cache_clear()
    out = tmp_path / "talk.html"
    for wish in (["--check"], ["--out", str(out)]):
        code, shown, said = call("talk", str(file), *wish)
        assert (code, shown) == (2, "")
        assert said.splitlines() == [
            f"two.toml: scene {number}: The recorded race cannot be played: {name} is damaged."
            for number, name in ((2, "cut"), (3, "depth"))
        ]
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["talk"], "TALK"), (["talk", USUAL], "--check, or --out"),
        (["talk", "nope", "--check"], "there is no talk"), (["talk", "nope.toml", "--check"], "nope.toml"),
        (["talk", USUAL, "--check", "--out", "x"], "--check, or --out"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_line(call, arguments, words):
    code, shown, said = call(*arguments)
    assert (code, shown, said.count("\n")) == (2, "", 1)
    assert words in said


def test_the_file_appears_once_and_holds_no_text_as_markup(call, file, tmp_path):
    out = tmp_path / "talk.html"
    code, shown, _ = call("talk", str(file), "--out", str(out), "--json")
    assert code == 0
    assert json.loads(shown)["bytes"] == out.stat().st_size < 1_000_000
    page = out.read_text(encoding="utf-8")
    assert not [sign for sign in ("<img", "onerror=alert", "alert(1)", "<b>no") if sign in page]
    code, _, said = call("talk", str(file), "--out", str(out))
    assert code == 2
    assert "add --replace" in said
    assert call("talk", str(file), "--out", str(out), "--replace")[0] == 0
    assert out.read_text(encoding="utf-8") == page
