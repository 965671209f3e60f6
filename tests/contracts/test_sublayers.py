"""What every variant of the families ``mlp`` and ``vit`` must do, and that they are the nets that they say they are."""

import pytest
import torch
import torch.nn.functional as F

from engine.config import ModelConfig
from engine.errors import ConfigError
from engine.events import Stepped
from engine.models.build import build_model
from engine.models.count import count
from engine.models.layers.blocked_layout import supported
from engine.models.registry import SHORTCUTS, norms_of, orders_of, variant
from engine.models.shortcuts.strength import set_strength
from engine.models.sublayers.sublayer import Sublayer
from engine.models.taps import tapped
from engine.models.tensors import tensors
from engine.training.evaluate import FoldedNet
from tests.engine.training import tiny

FAMILIES = ("mlp", "vit")


def texts(family):
    """Every row with each order and norm that it has, and each wire."""
    found = []
    for name, row in SHORTCUTS.items():
        if family not in row.families:
            continue
        for norm in norms_of(row, family):
            found += [
                f"{name}:norm={norm}:order={each}" for each in orders_of(row, family)[: 2 if norm != "none" else 1]
            ]
        found += [f"{name}:wire={wire}" for wire in (row.wires if family == "vit" else ())]
    return [variant(text, family).text for text in found]


every_variant = pytest.mark.parametrize(
    ("family", "text"), [(family, text) for family in FAMILIES for text in texts(family)]
)


def small(family, text="A", blocks=2, **changes):
    depth = {"mlp": 2, "vit": 4}[family] * blocks + 2
    return ModelConfig(family=family, depth=depth, shortcut=text, width=8, image_size=8, **changes)


def images(n=16, seed=1):
    return torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


def train(net, steps, lr=0.05):
    """Train a net on four patterns that are easy to tell apart; return the losses."""
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    generator, losses = torch.Generator().manual_seed(0), []
    patterns = torch.randn(4, 1, 8, 8, generator=generator)
    for _ in range(steps):
        labels = torch.randint(0, 4, (32,), generator=generator)
        x = patterns[labels] + 0.5 * torch.randn(32, 1, 8, 8, generator=generator)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@every_variant
def test_a_variant_is_counted_learns_and_goes_round(family, text):
    config = small(family, text)
    net, counted = build_model(config, 5), count(config)
    assert list(tensors(config).items()) == [(name, tuple(t.shape)) for name, t in net.state_dict().items()]
    assert counted.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert (counted.weighted_layers, counted.shortcut) == (config.depth, text)
    assert sum(1 for module in net.modules() for _ in tapped(module)) == config.depth - 1
    assert not supported(net)
    losses = train(net, 24, lr=0.02 if "norm=none" in text else 0.05)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())
    assert sum(losses[-8:]) / 8 < 0.9 * losses[0]
    folded = FoldedNet(net, tiny.device())
    set_strength(net, 0.4)
    folded.take(net)
    torch.testing.assert_close(folded.net(images()), net.eval()(images()))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.isfinite(net(images())).all()


@every_variant
def test_a_sublayer_adds_what_the_formula_says(family, text):
    chosen, net = variant(text, family), build_model(small(family, text), 0)
    sublayers = [module for module in net.modules() if isinstance(module, Sublayer)]
    assert chosen.plain == all(sublayer.shortcut is None for sublayer in sublayers)
    assert [sublayer.strength for sublayer in sublayers] == len(sublayers) * [1.0]
    x = torch.randn(4, *((4, 8) if family == "vit" else (8,)))
    for sublayer in sublayers[1:3]:
        if sublayer.coefficient is not None:
            sublayer.coefficient.alpha.data.fill_(0.7)
        for strength in (0.0, 0.3, 1.0):
            sublayer.strength = strength
            pre, post = (order == chosen.order and chosen.norm == "layer" for order in ("pre-ln", "post-ln"))
            y = sublayer.f(F.layer_norm(x, (8,)) if pre else x)
            if sublayer.shortcut is not None:
                factor = len(sublayers) ** 0.25 if text == "deepnorm" else chosen.options.get("shortcut", 1.0)
                y = y * (1.0 if sublayer.coefficient is None else 0.7) + strength * factor * x
            torch.testing.assert_close(sublayer(x), F.layer_norm(y, (8,)) if post else y)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("order", ["pre-ln", "post-ln"])
