"""The talks that a page offers, the room that follows one, and the one thing that a visitor may write."""

import os

import pytest

from app.data import authorization
from app.data.talks import room, talks
from app.data.workspace import SkipscopeError
from engine.errors import NotPresenter
from engine.talks.files import USUAL
from engine.talks.scenes import PredictionScene
from tests.app.data.conftest import submit


@pytest.fixture
def audience(monkeypatch):
    monkeypatch.setattr(authorization, "_guard", lambda: False)


def own_talk(place, text):
    folder = place.path / "talks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.toml").write_text(text, encoding="utf-8")


def at_question(place):
    scenes = talks.get(USUAL).scenes
    number = next(i for i, scene in enumerate(scenes, 1) if isinstance(scene, PredictionScene))
    return number, scenes[number - 1]


def test_a_talk_with_a_fault_is_listed_with_it_and_one_that_was_mended_is_read_anew(place):
    own_talk(place, "title = ")
    assert "is no TOML" in talks.titles()["mine"]
    own_talk(place, 'title = "Mine"\n[[scene]]\nkind = "text"\ntitle = "One"\nminutes = 1\n')
    assert talks.titles()["mine"] == "Mine"
    assert len(talks.get("mine").scenes) == 1


def test_a_talk_is_read_once_with_others_beside_it_and_so_are_its_faults(place, monkeypatch):
    own_talk(place, "title = ")
    usual, faulty = talks.get(USUAL), talks.titles()["mine"]
    monkeypatch.setattr(talks, "read_talk", lambda path: pytest.fail(f"{path.name} was read again"))
    assert talks.titles() == {"mine": faulty, USUAL: usual.title}
    assert talks.get(USUAL) is usual
    with pytest.raises(SkipscopeError, match="is no TOML"):
        talks.get("mine")


def test_a_talk_with_an_endless_number_or_a_pipe_beside_it_leaves_the_list_whole(place):
    own_talk(place, "n = " + "9" * 5000)
    os.mkfifo(place.path / "talks" / "pipe.toml")
    assert {*talks.titles()} == {"mine", USUAL}
    assert "is no TOML" in talks.titles()["mine"]


def test_a_scene_that_the_talk_does_not_have_is_refused(place):
    for scene in (0, -1, 99):
        with pytest.raises(SkipscopeError, match="has the scenes 1 to"):
            talks.show(USUAL, scene)


def test_the_room_sees_the_scene_the_votes_and_at_the_reveal_their_counts(place):
    submit(place)
    number, question = at_question(place)
    assert room.showing() == room.Showing()
    talks.show(USUAL, number)
    room.vote(question.key, "a", 3)
    room.vote(question.key, "b", 1)
    seen = room.showing("a")
    assert (seen.talk, seen.scene, seen.question, seen.votes) == (USUAL, number, question.key, 2)
    assert seen.counts == {}
    assert seen.mine == {question.key: 3}
    talks.show(USUAL, number + 1)
    assert room.showing("b").counts == {question.key: {1: 1, 3: 1}}
    talks.end()
    assert room.showing() == room.Showing()


def test_a_window_at_another_scene_than_the_room_is_elsewhere(place):
    submit(place)
    assert not room.is_elsewhere(USUAL, "1")
    talks.show(USUAL, 2)
    assert not room.is_elsewhere(USUAL, "2")
    for talk, scene in ((USUAL, "1"), (USUAL, ""), ("mine", "2")):
        assert room.is_elsewhere(talk, scene)
    talks.end()
    assert not room.is_elsewhere("mine", "1")


def test_who_looks_on_may_vote_and_nothing_else(place, monkeypatch):
    submit(place)
    number, question = at_question(place)
    talks.show(USUAL, number)
    monkeypatch.setattr(authorization, "_guard", lambda: False)
    room.vote(question.key, "a", 2)
    acts = (
        lambda: talks.show(USUAL, number + 1), talks.end, lambda: talks.start_live(USUAL, 12),
        lambda: talks.share_live(1),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(NotPresenter):
            act()
    assert room.showing().votes == 1
    assert room.showing().scene == number


@pytest.mark.parametrize(("question", "visitor"), [("", "a"), ("plain", ""), ("x" * 65, "a"), ("plain", "v" * 65)])
def test_a_vote_of_nobody_or_on_nothing_is_refused(place, question, visitor):
    submit(place)
    talks.show(USUAL, at_question(place)[0])
    with pytest.raises(SkipscopeError, match="not open"):
        room.vote(question, visitor, 1)


def test_only_a_live_scene_has_a_live_race(place):
    with pytest.raises(SkipscopeError, match="no live race"):
        talks.start_live(USUAL, 1)
    for scene in (0, 99):
        with pytest.raises(SkipscopeError, match="has the scenes"):
            talks.start_live(USUAL, scene)
