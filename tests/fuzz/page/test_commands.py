"""Commands of the page's components with any values: a presenter's are carried out or refused in one line.

Clients and store are the real ones. No engine lives: who waits for its answer gets one.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import pytest
import streamlit as st_app
from hypothesis import strategies as st

from app.data import authorization
from app.data.talks import talks
from app.data.workspace import use
from app.views import instant, talk
from app.views.labs import lab
from app.views.race import race
from app.views.runs import compare, view
from app.views.setup import form_state
from app.web import presenter_link, visitor
from engine.runs.client import commands as client
from engine.runs.client.commands import CommandClient
from engine.runs.client.control import Control
from engine.runs.client.interventions import InterventionClient
from engine.runs.client.process import EngineProcess
from engine.runs.client.talks import TalkClient
from engine.runs.client.visitor_notes import NoteClient
from engine.runs.protocol.instant import instant_request, usual
from engine.runs.protocol.planning import plan_race
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.app.live.conftest import Bench
from tests.app.views.test_page_commands import RECEIVERS
from tests.fuzz.odd import often, scalars, values
from tests.fuzz.page.frames import commands
from tests.fuzz.tiers import tiers

#: Stands for the number of the newest instant race, which no strategy knows.
NEWEST = "newest"
LIVE_SCENE = next(
    place for place, scene in enumerate(talks.get(talks.USUAL).scenes, 1) if isinstance(scene, talks.LiveScene)
)
LAB = lab.key_of("gradients", "view")
#: The talk is one that there is.
TAKES = {**RECEIVERS, talk.COMPONENT: partial(talk._on_command, talks.USUAL)}
#: What each component sends, right in all parts; those of a race come from several pages.
RIGHT = {
    instant.COMPONENT: (
        {"verb": "train", "choice": {"depth": 16, "shortcut": "A", "strength": 1.0, "lr": 0.001, "seed": 0}},
        {"verb": "keep", "run": NEWEST},
    ),
    talk.COMPONENT: (
        {"verb": "show", "scene": 2}, {"verb": "end"}, {"verb": "live", "scene": LIVE_SCENE}, {"verb": "look"},
        {"verb": "vote", "question": "plain", "choice": 1},
    ),
    LAB: ({"verb": "measure", "run": 1, "setting": "gain", "value": 0.7}, {"verb": "pause", "run": 1}),
    race.COMPONENT: (
        {"verb": "pause", "run": 1}, {"verb": "pause-all"}, {"verb": "start"}, {"verb": "engine"},
        {"verb": "fork-at", "run": 1, "step": 20},
    ),
    compare.COMPONENT: ({"verb": "fork-at", "run": 1, "step": 20}, {"verb": "pause-all"}, {"verb": "stop", "run": 2}),
}  # fmt: skip
KEYS = ("verb", "run", "step", "scene", "question", "choice", "setting", "value", "key", "at")
MAX_LINE = 1_000
#: What right commands come to: calls of the clients, and a click on a curve.
DONE = {
    "give", "ask_each", "start_race", "start_instant", "keep", "start_lab", "show", "started", "end", "ensure",
    "fork_at",
}  # fmt: skip


@pytest.fixture
def visit(monkeypatch, tmp_path):
    """The session of a visitor; what the clients were ``asked``, and what of it was ``done``."""
    bench = Bench(tmp_path / "workspace")
    use(bench.workspace.path)
    state = {"chosen_race": bench.race}
    monkeypatch.setattr(st_app, "session_state", state)
    monkeypatch.setattr(st_app, "query_params", {})
    form_state.prepare()
    view.RUNS.choose(bench.runs)
    found = SimpleNamespace(bench=bench, state=state, asked=Counter(), done=Counter())
    monkeypatch.setattr(EngineProcess, "ensure", lambda self, *args, **more: None)
    for part in (Control, EngineProcess, CommandClient, InterventionClient, TalkClient, NoteClient):
        for name in [name for name, each in vars(part).items() if not name.startswith("_") and callable(each)]:
            monkeypatch.setattr(part, name, _noted(found, name, getattr(part, name)))
    monkeypatch.setattr(client, "until", partial(_answered, bench.writer, bench.workspace))
    numbers = iter(range(10**9))
    monkeypatch.setattr(visitor, "visitor_of", lambda cookies: f"visitor {next(numbers)}")
    monkeypatch.setattr(presenter_link, "shared_port", lambda: 8501)
    bench.stand_in()
    bench.start_all()
    bench.writer.races.submit(plan_race(instant_request(usual()), bench.workspace), instant=True)
    bench.writer.showings.show(talks.place(talks.USUAL, 2))
    yield found
    bench.writer.close()
    use(tmp_path / "elsewhere")


def _noted(found, name, method):
    def call(*args, **more):
        found.asked[name] += 1
        result = method(*args, **more)
        found.done[name] += 1
        return result

    return call


def _answered(writer: Writer, workspace, met, seconds: float) -> bool:
    """Answer as the engine does: for a run that is not there with a refusal."""
    with Reader(workspace) as reader:
        for row in reader.commands.pending():
            there = row.run is None or reader.runs.get(row.run) is not None
            writer.commands.finish(row.id, None if there else f"there is no run {row.run}")
    return bool(met())


def sent(component):
    """A command for a component: right, with one part changed, made of any verb and any parts, or any value."""
    right = st.sampled_from(RIGHT[component])
    changed = st.builds(
        lambda command, key, value: {**command, key: value}, right, st.sampled_from(KEYS), values() | scalars()
    )
    verbs = tuple(command["verb"] for command in RIGHT[component])
    some = commands(verbs)
    return st.tuples(st.just(component), often(right, right, changed, changed, some, some, values()))


def lines(value) -> Iterator[str]:
    """Yield every text in what a session keeps, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from lines(inner)


@tiers
@pytest.mark.parametrize("leads", [True, False], ids=["presenter", "audience"])
def test_any_command_is_carried_out_or_refused(tier, leads, visit, monkeypatch):
    monkeypatch.setattr(authorization, "_guard", lambda: leads)
    kept, said, done = dict(visit.state), Counter(), set()

    def check(case):
        component, command = case
        visit.state.clear()
        visit.state.update(kept)
        if isinstance(command, dict) and command.get("run") is NEWEST:
            with Reader(visit.bench.workspace) as reader:
                command = {**command, "run": next((number for number, _ in reader.races.ring()), 0)}
        visit.state[component] = SimpleNamespace(command=command)
        visit.asked.clear()
        TAKES[component]()
        if not leads:
            assert set(visit.asked) <= {"vote"}
        new = {key: value for key, value in visit.state.items() if key != component and kept.get(key) != value}
        done.update({"fork_at"} & set(new))
        for line in lines({**new, "fork_at": ()}):
            said[component] += 1
            assert len(line.splitlines()) <= 1, repr(line)
            assert line.isprintable() and len(line) <= MAX_LINE, repr(line)

    tier.run(check, st.one_of(*map(sent, sorted(TAKES))))
    print(dict(visit.done), dict(said))
    assert min(said[component] for component in TAKES) >= 5, "each component refuses something in a line"
    lacking = (DONE if leads else {"vote"}) - done - {*visit.done}
    assert not lacking, "right commands are carried out"