def test_without_strength_training_is_that_of_the_plain_net_bit_for_bit(family, order):
    net, plain = (build_model(small(family, f"{name}:order={order}"), 3) for name in ("A", "none"))
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), plain.parameters(), strict=True))
    set_strength(net, 0.0)
    assert train(net, 20) == train(plain, 20)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), plain.parameters(), strict=True))


@pytest.mark.parametrize(("family", "optimizer"), [("mlp", "sgd"), ("vit", "adamw")])
def test_a_resumed_run_is_the_whole_one_bit_for_bit(family, optimizer):
    config = tiny.config(
        model__family=family, model__depth=10, model__shortcut="skipinit", optim__optimizer=optimizer, optim__lr=0.01,
        optim__steps=8, eval_every=8,
    )  # fmt: skip
    whole, first = tiny.trainer(config), tiny.trainer(config)
    list(whole.events())
    tiny.until(first.events(), lambda event: event == Stepped(3))
    second = tiny.trainer(config, state=first.state())
    list(second.events())
    assert tiny.same_weights(whole, second)


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_of_equal_path_start_equal_in_all_arms(family):
    plain = build_model(small(family, "none", blocks=1), 5).state_dict()
    for text in texts(family):
        net = build_model(small(family, text), 5).state_dict()
        own = variant(text, family).shortcut.initializer != "he"
        assert all(torch.equal(net[key], plain[key]) for key in plain if key in net and not (own and "block" in key))
    other = build_model(small(family, "none", blocks=1), 6).state_dict()
    assert not torch.equal(other["stem.linear.weight"], plain["stem.linear.weight"])


def test_first_weights_have_the_size_of_their_rule():
    config = ModelConfig(family="vit", depth=18, width=64)
    net = build_model(config, 0)
    sublayer = net.stage1.block1
    for layer, variance in (
        (net.stem.linear, 1 / 49),
        (sublayer.attention.f.qkv, 1 / 64),
        (sublayer.attention.f.proj, 1 / 64),
        (sublayer.mlp.f.fc1, 2 / 64),
        (sublayer.mlp.f.fc2, 1 / 128),
        (net.head.linear, 1e-4),
    ):
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.15)
        assert not layer.bias.any()
    assert net.stem.position.weight.std().item() == pytest.approx(0.5, rel=0.1)
    deep = build_model(config.model_copy(update={"shortcut": "deepnorm"}), 0).stage1.block1
    gain = 32**-0.25
    q, k, v = (a / b for a, b in zip(*(net.attention.f.qkv.weight.chunk(3) for net in (deep, sublayer)), strict=True))
    assert q.eq(1).all() and k.eq(1).all()
    torch.testing.assert_close(v, torch.full_like(v, gain))
    torch.testing.assert_close(deep.mlp.f.fc1.weight, gain * sublayer.mlp.f.fc1.weight)


def test_pre_ln_and_post_ln_are_those_of_pytorch():
    for order in ("pre-ln", "post-ln"):
        net = build_model(small("vit", f"A:order={order}"), 0)
        block = net.stage1.block2
        theirs = torch.nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=order == "pre-ln")
        assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in block.parameters())
        ours = {
            "self_attn.in_proj_": "attention.f.qkv.", "self_attn.out_proj.": "attention.f.proj.",
            "linear1.": "mlp.f.fc1.", "linear2.": "mlp.f.fc2.", "norm1.": "attention.norm.", "norm2.": "mlp.norm.",
        }  # fmt: skip
        state = block.state_dict()
        theirs.load_state_dict(
            {f"{a}{each}": state[f"{b}{each}"] for a, b in ours.items() for each in ("weight", "bias")}
        )
        x = torch.randn(5, 4, 8)
        torch.testing.assert_close(block(x), theirs(x))


