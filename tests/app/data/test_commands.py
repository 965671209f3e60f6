"""Commands of the page, with a stand-in for the engine."""

from collections import namedtuple

import pytest

from app.data import commands
from app.data.workspace import current
from engine.errors import CommandRefused, SkipscopeError
from engine.events import RunState
from engine.store.writer import Writer
from tests.app.data.conftest import submit


def test_command_all_asks_every_able_run_and_then_tells_the_first_refusal(place, monkeypatch):
    race, runs = submit(place)
    with Writer(place) as writer:
        writer.jobs.move(runs[3], RunState.STOPPED)
    asked = []

    def command(verb, run):
        asked.append((verb, run))
        if run == runs[0]:
            raise CommandRefused("not now")

    monkeypatch.setattr(commands, "command", command)
    with pytest.raises(SkipscopeError, match="not now"):
        commands.command_all("pause", race)
    assert asked == [("pause", run) for run in runs[:3]]
    with pytest.raises(SkipscopeError, match="unknown command"):
        commands.command_all("delete", race)


def test_start_race_hands_the_planned_race_to_the_engine(place, monkeypatch):
    handed = []

    class Control(namedtuple("Control", "")):
        def start_race(self, race):
            handed.append(race)
            return 7, [1, 2]

    monkeypatch.setattr(current(), "control", Control())
    choices = {"steps": 150, "seeds": 2, "first_seed": 5, "settings": {"lr": "0.05"}}
    race = commands.start_race(
        commands.planned(commands.RaceRequest([20, 56], ["none"], "quick", "fashion-mnist-mini", **choices))
    )
    assert race == 7
    assert (handed[0].run.optim.steps, handed[0].run.optim.lr, handed[0].first_seed) == (150, 0.05, 5)
