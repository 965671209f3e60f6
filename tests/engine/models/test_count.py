import pytest
import torch
from torch import nn

from engine.config import ModelConfig
from engine.errors import ConfigError
from engine.models.build import build_model
from engine.models.count import count
from engine.models.family import PaperNet
from engine.models.registry import SHORTCUTS, get_shortcut

#: He et al. 2015, Table 6, "# params" in millions, and the exact counts behind them.
TABLE_6 = {
    20: (0.27, 269_722), 32: (0.46, 464_154), 44: (0.66, 658_586),
    56: (0.85, 853_018), 110: (1.7, 1_727_962), 1202: (19.4, 19_421_274),
}  # fmt: skip


@pytest.mark.parametrize("depth", TABLE_6)
def test_papers_parameter_counts(depth):
    millions, exact = TABLE_6[depth]
    n = (depth - 2) // 6
    plain, a, b, c = (count(ModelConfig(depth=depth, shortcut=name)) for name in ("none", "A", "B", "C"))
    assert plain.parameters == a.parameters == exact == 97_216 * n - 21_926
    assert plain.multiply_adds == a.multiply_adds
    assert exact / 1e6 == pytest.approx(millions, abs=0.05 if millions > 1 else 0.005)
    assert b.parameters == exact + 2_752
    assert c.parameters == exact + 288 * n + 576 + 1_088 * (n - 1) + 2_176 + 4_224 * (n - 1)
    assert {net.weighted_layers for net in (plain, a, b, c)} == {depth}


def test_stated_examples():
    assert count(ModelConfig(depth=20, shortcut="B")).parameters == 272_474
    assert count(ModelConfig(depth=20, shortcut="C")).parameters == 283_962


@pytest.mark.parametrize("shortcut", ["none", "A", "B", "C"])
@pytest.mark.parametrize("shape", [
    {"depth": 8}, {"depth": 14, "width": 5, "channels": 1, "classes": 3, "image_size": 7},
    {"depth": 26, "width": 8, "channels": 1, "image_size": 14}, {"depth": 8, "width": 2, "image_size": 5},
])  # fmt: skip
def test_arithmetic_is_what_is_built(shortcut, shape):
    config = ModelConfig(shortcut=shortcut, **shape)
    net = build_model(config, 0)
    counted = count(config)
    assert counted.parameters == sum(p.numel() for p in net.parameters())
    assert counted.weighted_layers == config.depth == weighted_layers(net)
    assert counted.multiply_adds == multiply_adds(net, config)


def weighted_layers(net: PaperNet) -> int:
    """Count convolutions and linear layers outside shortcuts."""
    return sum(isinstance(m, (nn.Conv2d, nn.Linear)) and "shortcut" not in name for name, m in net.named_modules())


def multiply_adds(net: PaperNet, config: ModelConfig) -> int:
    """Count them from the shapes that a forward pass really has."""
    total = 0

    def add(module, inputs, output):
        nonlocal total
        positions = output[0, 0].numel() if output.ndim == 4 else 1
        total += module.weight.numel() * positions

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(add)
    net(torch.zeros(2, config.channels, config.image_size, config.image_size))
    return total


def test_unknown_shortcut():
    with pytest.raises(ConfigError, match="choose from none, A, B, C"):
        count(ModelConfig(shortcut="D"))


def test_plain_means_none():
    assert count(ModelConfig(shortcut="plain")) == count(ModelConfig(shortcut="none"))
    assert count(ModelConfig(shortcut="plain")).shortcut == "none"
    assert get_shortcut("plain") is SHORTCUTS["none"]
