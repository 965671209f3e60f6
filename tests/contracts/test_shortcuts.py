"""What every registered shortcut must do; a new row in the registry is tested by being there."""

import pytest
import torch

from engine.config import ModelConfig
from engine.models.build import build_model
from engine.models.count import count
from engine.models.registry import SHORTCUTS
from engine.models.shortcuts import build_shortcut

every_shortcut = pytest.mark.parametrize("name", SHORTCUTS)


@every_shortcut
@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(8, 8, 1), (8, 16, 2), (8, 16, 1), (8, 8, 2)])
@pytest.mark.parametrize("size", [7, 8])
def test_maps_to_the_shape_of_the_branch(name, inputs, outputs, stride, size):
    module = build_shortcut(name, inputs, outputs, stride)
    if not SHORTCUTS[name].builder:
        assert module is None
        return
    x = torch.randn(2, inputs, size, size)
    branch = torch.nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)(x)
    assert module(x).shape == branch.shape


@every_shortcut
def test_count_knows_it(name):
    config = ModelConfig(depth=14, shortcut=name, width=4, channels=1, image_size=8)
    net = build_model(config, 0)
    assert count(config).parameters == sum(p.numel() for p in net.parameters())


@every_shortcut
def test_shared_layers_start_as_in_the_plain_net(name):
    shape = {"depth": 14, "width": 4, "channels": 1, "image_size": 8}
    net = dict(build_model(ModelConfig(shortcut=name, **shape), 5).named_parameters())
    plain = dict(build_model(ModelConfig(shortcut="none", **shape), 5).named_parameters())
    assert plain.keys() <= net.keys()
    assert all(torch.equal(plain[key], net[key]) for key in plain)


@every_shortcut
def test_gradients_reach_every_parameter(name):
    net = build_model(ModelConfig(depth=8, shortcut=name, width=4, channels=1, image_size=8), 0)
    net(torch.randn(4, 1, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())


@every_shortcut
def test_row_is_explained(name):
    row = SHORTCUTS[name]
    assert row.name == name
    assert row.label
    assert row.help.endswith(".")
    assert row.formula.startswith("y = ")
    assert "He et al." in row.source


def test_option_a_subsamples_and_pads_with_zeros():
    x = torch.randn(2, 3, 5, 5)
    y = build_shortcut("A", 3, 6, 2)(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert torch.count_nonzero(y[:, 3:]) == 0
    assert build_shortcut("A", 3, 3, 1)(x) is x


def test_option_b_projects_only_where_the_shape_changes():
    assert not list(build_shortcut("B", 4, 4, 1).parameters())
    assert list(build_shortcut("B", 4, 8, 2).parameters())
    assert list(build_shortcut("C", 4, 4, 1).parameters())
