"""Where a presenter stands, which question is open, and one vote of each visitor."""

import pytest

from engine.errors import ConfigError
from engine.store.audience import showings
from engine.store.audience.showings import Place
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

ASKS = Place("t", 2, "q", 3)
ANSWERS = Place("t", 3, reveals="q")


@pytest.fixture
def place(tmp_path):
    return Workspace(tmp_path).prepare()


@pytest.fixture
def writer(place):
    with Writer(place) as made:
        yield made.showings


@pytest.fixture
def soon(monkeypatch):
    """Votes may follow each other at once."""
    monkeypatch.setattr(showings, "VOTE_S", 0.0)


def seen(place):
    with Reader(place) as reader:
        row = reader.showings.newest()
        return row, reader.showings.votes(row.id) if row else {}


def changes(place):
    with Reader(place) as reader:
        return reader.points.head()[1]


def test_nothing_is_shown_before_the_first_scene(place, writer):
    assert seen(place) == (None, {})
    with pytest.raises(ConfigError, match="not open"):
        writer.vote("q", "a", 1)


def test_a_question_is_open_while_its_scene_is_shown_and_never_after_its_answer(place, writer):
    writer.show(Place("t", 1))
    for where, opened in ((ASKS, "q"), (Place("t", 1), ""), (ASKS, "q"), (ANSWERS, ""), (ASKS, "")):
        writer.show(where)
        row, _ = seen(place)
        assert (row.scene, row.open) == (where.scene, opened)
    with pytest.raises(ConfigError, match="not open"):
        writer.vote("q", "a", 1)


def test_a_visitor_has_one_vote_and_may_change_it(place, writer, soon):
    writer.show(ASKS)
    for visitor, choice in (("a", 1), ("b", 3), ("a", 2), ("a", 3)):
        writer.vote("q", visitor, choice)
    row, votes = seen(place)
    assert votes == {"q": {3: 2}}
    with Reader(place) as reader:
        assert reader.showings.votes_of(row.id, "a") == {"q": 3}
        assert reader.showings.votes_of(row.id, "c") == {}


@pytest.mark.parametrize("choice", [0, 4, -1, 10**12])
def test_a_choice_that_the_question_does_not_have_is_refused(writer, choice):
    writer.show(ASKS)
    with pytest.raises(ConfigError, match="1 to 3"):
        writer.vote("q", "a", choice)


def test_votes_of_one_visitor_come_one_after_the_other(place, writer):
    writer.show(ASKS)
    writer.vote("q", "a", 1)
    with pytest.raises(ConfigError, match="one vote at a time"):
        writer.vote("q", "a", 2)
    assert seen(place)[1] == {"q": {1: 1}}


def test_no_more_voters_than_a_room_has_and_those_inside_may_still_change(place, writer, soon, monkeypatch):
    monkeypatch.setattr(showings, "MAX_VOTERS", 2)
    writer.show(ASKS)
    for visitor in ("a", "b"):
        writer.vote("q", visitor, 1)
    with pytest.raises(ConfigError, match="no more are counted"):
        writer.vote("q", "c", 1)
    writer.vote("q", "b", 2)
    assert seen(place)[1] == {"q": {1: 1, 2: 1}}


def test_a_talk_that_begins_again_has_new_votes_and_one_that_goes_on_keeps_them(place, writer):
    first = writer.show(ASKS)
    writer.vote("q", "a", 1)
    writer.end()
    assert seen(place)[0].open == ""
    assert writer.show(ASKS) == first
    assert seen(place)[1] == {"q": {1: 1}}
    writer.end()
    assert writer.show(Place("t", 1)) != first
    assert seen(place)[1] == {}
    assert writer.show(Place("u", 4)) > first + 1


def test_old_showings_leave_with_their_votes(place, writer, monkeypatch):
    monkeypatch.setattr(showings, "KEPT", 2)
    for talk in "abcd":
        writer.show(Place(talk, 1, "q", 2))
        writer.vote("q", talk, 1)
    with Reader(place) as reader:
        rows = [reader.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("talk_showings", "talk_votes")]
    assert rows == [2, 2]


def test_viewers_hear_of_every_change(place, writer):
    writer.show(ASKS)
    before = changes(place)
    for change in (lambda: writer.vote("q", "a", 1), lambda: writer.started(4), writer.end):
        change()
        assert changes(place) > before
        before = changes(place)
    assert seen(place)[0].race == 4


def test_a_look_at_another_talk_keeps_the_votes_and_the_answers(place, writer):
    first = writer.show(ASKS)
    writer.vote("q", "a", 1)
    writer.show(ANSWERS)
    for other in "ub":
        writer.show(Place(other, 1))
    assert writer.show(ASKS) == first
    row, votes = seen(place)
    assert (row.id, row.talk, row.open, votes) == (first, "t", "", {"q": {1: 1}})


def test_another_talk_that_was_given_is_no_look(place, writer, monkeypatch):
    first = writer.show(ASKS)
    writer.show(Place("u", 1, "r", 2))
    writer.vote("r", "a", 1)
    assert writer.show(ASKS) > first, "somebody voted there"
    monkeypatch.setattr(showings, "LOOK_S", 0.0)
    writer.show(Place("v", 1))
    assert writer.show(ASKS) > first + 3, "it took long"
