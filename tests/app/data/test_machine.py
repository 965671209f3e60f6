"""The meters of the machine."""

from collections.abc import Callable

import pytest

from app.data import machine
from engine.hardware.machine import Gpu


@pytest.fixture
def wait(monkeypatch) -> Callable[[float], None]:
    """Lets seconds pass for the meters."""
    clock = [100.0]
    monkeypatch.setattr(machine.time, "monotonic", lambda: clock[0])
    return lambda seconds: clock.__setitem__(0, clock[0] + seconds)


def test_meters_are_whole_percent_and_a_machine_without_cards_is_not_asked_about_them_again(monkeypatch, wait):
    asked = []
    monkeypatch.setattr(machine, "gpus", lambda: asked.append(1) or [])
    meters = machine.MachineLoad(2.0)
    wait(2.0)
    cpu, memory, cards = meters.now()
    assert 0 <= cpu <= 100 and 0 < memory <= 100 and cards == []
    wait(2.0)
    meters.now()
    assert len(asked) == 1


def test_all_who_ask_share_one_reading_over_some_seconds(monkeypatch, wait):
    said = iter([0.0, 41.6, 7.0])
    monkeypatch.setattr(machine.psutil, "cpu_percent", lambda: next(said))
    monkeypatch.setattr(machine, "gpus", list)
    meters = machine.MachineLoad(2.0)
    wait(0.01)
    assert meters.now() is None, "a hundredth of a second says nothing"
    wait(2.0)
    assert meters.now()[0] == 42
    wait(0.01)
    assert meters.now()[0] == 42, "not that of the moment since somebody else asked"
    wait(2.0)
    assert meters.now()[0] == 7


@pytest.mark.parametrize(
    ("card", "told"),
    [(Gpu("cuda:0", "Big", 80, 20, 97), [97, 75]), (Gpu("cuda:0", "GPU", None, None), [None, None])],
)
def test_every_card_has_a_pair(monkeypatch, wait, card, told):
    monkeypatch.setattr(machine, "gpus", lambda: [card, card])
    meters = machine.MachineLoad(2.0)
    wait(2.0)
    assert meters.now()[2] == [told, told]
