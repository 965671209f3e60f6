"""What a browser sends as a command: the right to it is asked first, and an odd one is refused in one line."""

import ast
import math
from functools import partial
from types import SimpleNamespace

import pytest
import streamlit as st

from app.data import authorization
from app.data.workspace import use
from app.live.routes import routes
from app.live.stream.feed import Feed
from app.views import instant, page_frame, talk
from app.views.labs import lab
from app.views.race import race
from app.views.runs import compare
from app.web import presenter_link
from engine.errors import SkipscopeError
from engine.paths import PROJECT
from engine.runs.client.commands import CommandClient
from engine.runs.client.control import Control
from engine.runs.client.interventions import InterventionClient
from engine.runs.client.process import EngineProcess
from engine.runs.client.talks import TalkClient
from tests.app.live.conftest import Bench

#: Every component that sends commands: its key, and what takes them.
RECEIVERS = {
    race.COMPONENT: race._on_command,
    compare.COMPONENT: compare._on_command,
    instant.COMPONENT: instant._on_command,
    talk.COMPONENT: partial(talk._on_command, "opening"),
    lab.key_of("gradients", "view"): partial(lab._on_command, "gradients"),
}
VERBS = (
    "pause", "resume", "stop", "delete", "engine", "pause-all", "resume-all", "fork-at", "start", "next", "train",
    "keep", "measure", "show", "end", "live", "vote", "look", "gone", "ended", "set", "", None, 7, ["stop"], {"a": 1},
)  # fmt: skip
OF_EVERYONE = {talk.COMPONENT: {"vote", "look"}}
ODD = (None, "", "1", "x" * 10_000, True, 1.5, math.nan, math.inf, 10**400, [], {}, [1], {"run": 1})


class Watched(dict):
    """A command that notes which of its values are read."""

    def __init__(self, values):
        super().__init__(values)
        self.read = set()

    def __getitem__(self, key):
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.read.add(key)
        return super().get(key, default)

    def items(self):
        self.read.add("all")
        return super().items()


@pytest.fixture
def session(monkeypatch, tmp_path):
    """The session of a visitor of a page whose workspace has a race, and what the engine was asked."""
    bench = Bench(tmp_path / "workspace")
    use(tmp_path / "workspace")
    state, asked = {"chosen_race": bench.race}, []
    monkeypatch.setattr(st, "session_state", state)
    for part in (Control, EngineProcess, CommandClient, InterventionClient, TalkClient):
        for name in [name for name in dir(part) if not name.startswith("_") and callable(getattr(part, name))]:
            monkeypatch.setattr(part, name, lambda *args, name=name, **more: asked.append(name) or (1, [1]))
    yield SimpleNamespace(state=state, asked=asked)
    bench.writer.close()
    use(tmp_path / "elsewhere")


@pytest.mark.parametrize("component", RECEIVERS)
def test_nothing_of_a_command_is_read_before_the_right_to_it_is_asked(session, monkeypatch, component):
    monkeypatch.setattr(authorization, "_guard", lambda: False)
    free = OF_EVERYONE.get(component, page_frame.OF_EVERYONE)
    for verb in VERBS:
        for more in ({}, {"run": 1, "step": "x", "key": None}):
            command = Watched({"verb": verb, **more})
            before = {key: value for key, value in session.state.items() if key != component}
            session.state[component] = SimpleNamespace(command=command)
            RECEIVERS[component]()
            if not isinstance(verb, str) or verb not in free:
                assert command.read <= {"verb", "at"}, verb
                refusal = [value for key, value in session.state.items() if key not in {*before, component}]
                assert "only looks on" in str(refusal), verb
            for key in set(session.state) - {"chosen_race", component}:
                del session.state[key]
    assert session.asked == []


@pytest.mark.parametrize("component", RECEIVERS)
def test_a_presenters_odd_command_is_refused_in_one_line(session, monkeypatch, component):
    monkeypatch.setattr(authorization, "_guard", lambda: True)
    sent = [{"verb": verb, key: odd} for verb in ("stop", "fork-at", "keep", "measure", "show", "vote", "train", "next")
             for key in ("run", "scene", "choice", "key") for odd in ODD]  # fmt: skip
    for command in (*sent, "stop", ["stop"], 7):
        session.state[component] = SimpleNamespace(command=command)
        RECEIVERS[component]()
    assert not {"give", "ask", "fork", "start_race", "start_lab", "start_instant"} & set(session.asked)


def test_only_whole_numbers_are_numbers():
    assert [page_frame.whole_number({"run": number}, "run") for number in (3, 3.0, -1)] == [3, 3, -1]
    for odd in ODD:
        with pytest.raises(SkipscopeError, match="no whole number as run"):
            page_frame.whole_number({"run": odd}, "run")


def test_every_route_only_reads():
    found = [*routes(Feed()), *presenter_link.routes()]
    assert len(found) > 10
    assert {method for route in found for method in route.methods} == {"GET", "HEAD"}


def test_one_place_alone_takes_what_a_component_sends():
    readers = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "command" and "session_state" in ast.unparse(node.value))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and "'command'" in ast.unparse(node))
    }
    assert readers == {"app/views/page_frame.py"}
