"""The presenter's windows: where the room goes on when one is left."""

import pytest

from app.web.talk_windows import TalkWindows, this_window

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
