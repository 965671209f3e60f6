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


def test_outside_of_a_script_there_is_no_window():
    assert this_window() == ""
