"""The page of talks for a presenter: which window the room follows, and a list that no file breaks."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.data.talks import room, talks
from app.data.workspace import use
from app.views import talk
from app.views.talk_windows import AWAY_S, KEPT_S, TalkWindows, this_window
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


def test_a_page_that_is_opened_again_learns_behind_which_command_it_goes_on(place, states, monkeypatch):
    known = TalkWindows(lambda window: True)
    monkeypatch.setattr(talk, "talk_windows", known)
    monkeypatch.setattr(talk, "this_window", lambda: "a")
    page()
    with known.acting("a", 5e12):
        pass
    page()
    assert [state.sent for state in states] == [0, 5e12]


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
    def at(self, place, monkeypatch, closed, now):
        """Act in one of several windows."""
        state: dict = {}
        monkeypatch.setattr(talk.st, "session_state", state)
        monkeypatch.setattr(talk, "talk_windows", TalkWindows(lambda window: window not in closed, lambda: now[0]))
        monkeypatch.setattr(talk.st, "rerun", lambda: None)

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

    def test_a_step_that_comes_late_leaves_the_room_where_the_next_one_took_it(self, at):
        at("a", verb="show", scene=4, at=20)
        at("a", verb="show", scene=3, at=10)
        assert room.showing().scene == 4
        at("a", verb="end", at=10)
        assert room.showing().scene == 4
        at("a", verb="show", scene=3, at=30)
        assert room.showing().scene == 3

    def test_the_room_waits_a_while_for_a_window_that_is_away_and_no_longer(self, at, closed, now):
        at("a", verb="show", scene=3)
        at("b", verb="show", scene=4)
        closed.add("a")
        assert at("b", verb="end")
        talk._await_windows()
        assert room.showing().scene == 3
        now[0] += AWAY_S
        talk._await_windows()
        assert room.showing() == room.Showing()

    def test_a_window_that_comes_back_keeps_the_room(self, at, closed, now):
        at("a", verb="show", scene=3)
        at("b", verb="show", scene=4)
        closed.add("a")
        at("b", verb="end")
        closed.clear()
        talk._await_windows()
        now[0] += AWAY_S
        closed.add("a")
        talk._await_windows()
        assert room.showing().scene == 3

    def test_a_reload_leaves_the_stage_for_the_room(self, at, closed):
        at("before", verb="show", scene=3, tab="one")
        closed.add("before")
        at("after", verb="show", scene=3, tab="one")
        assert not at("after", verb="end")
        assert room.showing() == room.Showing()

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
def now():
    """Hold the time, in seconds."""
    return [1000.0]


@pytest.fixture
def windows(closed, now):
    return TalkWindows(lambda window: window not in closed, lambda: now[0])


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


def test_a_window_that_is_away_for_a_moment_keeps_its_place(windows, closed, now):
    windows.moved("a", ONE)
    windows.moved("b", TWO)
    closed.add("a")
    assert windows.left("b") == ONE
    assert windows.awaited()
    now[0] += AWAY_S - 1
    assert windows.where() == ONE
    closed.clear()
    now[0] += AWAY_S
    assert not windows.awaited()
    assert windows.where() == ONE
    assert windows.left("a") is None


def test_a_window_that_stays_away_gives_no_talk(windows, closed, now):
    windows.moved("a", ONE)
    windows.moved("b", TWO)
    closed.add("a")
    assert windows.left("b") == ONE
    now[0] += AWAY_S
    assert (windows.awaited(), windows.where()) == (False, None)
    windows.moved("b", TWO)
    assert windows.left("b") is None


def test_a_window_that_comes_back_late_is_in_its_place_again(windows, closed, now):
    windows.moved("a", ONE)
    closed.add("a")
    assert windows.left("b") == ONE
    now[0] += AWAY_S
    assert windows.left("b") is None
    closed.clear()
    windows.moved("b", TWO)
    assert windows.left("b") == ONE


def test_a_session_that_streamlit_has_given_up_is_forgotten(windows, closed, now):
    windows.moved("a", ONE)
    closed.add("a")
    assert windows.awaited()
    now[0] += KEPT_S
    assert windows.where() is None
    closed.clear()
    assert windows.where() is None


def test_a_tab_that_was_loaded_anew_is_one_window(windows, closed):
    windows.moved("before", ONE, "tab")
    closed.add("before")
    windows.moved("after", TWO, "tab")
    assert windows.left("after") is None


def test_a_tab_and_its_copy_are_two_windows(windows):
    windows.moved("a", ONE, "tab")
    windows.moved("b", TWO, "tab")
    assert windows.left("b") == ONE


def test_sessions_of_no_known_tab_are_no_single_window(windows, closed):
    windows.moved("a", ONE)
    closed.add("a")
    windows.moved("b", TWO)
    assert windows.left("b") == ONE


def test_a_page_learns_the_number_of_its_newest_command(windows):
    assert windows.last_sent("a") == 0
    for sent in (30.0, 10.0):
        with windows.acting("a", sent):
            pass
    assert windows.last_sent("a") == 30.0


def test_a_command_that_comes_after_a_later_one_of_its_window_acts_no_more(windows):
    acted = []
    for window, sent in (("a", 1.0), ("a", 3.0), ("a", 2.0), ("b", 2.0), ("a", 3.0), ("a", float("nan"))):
        with windows.acting(window, sent) as is_newest:
            acted.append(is_newest)
    assert acted == [True, True, False, True, True, False]


def test_a_command_that_is_refused_lets_the_next_one_act(windows):
    with pytest.raises(ValueError), windows.acting("a", 1.0):
        raise ValueError
    with windows.acting("a", 2.0) as is_newest:
        assert is_newest


def test_outside_of_a_script_there_is_no_window():
    assert this_window() == ""
