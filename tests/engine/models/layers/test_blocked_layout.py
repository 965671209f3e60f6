"""Nets in oneDNN's layout compute what they compute anyway, and only those are put into it that gain by it."""

import pytest
import torch

from engine.config import ModelConfig
from engine.models.build import build_model
from engine.models.layers.blocked_layout import from_blocked, supported, to_blocked
from engine.models.registry import SHORTCUTS, Site, orders_of
from engine.models.shortcuts.shortcuts import ZeroPadded
from tests.contracts.variants import ROWS
from tests.engine.training.tiny import needs_blocked_bf16


@needs_blocked_bf16
@pytest.mark.parametrize(
    "shortcut",
    ["none", "A", "B", "C", *(f"A:order={name}" for name in orders_of(SHORTCUTS["A"])[1:])],
)
def test_as_close_to_exact_as_autocast_is(shortcut):
    config = ModelConfig(depth=14, shortcut=shortcut, width=16, channels=3, image_size=16)
    images = torch.randn(64, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    exact, cast, blocked = (build_model(config, 0) for _ in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = cast(images)
    outputs = {"exact": exact(images), "cast": rounded.float(), "blocked": blocked(to_blocked(images))}
    for output in outputs.values():
        output.square().mean().backward()

    def errors(net, output):
        pairs = zip(net.parameters(), exact.parameters(), strict=True)
        pairs = [(ours, right) for ours, right in pairs if right.grad.any()]  # zero-gamma: branches start silent
        gradients = [((ours.grad - right.grad).norm() / right.grad.norm()).item() for ours, right in pairs]
        return (output - outputs["exact"]).norm().item(), sum(gradients) / len(gradients)

    assert supported(blocked)
    of_blocked, of_cast = errors(blocked, outputs["blocked"]), errors(cast, outputs["cast"])
    assert of_blocked[0] <= 1.3 * of_cast[0]
    assert of_blocked[1] <= 1.3 * of_cast[1]
    for ours, right in zip(blocked.buffers(), exact.buffers(), strict=True):
        assert torch.allclose(ours.float(), right.float(), rtol=0.05, atol=0.05)


@needs_blocked_bf16
@pytest.mark.parametrize("size", [7, 8])
def test_option_a_gives_the_same_values(size):
    x = torch.randn(2, 16, size, size).bfloat16()
    shortcut = ZeroPadded(Site(16, 32, 2))
    assert torch.equal(from_blocked(shortcut(to_blocked(x))), shortcut(x))


def test_leaving_a_dense_tensor_is_nothing():
    x = torch.randn(1, 2, 3, 3)
    assert from_blocked(x) is x


def test_only_nets_that_gain_suit():
    assert supported(build_model(ModelConfig(depth=8, width=16), 0))
    assert not supported(build_model(ModelConfig(depth=8, width=8), 0))
    with_bias = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3))
    assert not supported(with_bias)
    assert not supported(torch.nn.Sequential(torch.nn.Sigmoid()))
    assert not supported(build_model(ModelConfig(depth=8, width=16, shortcut="A:norm=none"), 0))


@needs_blocked_bf16
@pytest.mark.parametrize("shortcut", ROWS)
def test_whatever_suits_trains_in_the_layout(shortcut):
    net = build_model(ModelConfig(depth=8, width=16, shortcut=shortcut, image_size=8), 0)
    if supported(net):
        net(to_blocked(torch.randn(4, 3, 8, 8))).sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in net.parameters())
