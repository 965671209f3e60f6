"""The meters of the machine."""

import pytest

from app.data import load
from engine.runs.machine import Gpu


def test_meters_are_whole_percent_and_a_machine_without_cards_is_not_asked_about_them_again(monkeypatch):
    asked = []
    monkeypatch.setattr(load, "gpus", lambda: asked.append(1) or [])
    meters = load.Load()
    cpu, memory, cards = meters.now()
    assert 0 <= cpu <= 100 and 0 < memory <= 100 and cards == []
    meters.now()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("card", "told"),
    [(Gpu("cuda:0", "Big", 80, 20, 97), [97, 75]), (Gpu("cuda:0", "GPU", None, None), [None, None])],
)
def test_every_card_has_a_pair(monkeypatch, card, told):
    monkeypatch.setattr(load, "gpus", lambda: [card, card])
    assert load.Load().now()[2] == [told, told]
