"""Gradients along single paths: together they are the gradient of the net."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from engine.probes.offline.gradient_paths import GradientPaths, draw_routes
from tests.engine.probes.stirred import VARIANTS, images, net

LABELS = torch.arange(6) % 10


def whole(model):
    """The gradient at the first block's input, by the engine's own stages and autograd alone."""
    h = model.stem(images()).detach().requires_grad_()
    x = model.stage3(model.stage2(model.stage1(h)))
    logits = model.head(getattr(model, "last", torch.nn.Identity())(x))
    return torch.autograd.grad(F.cross_entropy(logits, LABELS, reduction="sum"), h)[0]


@pytest.mark.parametrize("shortcut", [text for text in VARIANTS if not text.startswith(("none", "dirac"))])
def test_all_paths_together_are_the_gradient_of_the_net(shortcut):
    model = net(shortcut, depth=20 if shortcut == "A:layers=3" else 8)
    expected = whole(model)
    paths = GradientPaths(model)
    forks = len(paths.forks)
    routes = torch.tensor(list(product([False, True], repeat=forks))).T
    count = routes.shape[1]
    every = paths.gradients(images().repeat(count, 1, 1, 1), LABELS.repeat(count), routes.repeat_interleave(6, 1))
    total = every.view(count, *expected.shape).sum(0)
    assert 3 <= forks <= 6
    assert torch.allclose(total, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert torch.allclose(paths.gradients(images(), LABELS), expected, atol=1e-6)


def test_each_image_goes_its_own_way():
    paths = GradientPaths(net("A", depth=8))
    routes = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 1, 1], [0, 1, 0, 0, 0, 1]]).bool()
    together = paths.gradients(images(), LABELS, routes)
    for i in range(6):
        alone = paths.gradients(images()[i : i + 1], LABELS[i : i + 1], routes[:, i : i + 1])
        assert torch.allclose(together[i], alone[0], atol=1e-6)


def test_a_plain_net_has_no_fork():
    model = net("none", depth=8)
    expected = whole(model)
    paths = GradientPaths(model)
    assert not paths.forks
    assert torch.allclose(paths.gradients(images(), LABELS), expected, atol=1e-6)


def test_routes_are_of_the_asked_length_and_random():
    lengths = torch.arange(2000) % 6
    routes = draw_routes(lengths, 5, torch.Generator().manual_seed(0))
    assert torch.equal(routes.sum(0), lengths)
    share = routes[:, lengths == 2].float().mean(1)
    assert torch.allclose(share, torch.full((5,), 0.4), atol=0.1)


@pytest.mark.parametrize(("family", "depth", "shortcut"), [("mlp", 8, "A"), ("vit", 10, "A:order=post-ln")])
def test_in_a_stream_all_paths_together_are_the_gradient_as_well(family, depth, shortcut):
    paths = GradientPaths(net(shortcut, depth, width=8, family=family))
    forks = len(paths.forks)
    routes = torch.tensor(list(product([False, True], repeat=forks))).T
    count = routes.shape[1]
    expected = paths.gradients(images(), LABELS)
    every = paths.gradients(images().repeat(count, 1, 1, 1), LABELS.repeat(count), routes.repeat_interleave(6, 1))
    assert forks == (3 if family == "mlp" else 4)
    total = every.view(count, *expected.shape).sum(0)
    assert torch.allclose(total, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
