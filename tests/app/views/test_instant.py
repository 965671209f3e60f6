"""What the page Instant does with a press, without a browser and an engine."""

from types import SimpleNamespace

import pytest

from app.data import commands
from app.live.race.instant import component
from app.views import instant, picker
from engine.errors import ConfigError


@pytest.fixture
def session(monkeypatch):
    """The session's state in Streamlit's place."""
    state = {}
    monkeypatch.setattr(instant.st, "session_state", state)
    return state


def press(session, **command):
    session[instant.COMPONENT] = SimpleNamespace(command=command)
    instant._on_command()


def test_a_slider_trains_what_it_says(session, monkeypatch):
    asked = []
    monkeypatch.setattr(commands, "start_instant", asked.append)
    choice = {"depth": 32, "shortcut": "A", "strength": 0, "lr": 0.001, "seed": 3}
    press(session, verb="train", run=0, at=1, choice=choice)
    assert asked == [commands.InstantChoice(32, "A", 0.0, 0.001, 3)]
    assert session.keys() == {instant.COMPONENT}


@pytest.mark.parametrize("obstacle", ["", "this installation only views"])
def test_the_page_is_told_why_nothing_trains_here(session, monkeypatch, obstacle):
    told = []
    monkeypatch.setattr(component.workspace, "view_only", lambda: obstacle)
    monkeypatch.setattr(component, "component", lambda *_: lambda **given: told.append(given["data"]))
    instant._live()
    assert [data["obstacle"] for data in told] == [obstacle]


def test_the_same_refusal_twice_is_told_twice_each_with_its_press(session, monkeypatch):
    def refuse(_):
        raise ConfigError("no instant race 7")

    monkeypatch.setattr(commands, "keep_instant", refuse)
    monkeypatch.setattr(picker, "choose", lambda _: pytest.fail("it was not kept"))
    told = []
    for at in (11, 12):
        press(session, verb="keep", run=7, at=at)
        told.append(session.pop(instant._NOTICE))
    assert told == [{"line": "no instant race 7", "at": 11}, {"line": "no instant race 7", "at": 12}]
    assert instant._KEPT not in session
