"""The pass that is written out computes what autograd does, bit for bit, for every variant of the family."""

import pytest
import torch
import torch.nn.functional as F

from engine.config import ModelConfig, OptimConfig
from engine.models import arm_names
from engine.models.build import build_model
from engine.models.shortcuts.strength import set_strength
from engine.models.sublayers.explicit_pass import ExplicitPass
from engine.training.optim import build_optimizer


def variants():
    for row in arm_names.shortcuts("mlp").values():
        for order in arm_names.orders_of(row, "mlp"):
            for norm in arm_names.norms_of(row, "mlp"):
                if not (norm == "none" and order.name == "post-ln"):
                    yield f"{row.name}:order={order.name}:norm={norm}"
    yield from ("scaled:shortcut=0", "scaled:shortcut=0.35:branch=0.7", "scaled:shortcut=1:branch=1")


def net(text, seed=3):
    config = ModelConfig(family="mlp", depth=8, shortcut=text, width=64, channels=1, image_size=14, classes=10)
    return build_model(config, seed)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("strength", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("text", list(variants()))
def test_it_is_autograd_bit_for_bit(text, strength):
    ours, theirs = net(text), net(text)
    optimizers = [build_optimizer(each, OptimConfig(optimizer="adamw", lr=0.01)) for each in (ours, theirs)]
    for each in (ours, theirs):
        set_strength(each, strength)
    explicit = ExplicitPass.of(ours)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        images = torch.randn(128, 1, 14, 14, generator=generator)
        labels = torch.randint(0, 10, (128,), generator=generator)
        loss, logits = explicit(images, labels)
        expected = theirs(images)
        expected_loss = F.cross_entropy(expected, labels)
        optimizers[1].zero_grad()
        expected_loss.backward()
        assert torch.equal(logits, expected)
        assert torch.equal(loss, expected_loss)
        for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert torch.equal(one.grad, other.grad), name
        for optimizer in optimizers:
            optimizer.step()
