"""Settings of stored races and runs in the fields of the set-up: what comes back, what no field can show. No engine."""

import pytest

from app.data import commands, races, run_times
from app.live.shared.run import runs_of
from app.views.setup import form_state, loading
from engine.config import replace
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.writer import Writer
from tests.app.views.race.test_race import page, started  # noqa: F401

REQUESTS = {
    "quick": RaceRequest(),
    "arms": RaceRequest((8, 26), ("none", "A", "gated:bias=-7"), "talk", seeds=2, first_seed=3, steps=40),
    "advanced": RaceRequest(
        (8,), ("none",), settings={"lr": "0.05", "width": "4", "precision": "fp32", "validation": "500"},
        pace="lockstep:7",
    ),
    "adamw": RaceRequest((8,), ("none",), settings={"optimizer": "adamw", "warmup_steps": "50"}),
    "tuned adamw": RaceRequest((8,), ("none",), settings={"optimizer": "adamw", "lr": "tuned"}),
    "replicas": RaceRequest((8,), ("none",), settings={"replicas": "2"}),
    "tuned": RaceRequest((8,), ("none",), settings={"lr": "tuned"}),
    "paper": RaceRequest((56, 110, 1202), ("none", "A"), "paper"),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_race_comes_back_as_it_was(page, started, workspace, name, monkeypatch):  # noqa: F811
    race = plan_race(REQUESTS[name], workspace)
    monkeypatch.setattr(run_times, "race_time", lambda race: run_times.RunTime(1.0, True))
    page.run()
    page.text_input(key="steps").set_value("-1")
    page.session_state[form_state.NEXT] = loading.fields_of(race)
    page.run()
    assert not page.exception
    page.button(key="start").click().run()
    assert started == [race]


def test_what_no_field_can_show_is_named(workspace, page, monkeypatch):  # noqa: F811
    monkeypatch.setattr(form_state, "put", lambda fields: None)
    race = plan_race(RaceRequest(settings={"momentum": "0.5", "drops": "0.5,0.75"}), workspace)
    assert loading.load(race) == [
        "optim.momentum: 0.5 (the set-up has 0.9)", "optim.drops: 0.5, 0.75 (the set-up has none)",
    ]  # fmt: skip
    assert loading.load(plan_race(RaceRequest(), workspace)) == []
    gone = replace(race, {"run.data.name": "folder:/nowhere", "run.optim.momentum": 0.9, "run.optim.drops": ()})
    assert loading.load(gone) == ["data.name: folder:/nowhere (the set-up has fashion-mnist-mini)"]
    family = plan_race(RaceRequest((18,), ("none",), settings={"family": "imagenet", "stem": "small"}), workspace)
    assert "18 is not 6n+2" in loading.load(family)[0]


def test_an_arm_on_replicas_has_one_name_in_list_table_and_component(workspace, page):  # noqa: F811
    race = replace(plan_race(RaceRequest((8,), ("A",)), workspace), {"run.replicas": 2})
    with Writer(workspace) as writer:
        number, _ = writer.races.submit(race)
    listed = races.race(number)
    named = {races.runs(number)[0].arm, *listed.arms, *(run["label"] for run in runs_of(listed))}
    assert named == {"A-8 on 2 replicas"}


def test_stored_races_and_runs_have_their_configuration(workspace, page):  # noqa: F811
    race = plan_race(RaceRequest((8, 14), ("none", "A"), seeds=2), workspace)
    with Writer(workspace) as writer:
        number, runs = writer.races.submit(race)
    assert races.race_config(number) == race
    assert races.race_config(99) is None
    again = races.run_config(runs[-1])
    assert (again.depths, again.shortcuts, again.seeds, again.first_seed) == ((14,), ("A",), 1, 1)
    assert (again.preset, again.run.optim) == ("quick", race.run.optim)
    assert races.run_config(99) is None
    assert commands.planned(RaceRequest((14,), ("A",), first_seed=1)).runs() == again.runs()
