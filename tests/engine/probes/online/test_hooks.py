import pytest
import torch

from engine.config import ModelConfig
from engine.models.build import build_model
from engine.models.count import count
from engine.models.shortcuts.branch_scale import Gate
from engine.probes.online.hooks import Place, find_blocks, find_layers, find_places, find_whole_blocks
from tests.contracts.variants import ROWS


def net(depth, shortcut):
    return build_model(ModelConfig(depth=depth, shortcut=shortcut, width=4, channels=1, image_size=8), 0)


@pytest.mark.parametrize("shortcut", ROWS)
def test_all_3x3_layers_and_no_others(shortcut):
    model = net(14, shortcut)
    found = find_layers(model)
    wanted = [
        m for m in model.modules()
        if isinstance(m, torch.nn.Conv2d) and not isinstance(m, Gate) and m.kernel_size == (3, 3)
    ]  # fmt: skip
    assert [layer.conv for layer in found] == wanted
    assert len(found) == count(model.config).weighted_layers - 1
    assert [layer.place.position for layer in found] == list(range(13))
    assert [layer.place.stage for layer in found] == [0] + [1] * 4 + [2] * 4 + [3] * 4
    assert [layer.place.channels for layer in found] == [4] * 5 + [8] * 4 + [16] * 4


def test_names():
    model = net(8, "A")
    assert [tap.place for tap in find_layers(model)[:3]] == [
        Place("layer", 0, "stem/conv", 0, 4),
        Place("layer", 1, "stage1/block1/conv1", 1, 4),
        Place("layer", 2, "stage1/block1/conv2", 1, 4),
    ]
    assert [tap.place for tap in find_blocks(model)] == [
        Place("block", 0, "stage1/block1", 1, 4),
        Place("block", 1, "stage2/block1", 2, 8),
        Place("block", 2, "stage3/block1", 3, 16),
    ]


@pytest.mark.parametrize("size", [7, 8])
def test_a_plain_block_is_compared_with_option_a(size):
    plain, residual = find_blocks(net(14, "none")), find_blocks(net(14, "A"))
    assert all(block.shortcut is None for block in plain)
    for block, twin in zip(plain, residual, strict=True):
        inputs = twin.module.conv1.in_channels
        x = torch.randn(2, inputs, size, size)
        assert torch.equal(block.stand_in(x, block.module.eval()(x)), twin.shortcut(x))


@pytest.mark.parametrize("shortcut", ["none", "A", "B", "C"])
@pytest.mark.parametrize(
    ("depth", "stem", "layers", "blocks"), [(18, "large", 16, 8), (34, "small", 33, 16), (50, "large", 16, 16)]
)
def test_of_the_imagenet_family_the_3x3_layers_are_layers(depth, stem, layers, blocks, shortcut):
    config = ModelConfig(family="imagenet", stem=stem, depth=depth, shortcut=shortcut, width=4, image_size=32)
    model = build_model(config, 0)
    found = find_layers(model)
    assert [tap.conv for tap in found] == [
        m for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (3, 3)
    ]
    assert len(found) == layers
    assert sorted({tap.place.stage for tap in found}) == [0] * (stem == "small") + [1, 2, 3, 4]
    seen, out = find_blocks(model), 4 if depth >= 50 else 1
    assert len(seen) == blocks
    assert [(tap.place.name, tap.place.channels) for tap in seen[:: blocks - 1]] == [
        ("stage1/block1", 4 * out), (f"stage4/block{2 if depth == 18 else 3}", 32 * out),
    ]  # fmt: skip
    for block in seen:
        inputs = block.module.conv1.in_channels
        x = torch.randn(2, inputs, 8, 8)
        shape = block.module(x).shape
        assert shape[1] == block.place.channels
        assert (block.stand_in(x, torch.empty(shape)) if block.shortcut is None else block.shortcut(x)).shape == shape


@pytest.mark.parametrize("family", ["mlp", "vit"])
@pytest.mark.parametrize("shortcut", ["none", "A", "A:order=post-ln"])
def test_in_a_stream_every_linear_layer_but_the_head_is_a_layer(family, shortcut):
    config = ModelConfig(family=family, depth=10, shortcut=shortcut, width=8, channels=1, image_size=8)
    model = build_model(config, 0)
    found = find_layers(model)
    assert [layer.conv for layer in found] == [m for m in model.modules() if isinstance(m, torch.nn.Linear)][:-1]
    assert [layer.place.name for layer in found if layer.relu] == [
        layer.place.name for layer in found if layer.place.name.endswith("/fc1")
    ]
    names = {}
    for place in find_places(model):
        names.setdefault(place.kind, []).append(place.name)
        assert place.position == len(names[place.kind]) - 1
    blocks = [f"stage1/block{n}" for n in range(1, config.blocks + 1)]
    assert names["block"] == blocks
    assert len(names["layer"]) == 9
    if family == "vit":
        assert names["sublayer"] == [f"{block}/{kind}" for block in blocks for kind in ("attention", "mlp")]
        assert names["relu"] == [f"{block}/mlp/f/fc1" for block in blocks]
        assert [layer.place.name for layer in found if layer.qkv] == [f"{block}/attention/f/qkv" for block in blocks]
    else:
        assert "sublayer" not in names


def test_a_block_of_a_vit_has_two_sublayers_and_any_other_is_its_own():
    config = ModelConfig(family="vit", depth=10, shortcut="A", width=8, channels=1, image_size=8)
    assert [len(block.sublayers) for block in find_whole_blocks(build_model(config, 0))] == [2, 2]
    assert [block.sublayers[0].module is block.module for block in find_whole_blocks(net(8, "A"))] == [True] * 3
