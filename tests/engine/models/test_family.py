import hashlib
import math

import pytest
import torch
from torch import nn

from engine.config import ModelConfig
from engine.errors import ConfigError
from engine.models.build import build_model
from engine.models.parts import layer_path

SMALL = {"width": 4, "channels": 1, "image_size": 8}


def images(config: ModelConfig, n: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, config.channels, config.image_size, config.image_size, generator=generator)


def plain_by_hand(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Run a residual net's layers in order with every addition left out."""
    x = torch.relu(net.stem.bn(net.stem.conv(x)))
    for stage in (net.stage1, net.stage2, net.stage3):
        for block in stage:
            x = torch.relu(block.bn1(block.conv1(x)))
            x = torch.relu(block.bn2(block.conv2(x)))
    return net.head(x)


def test_plain_is_option_a_without_the_additions():
    config = ModelConfig(depth=20, shortcut="A", **SMALL)
    residual = build_model(config, seed=3)
    plain = build_model(ModelConfig(depth=20, shortcut="none", **SMALL), seed=3)
    x = images(config)
    results = []
    for net, forward in ((plain, plain), (residual, lambda x: plain_by_hand(residual, x))):
        logits = forward(x)
        logits.square().sum().backward()
        results.append((logits, {name: p.grad for name, p in net.named_parameters()}, dict(net.named_buffers())))
    (logits, gradients, buffers), (other_logits, other_gradients, other_buffers) = results
    assert torch.equal(logits, other_logits)
    assert gradients.keys() == other_gradients.keys()
    assert all(torch.equal(gradients[name], other_gradients[name]) for name in gradients)
    assert all(torch.equal(buffers[name], other_buffers[name]) for name in buffers)
    assert not torch.equal(logits, residual(x))


#: Of the nets of version 0.2: digest of names and shapes, a sum over all values.
FIRST_WEIGHTS = {
    "none": ("95a8e7df3c47f336", -93748.01668416325), "A": ("95a8e7df3c47f336", -93748.01668416325),
    "B": ("91703cb8207076c3", -109179.05410927391), "C": ("1d7ddb347a3ccd1f", -148950.29297069198),
}  # fmt: skip


@pytest.mark.parametrize("shortcut", FIRST_WEIGHTS)
def test_names_and_first_weights_are_those_of_older_checkpoints(shortcut):
    state = build_model(ModelConfig(depth=20, shortcut=shortcut, width=8, image_size=14), 3).state_dict()
    names = " ".join(f"{name}{tuple(tensor.shape)}" for name, tensor in state.items())
    total = 0.0
    for index, tensor in enumerate(state.values()):
        places = torch.arange(tensor.numel(), dtype=torch.float64) % 97 - 48
        total += places.dot(tensor.double().flatten()).item() * (index % 7 + 1)
    digest, wanted = FIRST_WEIGHTS[shortcut]
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == digest
    assert total == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("shortcut", FIRST_WEIGHTS)
def test_the_paper_blocks_are_what_they_are_written_out(shortcut):
    config = ModelConfig(depth=14, shortcut=shortcut, **SMALL)
    results = []
    for by_hand in (False, True):
        net = build_model(config, seed=3)
        x = images(config)
        if by_hand:
            x = torch.relu(net.stem.bn(net.stem.conv(x)))
            for block in (block for stage in (net.stage1, net.stage2, net.stage3) for block in stage):
                y = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))
                x = torch.relu(y if block.shortcut is None else y + block.shortcut(x))
            logits = net.head(x)
        else:
            logits = net(x)
        logits.square().sum().backward()
        results.append([logits, *(parameter.grad for parameter in net.parameters()), *net.buffers()])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


def test_initial_weights_are_equal_where_path_and_shape_are():
    nets = [
        build_model(ModelConfig(depth=depth, shortcut=shortcut, **SMALL), seed=7)
        for depth in (8, 20)
        for shortcut in ("none", "A", "B", "C")
    ]
    shared = 0
    reference = {name: p for net in nets for name, p in net.named_parameters()}
    for net in nets:
        for name, parameter in net.named_parameters():
            assert torch.equal(parameter, reference[name]), name
            shared += 1
    assert shared > len(reference) * 3


def test_initial_weights_depend_on_seed_and_path_and_leave_global_state_alone():
    config = ModelConfig(depth=14, **SMALL)
    before = torch.get_rng_state()
    one, same, other = (build_model(config, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.stem.conv.weight, same.stem.conv.weight)
    assert not torch.equal(one.stem.conv.weight, other.stem.conv.weight)
    assert not torch.equal(one.stage1.block1.conv1.weight, one.stage1.block1.conv2.weight)


def test_weights_have_the_variance_of_he_2015():
    net = build_model(ModelConfig(depth=8, width=64), seed=0)
    for path in ("stage1.block1.conv2", "stage2.block1.conv1", "stage3.block1.conv2"):
        weight = net.get_submodule(path).weight
        expected = 2 / (9 * weight.shape[0])
        assert weight.var().item() == pytest.approx(expected, rel=0.03)
        assert abs(weight.mean().item()) < 0.05 * expected**0.5
    assert net.head.linear.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert torch.count_nonzero(net.head.linear.bias) == 0
    assert all(
        (m.weight == 1).all() and (m.bias == 0).all() and (m.running_var == 1).all()
        for m in net.modules()
        if isinstance(m, nn.BatchNorm2d)
    )


def test_paths_are_readable():
    net = build_model(ModelConfig(depth=20, shortcut="B", **SMALL), seed=0)
    paths = [layer_path(name) for name, m in net.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert paths[:3] == ["stem/conv", "stage1/block1/conv1", "stage1/block1/conv2"]
    assert "stage2/block3/conv1" in paths
    assert "stage2/block1/shortcut/conv" in paths
    assert paths[-1] == "head/linear"


@pytest.mark.parametrize("size", [4, 7, 14, 28, 32])
def test_any_size_and_channels(size):
    config = ModelConfig(depth=8, shortcut="A", width=2, channels=5, classes=7, image_size=size)
    assert build_model(config, 0)(images(config, 2)).shape == (2, 7)


def test_unknown_shortcut_names_the_choices():
    with pytest.raises(ConfigError, match="unknown shortcut 'B2'; choose from none, A, B, C"):
        build_model(ModelConfig(shortcut="B2"), 0)


@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_all_arms_start_at_the_loss_of_guessing(shortcut):
    for depth in (20, 56):
        config = ModelConfig(depth=depth, shortcut=shortcut, width=8, channels=1, image_size=8)
        logits = build_model(config, 1)(images(config, 64))
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(64) % 10)
        assert loss.item() == pytest.approx(math.log(10), abs=0.15)
