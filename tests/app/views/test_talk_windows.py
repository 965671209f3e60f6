"""The page of talks for a presenter: which window the room follows, and a list that no file breaks."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.data.talks import room, talks
from app.data.workspace import use
from app.views import talk
from app.views.talk_windows import TalkWindows, this_window
from app.web import presenter_link
from engine.talks.files import USUAL

PAGE = "from app.views import talk\ntalk.render()"


@pytest.fixture
def place(workspace):
    use(workspace.path)
    yield workspace
    use(workspace.path)


@pytest.fixture
def states(place, monkeypatch):
    """Collect what the browser's view is told."""
    found = []
    monkeypatch.setattr(talk, "live_talk", lambda document, state, command, key: found.append(state))
    monkeypatch.setattr(talk, "talk_document", lambda name, read, leads: {})
    return found


def page(**query):
    made = AppTest.from_string(PAGE, default_timeout=60)
    for key, value in query.items():
        made.query_params[key] = value
    made.run()
    assert not made.exception
    return made


def test_a_presenters_window_at_another_scene_than_the_room_waits(place, states, monkeypatch):
    (place.path / "talks").mkdir(parents=True)
    (place.path / "talks" / "mine.toml").write_text("title='Mine'\n[[scene]]\nkind='text'\ntitle='One'\nminutes=1\n")
    monkeypatch.setattr(presenter_link, "shared_port", lambda: 8501)
    monkeypatch.setattr(presenter_link, "may_command", lambda: True)
    page()
    talks.show(USUAL, 3)
    for query in ({}, {"scene": "3"}, {"scene": "4"}, {"talk": "mine", "scene": "3"}):
        page(**query)
    talks.end()
    page(talk="mine")
    assert [state.waits for state in states] == [False, True, False, True, True, False]


def test_who_speaks_alone_or_looks_on_never_waits(place, states, monkeypatch):
    talks.show(USUAL, 3)
    page()
    monkeypatch.setattr(presenter_link, "shared_port", lambda: 8501)
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    page()
    assert [(state.role, state.waits) for state in states] == [("alone", False), ("audience", False)]


def test_files_that_are_no_talks_are_told_below_the_one_that_is_shown(place, states):
    (place.path / "talks").mkdir(parents=True)
    (place.path / "talks" / "mine.toml").write_text("n = " + "9" * 5000)
    seen = page()
    assert len(states) == 1
    assert "is no TOML" in seen.main.children[0].proto.label
    assert "is no TOML" in page(talk="mine").error[0].value


class TestLeaving:
    """What the room sees when the presenter leaves the stage in one of several windows."""

    @pytest.fixture
    def at(self, place, monkeypatch):
        """Act in one of several windows."""
        state: dict = {}
        monkeypatch.setattr(talk.st, "session_state", state)
        monkeypatch.setattr(talk, "talk_windows", TalkWindows(lambda window: True))

        def act(window, name=USUAL, **command):
            monkeypatch.setattr(talk, "this_window", lambda: window)
            state[talk.COMPONENT] = SimpleNamespace(command=command)
            talk._on_command(name)
            assert talk._NOTICE not in state
            return state.pop(talk._GOES_ON, False)

        return act

    def test_a_second_window_leaves_alone(self, at):
        at("a", verb="show", scene=3)
        at("b", verb="show", scene=3)
        assert at("b", verb="end")
        assert (room.showing().talk, room.showing().scene) == (USUAL, 3)
        assert not at("a", verb="end")
        assert room.showing() == room.Showing()

    def test_the_room_goes_back_to_the_first_window_with_its_votes(self, at):
        at("a", verb="show", scene=2)
        room.vote("plain", "somebody", 1)
        at("b", verb="show", scene=8)
        assert at("b", verb="end")
        assert (room.showing().scene, room.showing().votes) == (2, 1)

    def test_a_window_at_another_page_gives_no_talk(self, at, monkeypatch):
        at("a", verb="show", scene=3)
        talk.left()
        at("b", verb="show", scene=4)
        assert not at("b", verb="end")
        assert room.showing() == room.Showing()


ONE, TWO, THREE = ("usual", 1), ("usual", 5), ("mine", 2)


@pytest.fixture
def closed():
    return set()


@pytest.fixture
def windows(closed):
    return TalkWindows(lambda window: window not in closed)


def test_the_talk_ends_with_the_last_window(windows):
    windows.moved("a", ONE)
    windows.moved("b", TWO)
    assert windows.left("b") == ONE
    assert windows.left("a") is None


def test_the_room_stays_with_the_window_that_moved_last(windows):
    for window, place in (("a", ONE), ("b", TWO), ("c", THREE), ("a", TWO)):
        windows.moved(window, place)
    assert windows.left("b") == TWO
    assert windows.left("a") == THREE


def test_a_window_that_never_gave_the_talk_ends_none_that_is_given(windows):
    windows.moved("a", ONE)
    assert windows.left("b") == ONE
    assert windows.left("b") == ONE


def test_a_closed_window_gives_no_talk(windows, closed):
    windows.moved("a", ONE)
    windows.moved("b", TWO)
    closed.add("a")
    assert windows.left("b") is None
    closed.clear()
    windows.moved("b", TWO)
    assert windows.left("b") is None


def test_outside_of_a_script_there_is_no_window():
    assert this_window() == ""
