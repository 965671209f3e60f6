"""Identity blocks: exact in eval mode, exact up to rounding in train mode, of the shapes of the deep net."""

import copy
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.config import ModelConfig
from engine.labs.constructed.insertion import (
    add_noise,
    distance_from_identity,
    grow,
    relative_change,
    settle_norms,
    train_logits,
)  # fmt: skip
from engine.labs.constructed.plan import new_blocks
from engine.models.build import build_model
from engine.models.tensors import tensors
from engine.training.evaluate import FoldedNet
from tests.engine.labs.bench import DEVICE

PLAIN, RESIDUAL = "none", "A"


def config(depth, shortcut):
    return ModelConfig(width=4, depth=depth, shortcut=shortcut, channels=1, image_size=8)


def images(seed, count=24):
    drawn = torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return drawn.contiguous(memory_format=torch.channels_last)


@cache
def net_of(shortcut):
    """A shallow net that was trained for some updates, so that its BN has statistics of its own."""
    torch.set_num_threads(1)
    net = build_model(config(8, shortcut), seed=3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(8):
        optimizer.zero_grad()
        F.cross_entropy(net(images(step)), torch.arange(24) % 10).backward()
        optimizer.step()
    return net


@pytest.fixture(params=[PLAIN, RESIDUAL])
def trained(request):
    return net_of(request.param)


def grown_from(net, depth=20):
    grown = grow(net.state_dict(), config(depth, net.config.shortcut), 3, new_blocks(8, depth))
    grown.net.to(memory_format=torch.channels_last)
    return grown


@torch.no_grad()
def eval_logits(net, batch):
    return copy.deepcopy(net).eval()(batch)


def test_a_grown_net_has_the_tensors_of_the_deep_one(trained):
    state = grown_from(trained).net.state_dict()
    shortcut = trained.config.shortcut
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == tensors(config(20, shortcut))
    deep = build_model(config(20, shortcut), seed=5)
    deep.load_state_dict(state)
    assert torch.equal(
        eval_logits(deep.to(memory_format=torch.channels_last), images(9)), eval_logits(trained, images(9))
    )
    old = trained.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in old.items())


@pytest.mark.parametrize("depth", [14, 20, 44])
def test_in_eval_mode_the_output_changes_by_exactly_nothing(trained, depth):
    grown = grown_from(trained, depth)
    assert torch.equal(eval_logits(trained, images(9)), eval_logits(grown.net, images(9)))


def test_it_is_exact_with_bn_folded_into_the_convolutions_too(trained):
    logits = []
    for net in (trained, grown_from(trained).net):
        folded = FoldedNet(net, DEVICE)
        folded.take(net)
        logits.append(folded.logits(images(9)))
    assert torch.equal(*logits)


def test_in_train_mode_a_plain_block_is_exact_on_its_batch_once_its_norms_are_set(trained):
    grown, batch, other = grown_from(trained), images(9), images(10)
    before = {name: buffer.clone() for name, buffer in grown.net.named_buffers()}
    raw = relative_change(train_logits(trained, batch), train_logits(grown.net, batch))
    if trained.config.shortcut == RESIDUAL:
        assert raw == 0.0
        return
    assert raw > 0.01
    settle_norms(grown, batch)
    assert relative_change(train_logits(trained, batch), train_logits(grown.net, batch)) <= 1e-3
    assert relative_change(eval_logits(trained, other), eval_logits(grown.net, other)) < 1e-5
    assert relative_change(train_logits(trained, other), train_logits(grown.net, other)) < 0.5
    inserted = {path for path, _ in grown.layers(nn.BatchNorm2d)}
    for name, buffer in grown.net.named_buffers():
        assert torch.equal(buffer, before[name]) or name.rpartition(".")[0] in inserted


def test_what_is_left_in_train_mode_is_rounding():
    net, batch = copy.deepcopy(net_of(PLAIN)).double(), images(9).double()
    grown = grown_from(net)
    grown.net.double().load_state_dict(grown.net.state_dict() | net.state_dict())
    settle_norms(grown, batch)
    assert relative_change(train_logits(net, batch), train_logits(grown.net, batch)) < 1e-11


def test_noise_grows_the_change_of_a_plain_net_and_is_not_heard_by_a_residual_one(trained):
    batch, changes = images(9), []
    before = train_logits(trained, batch)
    for noise in (0.0, 0.01, 0.03, 0.1):
        grown = grown_from(trained)
        if trained.config.shortcut == PLAIN:
            settle_norms(grown, batch)
        add_noise(grown, noise, seed=0)
        changes.append(relative_change(before, train_logits(grown.net, batch)))
    if trained.config.shortcut == RESIDUAL:
        assert changes == [0.0] * 4
    else:
        assert changes == sorted(changes) and changes[0] <= 1e-3 and changes[1] > 10 * changes[0]


def test_the_same_noise_is_drawn_for_every_level_and_other_noise_for_another_seed(trained):
    kernels = {}
    for noise, seed in ((0.0, 0), (0.01, 0), (0.02, 0), (0.01, 1)):
        grown = grown_from(trained)
        add_noise(grown, noise, seed)
        kernels[noise, seed] = next(grown.layers(nn.Conv2d))[1].weight.detach()
    first = kernels[0.01, 0] - kernels[0.0, 0]
    torch.testing.assert_close(kernels[0.02, 0] - kernels[0.0, 0], 2 * first, rtol=1e-4, atol=1e-6)
    assert first.std() == pytest.approx(0.01, rel=0.2)
    assert not torch.equal(kernels[0.01, 0], kernels[0.01, 1])


def test_the_distance_is_zero_at_the_identity_and_the_root_of_three_for_random_draws():
    inserted = new_blocks(8, 20)
    assert distance_from_identity(grown_from(net_of(PLAIN)).net.state_dict(), inserted) == 0.0
    drawn = build_model(config(20, PLAIN), seed=0).state_dict()
    assert distance_from_identity(drawn, inserted) == pytest.approx(3**0.5, rel=0.05)


def test_train_logits_leave_the_net_as_it_was(trained):
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    train_logits(trained, images(11))
    assert all(torch.equal(tensor, before[name]) for name, tensor in trained.state_dict().items())
