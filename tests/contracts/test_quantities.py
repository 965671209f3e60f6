"""What every registered quantity must do; a new row in the registry is tested by being there."""

from importlib import import_module
from itertools import product

import numpy as np
import pytest
import torch

from engine.config import FAMILIES
from engine.errors import ConfigError
from engine.events import Stepped
from engine.probes.online.histogram import BINS
from engine.probes.online.probe import OnlineProbe
from engine.probes.quantity import CODES, PER
from engine.probes.registry import QUANTITIES, absences, get_quantity
from tests.engine.training import tiny

every_quantity = pytest.mark.parametrize("name", QUANTITIES)
#: The smallest nets of width 8 of three families: depth, and the shapes of their arrays.
DEPTHS = {"cifar": 8, "mlp": 6, "vit": 10}
SHAPES = {
    "cifar": {"layer": 7, "relu": 7, "block": 3, "sublayer": 3, "stage": 4, "channel": 8 * 3 + 16 * 2 + 32 * 2},
    "mlp": {"layer": 5, "relu": 2, "block": 2, "sublayer": 2, "stage": 2, "channel": 8 * 5},
    "vit": {"layer": 9, "relu": 2, "block": 2, "sublayer": 4, "stage": 2, "channel": 8 + 2 * (24 + 8 + 16 + 8)},
}
METHODS = {"response", "activation", "block", "stream", "gradient", "weight_gradient", "response_eval"}
measurements = pytest.mark.parametrize(
    ("family", "name"),
    [(family, row.name) for family in SHAPES for row in QUANTITIES.values() if family in row.families],
)


@pytest.fixture(scope="module")
def measured():
    """Arrays of tiny nets after 60 updates, by family and shortcut."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {}
    for family, shortcut in product(SHAPES, ("none", "A")):
        net = {"model__family": family, "model__depth": DEPTHS[family], "model__shortcut": shortcut}
        training = tiny.trainer(tiny.config(**net, optim__steps=61, eval_every=61))
        tiny.until(training.events(), lambda event: event == Stepped(60))
        probe = OnlineProbe(training.config, training.images, training.model, training.device)
        found[family, shortcut] = probe.measure(training.model, training.optimizer, 60, 0.1)
    torch.set_num_threads(before)
    return found


def test_every_row_is_measured_and_nothing_else(measured):
    for (family, _), arrays in measured.items():
        assert list(arrays) == [name for name in QUANTITIES if name not in absences(family)]
        assert {*SHAPES[family], "bin"} == set(PER)


@measurements
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_shape_and_values(family, name, shortcut, measured):
    values, row = measured[family, shortcut][name], QUANTITIES[name]
    assert values.dtype == np.float32
    shapes = SHAPES[family]
    assert values.shape == ((shapes["layer"], BINS + 1) if row.per == "bin" else (shapes[row.per],))
    assert np.isfinite(values).all()
    assert np.unique(values).size > 1 or name == "dead_share"
    if row.scale == "log":
        assert (values > 0).all()
    # What a healthy small net says lies within what is drawn.
    within = (values >= row.low) & (values <= row.high)
    assert within.all() or (family, shortcut, name) == ("mlp", "none", "gradient_growth")  # 0.44 between two layers


@every_quantity
def test_the_class_that_measures(name):
    module, attribute = QUANTITIES[name].measure.split(":")
    measure = getattr(import_module(module), attribute)
    assert module.startswith("engine.probes.")
    assert callable(measure.result)
    public = {method for method in vars(measure) if not method.startswith("_")}
    assert public <= METHODS | {"result"}
    assert measure.__doc__


@every_quantity
def test_row(name):
    row = QUANTITIES[name]
    assert row.name == name
    assert row.per in PER
    assert row.code in CODES
    assert row.scale in ("log", "linear")
    assert row.family in ("responses", "gradients", "directions")
    assert row.low < row.high
    assert row.scale == "linear" or row.low > 0
    assert row.neutral is None or row.low <= row.neutral <= row.high
    assert set(row.families) <= set(FAMILIES)
    assert bool(row.absent) == (set(row.families) != set(FAMILIES))


@every_quantity
def test_row_is_explained(name):
    row = QUANTITIES[name]
    assert 0 < len(row.label) <= 40
    assert 0 < len(row.formula) <= 160
    assert 0 < len(row.source) <= 160
    for text in (row.how_to_read, row.caveat):
        assert text.endswith(".")
        assert 20 < len(text) <= 320
        assert "  " not in text


def test_no_two_rows_share_a_label_or_a_class():
    assert len({row.label for row in QUANTITIES.values()}) == len(QUANTITIES)
    assert len({row.measure for row in QUANTITIES.values()}) == len(QUANTITIES)


def test_an_unknown_name_is_answered_with_the_choices():
    with pytest.raises(ConfigError, match=r"unknown quantity 'size'; choose from response_std, "):
        get_quantity("size")
