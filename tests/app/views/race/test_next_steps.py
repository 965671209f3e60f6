"""The next steps of an ended race on the page, with a stand-in for the engine: what is offered, what a press does."""

from dataclasses import replace

import pytest

from app.data import commands, interventions, races, run_times
from app.data.next_steps import ended_race
from app.views.race import next_steps, race
from app.views.setup import long_race
from app.web import presenter_link
from engine.events import RunState, Split
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.app.views.race.test_race import bench, component, page, started  # noqa: F401


@pytest.fixture
def ended(bench):  # noqa: F811
    bench.start_all()
    for run in bench.runs:
        bench.steps(run, 1, 1000)
        bench.writer.checkpoints.add(run, 500, "tenth", 7)
        for split in (Split.TRAIN_CLEAN, Split.TEST):
            bench.evaluation(run, 1000, split, 40.0 + run)
        bench.run_states(run, RunState.FINISHED)
    return bench


def press(page, key):  # noqa: F811
    """Run the page as after a press on the component."""
    from types import SimpleNamespace

    page.session_state[race.COMPONENT] = SimpleNamespace(command={"verb": "next", "run": 0, "key": key, "at": 1})


def act(page, key):  # noqa: F811
    def script(key):
        from app.views import picker
        from app.views.race import next_steps

        picker.choose(1)
        next_steps.act({"key": key})

    from streamlit.testing.v1 import AppTest

    run = AppTest.from_function(script, args=(key,)).run()
    assert not run.exception
    return run


def titles(given, part):
    return [step["title"] for step in given["next"][part]]


def test_an_ended_race_offers_what_makes_sense_and_a_race_that_trains_nothing(page, bench):  # noqa: F811
    bench.start_all()
    page.run()
    assert component(page)["next"] == {"ended": [], "cards": [], "buttons": []}


def test_cards_and_buttons_of_a_quick_race(page, ended):  # noqa: F811
    page.run()
    given = component(page)
    assert titles(given, "cards") == [
        "Cut the shortcuts", "Start or wire?", "Look inside", "Why can depth hurt?", "More seeds",
    ]  # fmt: skip
    assert titles(given, "buttons") == ["Repeat with 3 seeds", "Tune the rates"]
    cut, wire, inside, why, seeds = given["next"]["cards"]
    assert cut["text"] == "A-56 from step 500 on: does it keep what it learned?"
    assert all(step["time"] for step in (cut, wire, seeds, *given["next"]["buttons"]))
    assert (inside["href"], why["href"]) == ("layers?race=1", "q1-why-can-depth-hurt")
    assert given["next"]["ended"] == ended.runs


def test_a_cut_stands_first_until_it_has_trained_and_last_from_then_on(page, ended, monkeypatch):  # noqa: F811
    race = races.race(ended.race)
    found = ended_race.ended_race(race)
    keys = {}
    for trains in (True, False):
        cut = replace(found.cut, fork=9, trains=trains)
        monkeypatch.setattr(ended_race, "ended_race", lambda _, cut=cut: replace(found, cut=cut))
        keys[trains] = [card.key for card in next_steps.offered(race, mine=True).cards]
    assert keys[True] == ["show", *keys[False][:-1]]
    assert keys[False][-1] == "show"


def test_the_audience_gets_links_alone(page, ended, monkeypatch):  # noqa: F811
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    page.run()
    given = component(page)
    assert titles(given, "cards") == ["Look inside", "Why can depth hurt?"]
    assert titles(given, "buttons") == []


def test_nets_without_batch_norm_lead_to_their_question_and_to_layers_where_they_were_probed(page, bench):  # noqa: F811
    probed = {}
    for settings in ({}, {"probe.images": "32"}):
        planned = plan_race(RaceRequest(preset="instant", settings=settings), bench.workspace)
        bench.race, bench.runs = bench.writer.races.submit(planned)
        bench.start_all()
        for run in bench.runs:
            bench.evaluation(run, 200, Split.TRAIN_CLEAN, 40.0 + run)
            bench.run_states(run, RunState.FINISHED)
        cards = next_steps.offered(races.race(bench.race), mine=False).cards
        probed[bool(settings)] = [card.href for card in cards]
    question = "q8-is-it-the-same-in-todays-nets"
    assert probed == {False: [question], True: [f"layers?race={bench.race}", question]}


def test_a_press_cuts_or_starts_and_a_long_race_asks_first(page, ended, started, monkeypatch):  # noqa: F811
    forks = []
    monkeypatch.setattr(interventions, "fork", lambda *what: forks.append(what) or 99)
    act(page, "cut")
    assert forks == [(ended.runs[3], 500, {"strength": "0"})]
    act(page, "seeds")
    assert [(one.seeds, one.depths, one.run.optim.steps) for one in started] == [(3, (20, 56), 1000)]
    act(page, "tune")
    assert started[-1].run.optim.lr == "tuned"
    act(page, "start")
    assert started[-1].shortcuts == ("none", "A", "dirac", "zero-gamma")
    monkeypatch.setattr(run_times, "race_time", lambda _: run_times.RunTime(7200.0, True))
    before = len(started)
    page.session_state[long_race.WAITING] = act(page, "seeds").session_state[long_race.WAITING]
    assert len(started) == before, "it asks first"
    page.run()
    assert "12 runs of 1,000 steps" in " ".join(node.value for node in page.markdown)
    page.button(key="long_cancel").click().run()
    assert (len(started), long_race.WAITING in page.session_state) == (before, False)


def test_a_refusal_is_one_line(page, ended, monkeypatch):  # noqa: F811
    def refuse(_):
        raise commands.ConfigError("this cannot be done")

    monkeypatch.setattr(commands, "planned", refuse)
    page.run()
    given = component(page)
    assert "More seeds" not in titles(given, "cards"), "what would be refused is not offered"
    assert given["next"]["buttons"] == []
