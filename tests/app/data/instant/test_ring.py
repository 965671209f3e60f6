"""What the page is told of instant races, and what it may command."""

import pytest

from app.data import commands, races, run_table
from app.data.instant import ring
from engine.errors import ConfigError
from engine.events import Evaluated, RunState, Split, StepRow
from engine.runs.client.control import Control
from engine.runs.protocol.instant import InstantChoice, instant_request
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.writer import Writer

ENDED = (RunState.STARTING, RunState.RUNNING, RunState.FINISHED)


def test_a_race_says_what_was_set_how_long_it_took_and_how_its_nets_ended(place):
    usual = ring.settings().usual
    choice = InstantChoice(usual.depth, usual.shortcut, 0.5, usual.lr, 3)
    with Writer(place.prepare()) as writer:
        race, runs = writer.races.submit(plan_race(instant_request(choice), place), instant=True)
        writer.points.record(runs[0], [StepRow(200, 1.0, 40.0, 1.0, 30.0, usual.lr, 1.0)])
        writer.points.record(runs[1], evaluations=[Evaluated(200, Split.TRAIN_CLEAN, 1.0, 48.0, 1000, 1.0, 0.1, "")])
        [found] = ring.ring()
        assert (found.id, found.choice, found.is_over, found.seconds) == (race, choice, False, None)
        assert [run.training for run in found.runs] == [30.0, None, None, None]
        assert [run.clean for run in found.runs] == [None, 48.0, None, None]
        began = found.runs[0].created + 60  # it waited for a minute
        for place_of, run in enumerate(runs):
            for state in ENDED:
                writer.jobs.move(run, state, started=began + place_of / 4, ended=began + 1 + place_of)
        [found] = ring.ring()
        assert found.is_over
        assert found.seconds == pytest.approx(len(runs))
        _, runs = writer.races.submit(plan_race(instant_request(choice), place), instant=True)
        for run in runs:
            writer.jobs.move(run, RunState.STARTING, started=began)
            writer.jobs.move(run, RunState.FAILED, ended=began + 0.3)
        assert ring.ring()[0].is_over
        assert ring.ring()[0].seconds is None, "a race that failed was not trained in 0.3 s"


def test_instant_races_push_no_other_race_out_of_sight_until_they_are_kept(place):
    with Writer(place.prepare()) as writer:
        planned = plan_race(instant_request(ring.settings().usual), place)
        ordinary, _ = writer.races.submit(planned)
        instant, _ = writer.races.submit(planned, instant=True)
    assert [race.id for race in races.races()] == [ordinary]
    assert {row.race for row in run_table.table_rows()} == {ordinary}
    assert races.race(instant) is not None, "its address shows it"
    commands.keep_instant(instant)
    assert [race.id for race in races.races()] == [instant, ordinary]
    assert ring.ring() == []
    with pytest.raises(ConfigError, match="no instant race"):
        commands.keep_instant(ordinary)


def test_ordinary_races_that_train_or_wait_are_in_the_way(place, monkeypatch):
    monkeypatch.setattr(Control, "_submitted", lambda self, submit: submit(writer))
    with Writer(place.prepare()) as writer:
        assert ring.in_the_way() == []
        instant = commands.start_instant(ring.settings().usual)
        assert ring.in_the_way() == []
        race, runs = writer.races.submit(plan_race(instant_request(ring.settings().usual), place))
        assert ring.in_the_way() == [race] != [instant]
        for run in runs:
            writer.jobs.move(run, RunState.STOPPED)
        assert ring.in_the_way() == []
        planned = plan_race(RaceRequest(preset="quick"), place)
        race, runs = writer.races.submit(planned)
        assert ring.in_the_way() == [race], "without a GPU it waits for the CPU"
        monkeypatch.setattr(ring, "devices", lambda: ["cpu", "cuda:0"])
        assert ring.in_the_way() == [], "it waits for the GPU"
        writer.jobs.move(runs[0], RunState.STARTING, device="cpu")
        assert ring.in_the_way() == [race]
        place.engine_launcher.write_text("ray 10.0.0.1:6379\n")
        assert ring.in_the_way() == [], "it trains on a cluster"
