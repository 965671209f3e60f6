"""The door for what-ifs: the page may not name what only the command line may."""

from types import SimpleNamespace

import pytest

from app.data import interventions
from engine.errors import CommandRefused, ConfigError


@pytest.mark.parametrize("key", ["name", "data.name"])
@pytest.mark.parametrize("path", ["folder:/etc", "parquet:/home"])
def test_a_fork_from_the_page_names_no_path(key, path, monkeypatch):
    monkeypatch.setattr(interventions, "current", lambda: pytest.fail("the engine was asked"))
    with pytest.raises(ConfigError, match="the page trains on registered data sets"):
        interventions.fork(1, 6, {key: path})


class Engine:
    """Stands in for the interventions of a control; it refuses what plain runs cannot do."""

    def __init__(self):
        self.asked = []

    def set_value(self, run, key, value):
        if value > 1:
            raise ConfigError("strength (shortcut strength) is a number from 0 to 1 (got 2)")
        if run == 1:
            raise CommandRefused("run 1 (plain-8) has no shortcut whose strength could be set")
        self.asked.append((run, key, value))


@pytest.fixture
def engine(monkeypatch):
    engine = Engine()
    monkeypatch.setattr(
        interventions, "current", lambda: SimpleNamespace(control=SimpleNamespace(interventions=engine))
    )
    return engine


def test_a_change_goes_to_every_run_that_takes_it_and_names_the_others(engine):
    taken, refusals = interventions.change([1, 2, 3], "strength", 0.5)
    assert taken == [2, 3]
    assert refusals == ["run 1 (plain-8) has no shortcut whose strength could be set"]
    assert engine.asked == [(2, "strength", 0.5), (3, "strength", 0.5)]


def test_what_is_wrong_for_all_is_said_once(engine):
    with pytest.raises(ConfigError, match="from 0 to 1"):
        interventions.change([2, 3], "strength", 2)


def test_paces_are_texts():
    assert [interventions.pace_text(0), interventions.pace_text(5)] == ["free", "lockstep:5"]
    assert [interventions.lockstep("free"), interventions.lockstep("lockstep:5")] == [0, 5]
