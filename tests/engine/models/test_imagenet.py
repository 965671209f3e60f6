"""The ImageNet family against torchvision's ResNets and the paper's Table 1."""

import itertools

import pytest
import torch
import torchvision
from torch import nn

from engine.config import ModelConfig
from engine.config.families import IMAGENET_STAGES
from engine.errors import CheckpointError, ConfigError
from engine.hardware.device import Device
from engine.models.build import build_model
from engine.models.count import count
from engine.models.registry import get_shortcut
from engine.models.tensors import parts, tensors
from engine.models.torchvision_weights import load_torchvision, our_name
from engine.training.evaluate import FoldedNet

SHORTCUTS = ("none", "A", "B", "C")
#: Parameters of torchvision's nets, and the paper's FLOPs in billions (Table 1).
TABLE_1 = {
    18: (11_689_512, 1.8), 34: (21_797_672, 3.6), 50: (25_557_032, 3.8), 101: (44_549_160, 7.6),
    152: (60_192_808, 11.3),
}  # fmt: skip
SMALL = {"family": "imagenet", "width": 4, "classes": 7}


class Exact(Device):
    """The CPU in 64-bit floats."""

    @property
    def dtype(self) -> torch.dtype:
        return torch.float64


def images(config: ModelConfig, n: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, config.channels, config.image_size, config.image_size, generator=generator)


def theirs(depth: int, classes: int = 1000) -> nn.Module:
    return getattr(torchvision.models, f"resnet{depth}")(weights=None, num_classes=classes)


@pytest.mark.parametrize("depth", TABLE_1)
def test_parameters_are_torchvisions(depth):
    parameters, _ = TABLE_1[depth]
    counted = count(ModelConfig(family="imagenet", depth=depth, shortcut="B"))
    assert (counted.parameters, counted.weighted_layers) == (parameters, depth)
    with torch.device("meta"):
        net = theirs(depth)
    assert sum(p.numel() for p in net.parameters()) == parameters
    ours = tensors(ModelConfig(family="imagenet", depth=depth, shortcut="B"))
    assert {our_name(name): tuple(tensor.shape) for name, tensor in net.state_dict().items()} == ours


@pytest.mark.parametrize("depth", TABLE_1)
def test_multiply_adds_are_the_papers_but_for_the_stated_deviation(depth):
    # The paper's 18 and 34 have option A, its bottleneck nets option B.
    config = ModelConfig(family="imagenet", depth=depth, shortcut="B" if depth >= 50 else "A")
    ours = papers = count(config).multiply_adds
    if config.bottleneck:
        # The paper's first 1x1 convolution of stages 2 to 4 puts out maps of half the side: a quarter of the work.
        first = [part for part in parts(config) if part.path in {f"stage{n}.block1.conv1" for n in (2, 3, 4)}]
        papers -= sum(part.multiply_adds for part in first) * 3 // 4
        assert 1.02 < ours / papers < 1.065
    # Printed with one digit after the point; 3.86 is printed as 3.8.
    assert papers / 1e9 == pytest.approx(TABLE_1[depth][1], abs=0.06)


def test_multiply_adds_of_torchvisions_nets():
    counted = [count(ModelConfig(family="imagenet", depth=depth, shortcut="B")).multiply_adds for depth in TABLE_1]
    assert counted == [1_814_073_344, 3_663_761_408, 4_089_184_256, 7_801_405_440, 11_513_626_624]


@pytest.mark.parametrize(("shape", "shortcut"), [
    *(({"depth": 18, "stem": "small", "image_size": 9}, shortcut) for shortcut in SHORTCUTS),
    *(({"depth": 50, "image_size": 32}, shortcut) for shortcut in SHORTCUTS),
    # Deeper nets have more of the same blocks.
    ({"depth": 34, "image_size": 33, "channels": 1}, "C"),
    ({"depth": 101, "stem": "small", "image_size": 8, "width": 2}, "B"),
    ({"depth": 152, "image_size": 35, "width": 2}, "B"),
])  # fmt: skip
def test_arithmetic_is_what_is_built(shape, shortcut):
    config = ModelConfig(shortcut=shortcut, **{**SMALL, **shape})
    net = build_model(config, 0)
    state = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert list(tensors(config).items()) == list(state.items())
    counted = count(config)
    assert counted.parameters == sum(p.numel() for p in net.parameters())
    assert counted.weighted_layers == config.depth
    seen = 0

    def add(module, inputs, output):
        nonlocal seen
        seen += module.weight.numel() * (output[0, 0].numel() if output.ndim == 4 else 1)

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(add)
    assert net(images(config, 2)).shape == (2, 7)
    assert counted.multiply_adds == seen