def test_shaped_attention_starts_as_the_identity_and_keeps_tokens_apart():
    net = build_model(small("vit", "shaped"), 0)
    x = torch.randn(5, 4, 8)
    torch.testing.assert_close(net.stage1.block2.attention.f(x), x)
    mlp = net.stage1.block2.mlp.f
    torch.testing.assert_close(mlp.fc1.weight.T @ mlp.fc1.weight, torch.eye(8))
    torch.testing.assert_close(mlp.fc2.weight @ mlp.fc2.weight.T, torch.eye(8))
    wired = build_model(small("vit", "shaped:wire=mlp"), 0).stage1.block2
    assert wired.attention.shortcut is None and wired.mlp.coefficient.alpha.item() == pytest.approx(4**-0.5)
    assert wired.mlp.f.slope == 0.0 < mlp.slope < 1.0


@pytest.mark.parametrize(
    ("family", "width", "tokens", "blocks", "multiply_adds"),
    [
        ("mlp", 64, 1, 15, 196 * 64 + 15 * 2 * 64 * 64 + 640),
        # Per block: qkv, projection and MLP of 16 tokens, and two products of 16 x 16 x 32.
        ("vit", 32, 16, 12, 16 * 49 * 32 + 12 * (16 * (4 + 4) * 32 * 32 + 2 * 16 * 16 * 32) + 320),
    ],
)
def test_multiply_adds_contain_the_two_products_of_attention(family, width, tokens, blocks, multiply_adds):
    config = ModelConfig(family=family, depth={"mlp": 2, "vit": 4}[family] * blocks + 2)
    assert (config.width, config.blocks, config.tokens if family == "vit" else 1) == (width, blocks, tokens)
    assert count(config).multiply_adds == multiply_adds


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"family": "mlp", "depth": 9}, "depth 9 is not 2n.2 with n = 1 to 600; nearest 8 and 10"),
        ({"family": "vit", "depth": 20}, "depth 20 is not 4n.2 with n = 1 to 300; nearest 18 and 22"),
        ({"family": "vit", "heads": 3}, "3 heads do not divide the width 32; choose heads from 1, 2, 4, 8, 16, 32"),
        ({"family": "vit", "patch": 5}, "patches of 5 pixels .* 28 .* choose patch from 1, 2, 4, 7, 14"),
        ({"family": "vit", "image_size": 127}, "images of 127 pixels a side divide into no patches"),
        ({"family": "mlp", "heads": 2}, "heads belongs to the family vit; leave it out of the family mlp"),
        ({"patch": 7}, "patch belongs to the family vit; leave it out of the family cifar"),
        ({"family": "vit", "stem": "large"}, "the stem of the family vit is auto; stem large belongs to .* imagenet"),
    ],
)
def test_a_config_that_has_no_meaning_is_refused_in_one_line(values, words):
    with pytest.raises(ConfigError, match=f"^{words}"):
        ModelConfig.checked(**values)


@pytest.mark.parametrize(
    ("family", "text", "words"),
    [
        ("mlp", "B", "the family mlp has the shortcuts none, A, scaled, skipinit, deepnorm, shaped"),
        ("mlp", "A:layers=1", "unknown option 'layers' of shortcut A; choose from order, norm$"),
        ("mlp", "A:wire=mlp", "unknown option 'wire'"),
        ("vit", "A:wire=stem", "wire of shortcut A is attention or mlp"),
        ("vit", "A:norm=batch", "norm of shortcut A is layer or none"),
        ("vit", "deepnorm:order=pre-ln", "order of shortcut deepnorm is post-ln"),
        ("vit", "A:norm=none:order=post-ln", "order=post-ln of shortcut A needs norm=layer"),
        ("cifar", "A:order=pre-ln", "order of shortcut A is post or "),
        ("cifar", "deepnorm", "the family cifar has the shortcuts none, A, B, C, "),
    ],
)
def test_a_variant_that_has_no_meaning_is_refused_in_one_line(family, text, words):
    with pytest.raises(ConfigError, match=words):
        variant(text, family)


def test_patches_are_the_largest_that_leave_16_tokens():
    nets = [ModelConfig(family="vit", image_size=size) for size in (28, 32, 14, 224)]
    assert [(net.patch_size, net.tokens) for net in nets] == [(7, 16), (8, 16), (2, 49), (56, 16)]
