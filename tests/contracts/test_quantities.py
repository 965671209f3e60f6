"""What every registered quantity must do; a new row in the registry is tested by being there."""

from importlib import import_module

import numpy as np
import pytest
import torch

from engine.errors import ConfigError
from engine.events import Stepped
from engine.probes.online.histogram import BINS
from engine.probes.online.probe import OnlineProbe
from engine.probes.quantity import CODES, PER
from engine.probes.registry import QUANTITIES, get_quantity
from tests.engine.training import tiny

every_quantity = pytest.mark.parametrize("name", QUANTITIES)
#: Shapes for the net of depth 8 and width 8.
SHAPES = {"layer": (7,), "block": (3,), "stage": (4,), "bin": (7, BINS + 1), "channel": (8 * 3 + 16 * 2 + 32 * 2,)}
METHODS = {"response", "activation", "block", "gradient", "weight_gradient", "response_eval"}


@pytest.fixture(scope="module")
def measured():
    """Arrays of a tiny net after 60 updates, by shortcut."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {}
    for shortcut in ("none", "A"):
        training = tiny.trainer(tiny.config(model__shortcut=shortcut, optim__steps=61, eval_every=61))
        tiny.until(training.events(), lambda event: event == Stepped(60))
        probe = OnlineProbe(training.config, training.images, training.model, training.device)
        found[shortcut] = probe.measure(training.model, training.optimizer, 60, 0.1)
    torch.set_num_threads(before)
    return found


def test_every_row_is_measured_and_nothing_else(measured):
    assert all(list(arrays) == list(QUANTITIES) for arrays in measured.values())
    assert set(SHAPES) == set(PER)


@every_quantity
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_shape_and_values(name, shortcut, measured):
    values, row = measured[shortcut][name], QUANTITIES[name]
    assert values.dtype == np.float32
    assert values.shape == SHAPES[row.per]
    assert np.isfinite(values).all()
    assert np.unique(values).size > 1 or name == "dead_share"
    if row.scale == "log":
        assert (values > 0).all()
    # What a healthy small net says lies within what is drawn.
    assert ((values >= row.low) & (values <= row.high)).all()


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