@pytest.mark.parametrize("depth", [18, pytest.param(34, marks=pytest.mark.slow), 50])
def test_torchvisions_weights_give_torchvisions_logits(depth):
    torch.manual_seed(depth)
    other = theirs(depth, classes=10)
    with torch.no_grad():
        for module in other.modules():
            if isinstance(module, nn.BatchNorm2d):  # statistics and factors that are not those of the start
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.5, 1.0)
    net = build_model(ModelConfig(family="imagenet", depth=depth, shortcut="B", classes=10, image_size=64), 0)
    load_torchvision(net, other.state_dict())
    x = images(net.config)
    with torch.no_grad():
        assert (net.eval()(x) - other.eval()(x)).abs().max() <= 1e-5 * max(1.0, other(x).abs().max().item())
        ours, wanted = net.train()(x), other.train()(x)
        assert (ours - wanted).abs().max() <= 1e-5 * max(1.0, wanted.abs().max().item())
    moved = {our_name(name): tensor for name, tensor in other.state_dict().items()}
    assert all(torch.allclose(tensor, moved[name], atol=1e-5) for name, tensor in net.state_dict().items())


def test_weights_that_do_not_fit_are_refused_whole():
    def net(**changes):
        return build_model(
            ModelConfig(**{"family": "imagenet", "depth": 18, "shortcut": "B", "image_size": 32, **changes}), 0
        )

    with torch.device("meta"):  # shapes are all that is looked at
        state = theirs(18).state_dict()
    shallow = net(classes=10)
    before = {name: tensor.clone() for name, tensor in shallow.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"fc.weight does not fit head.linear.weight of B-18 with 10 classes"):
        load_torchvision(shallow, state)
    assert all(torch.equal(before[name], tensor) for name, tensor in shallow.state_dict().items())
    with pytest.raises(CheckpointError, match="A-18 .* has no stage2.block1.shortcut.conv.weight"):
        load_torchvision(net(shortcut="A"), state)
    with pytest.raises(CheckpointError, match="the weights lack stage1.block1.shortcut.conv.weight of C-18"):
        load_torchvision(net(shortcut="C"), state)
    with pytest.raises(CheckpointError, match="conv1.weight does not fit stem.conv.weight"):
        load_torchvision(net(stem="small"), state)
    with pytest.raises(CheckpointError, match="'features.0.weight' is not a tensor of a torchvision ResNet"):
        load_torchvision(net(), {"features.0.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="lack stem.conv.weight"):
        load_torchvision(net(), {})


@pytest.mark.parametrize(("depth", "shortcut"), list(itertools.product((18, 50), SHORTCUTS)))
def test_gradients_reach_every_parameter_and_folding_is_the_same_function(depth, shortcut):
    config = ModelConfig(depth=depth, shortcut=shortcut, image_size=32, **SMALL)
    # In 64 bits, because fifty layers of a net that has learned nothing magnify rounding.
    net = build_model(config, 1).double()
    x = images(config, 8).double()
    for _ in range(8):  # running statistics that are not those of the start
        logits = net(x)
    logits.square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() and p.grad.any() for p in net.parameters())
    folded = FoldedNet(net, Exact(torch.device("cpu"), "CPU", "fp32", threads=1))
    folded.take(net)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.net.modules())
    with torch.no_grad():
        assert torch.allclose(folded.net(x), net.eval()(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("depth", [18, 50])
def test_plain_is_option_a_without_the_additions(depth):
    config = ModelConfig(depth=depth, image_size=32, **SMALL)
    residual, plain = build_model(config, 3), build_model(config.model_copy(update={"shortcut": "none"}), 3)
    assert count(config).parameters == sum(p.numel() for p in plain.parameters())
    assert all(torch.equal(p, q) for p, q in zip(plain.parameters(), residual.parameters(), strict=True))
    x = images(config)
    assert not torch.equal(residual(x), plain(x))
    for module in residual.modules():
        if hasattr(module, "shortcut"):
            module.shortcut = None
    assert torch.equal(residual(x), plain(x))


def test_names_and_first_weights_are_those_of_the_house():
    nets = {
        depth: build_model(ModelConfig(depth=depth, shortcut="B", image_size=32, **SMALL), 0) for depth in (18, 34, 50)
    }
    paths = [name for name, module in nets[50].named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert paths[:5] == ["stem.conv"] + [
        f"stage1.block1.{name}" for name in ("conv1", "conv2", "conv3", "shortcut.conv")
    ]
    assert paths[-1] == "head.linear"
    # Equal path and shape: equal first weights, in all depths.
    assert torch.equal(nets[18].stage4.block2.conv2.weight, nets[34].stage4.block2.conv2.weight)
    assert torch.equal(nets[18].stem.conv.weight, nets[50].stem.conv.weight)
    assert nets[50].head.linear.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert nets[18].stage4.block1.conv1.weight.std().item() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.05)


def test_published_errors():
    rows = {row.net: row for name in SHORTCUTS for row in get_shortcut(name).published if row.data == "ImageNet"}
    assert all(int(net.rpartition("-")[2]) in IMAGENET_STAGES for net in rows)
    errors = {net: row.error for net, row in rows.items()}
    assert errors["plain-34"] > errors["plain-18"]  # degradation
    assert [errors[f"ResNet-{depth}"] for depth in (50, 101, 152)] == [22.85, 21.75, 21.43]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A:order=full-pre", "order of shortcut A is post "),
        ("none:norm=none", "norm of shortcut none is batch "),
        ("A:layers=3", "unknown option 'layers' of shortcut A; choose from order, norm"),
        ("gated", "the family imagenet has the shortcuts none, A, B, C "),
        ("fixup", "the family imagenet has the shortcuts none, A, B, C "),
    ],
)
def test_other_variants_are_refused(text, words):
    for ask in (count, tensors, lambda config: build_model(config, 0)):
        with pytest.raises(ConfigError, match=words):
            ask(ModelConfig(family="imagenet", shortcut=text))
    assert count(ModelConfig(family="imagenet", shortcut="plain:norm=batch")).shortcut == "none"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"depth": 20}, "depth 20 is not of the family imagenet; choose from 18, 34, 50, 101, 152"),
        ({"image_size": 28}, "28 pixels .* five halvings .* stem large; take at least 32 or stem=small"),
        ({"image_size": 7, "stem": "small"}, "three halvings of family imagenet with stem small; take at least 8$"),
        ({"image_size": 7}, "take at least 32$"),
        ({"family": "cifar", "stem": "large"}, "stem large belongs to the family imagenet"),
        ({"family": "vgg"}, "family is cifar, imagenet, mlp or vit"),
    ],
)
def test_what_the_family_does_not_have_is_one_line(wrong, words):
    with pytest.raises(ConfigError, match=words) as caught:
        ModelConfig.checked(**{"family": "imagenet", **wrong})
    assert "\n" not in str(caught.value)


def test_what_is_not_given_is_the_familys():
    net = ModelConfig(family="imagenet")
    assert (net.depth, net.width, net.classes, net.image_size, net.first_layer) == (18, 64, 1000, 224, "large")
    old = '{"channels":1,"classes":10,"depth":56,"image_size":14,"shortcut":"none","width":8}'
    assert ModelConfig.from_json(old) == ModelConfig(
        depth=56, shortcut="none", width=8, channels=1, image_size=14, family="cifar", stem="auto"
    )
    assert '"width":64' in net.to_json()
    assert ModelConfig.from_json(net.to_json()) == net
    assert ModelConfig(width=None) == ModelConfig()
