"""What every registered shortcut must do; a new row in the registry is tested by being there."""

import copy
from importlib import import_module

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from engine.config import ModelConfig
from engine.models.build import build_model
from engine.models.init.initializers import INITIALIZERS
from engine.models.registry import NORMS, ORDERS, SHORTCUTS, Site, variant
from engine.models.shortcuts.shortcuts import ZeroPadded, build_coefficient, build_shortcut
from engine.models.shortcuts.strength import set_strength
from tests.contracts.variants import ROWS, small

every_shortcut = pytest.mark.parametrize("name", ROWS)
every_row = pytest.mark.parametrize("name", SHORTCUTS)


def images(n=4, seed=0):
    return torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


@every_shortcut
@given(size=st.integers(3, 9), inputs=st.integers(1, 8), wider=st.sampled_from([1, 2]), stride=st.sampled_from([1, 2]))
@example(size=8, inputs=8, wider=1, stride=1)
@example(size=7, inputs=8, wider=2, stride=2)
def test_maps_to_the_shape_of_the_branch(name, size, inputs, wider, stride):
    outputs = wider * inputs
    chosen, site = variant(name), Site(inputs, outputs, stride)
    module, coefficient = build_shortcut(chosen, site), build_coefficient(chosen, site)
    assert (module is None) == chosen.plain == (not SHORTCUTS[name].builder)
    if module is None:
        assert coefficient is None
        return
    x = torch.randn(2, inputs, size, size)
    branch = torch.nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)(x)
    c = 1.0 if coefficient is None else coefficient(x)
    assert (branch * c).shape == branch.shape
    assert (module(x, c) if chosen.shortcut.shares_gate else module(x)).shape == branch.shape


@every_shortcut
def test_shared_layers_start_as_in_the_plain_net(name):
    net = dict(build_model(small(name), 5).named_parameters())
    plain = dict(build_model(small("none"), 5).named_parameters())
    if SHORTCUTS[name].initializer == "he":
        assert plain.keys() <= net.keys()
        shared = plain.keys()
    else:  # what a way to start leaves alone: the first layer, and the head but for Fixup's
        shared = {"stem.conv.weight"} | ({"head.linear.weight"} if name != "fixup" else set())
    assert all(torch.equal(plain[key], net[key]) for key in shared)


@every_shortcut
def test_the_strength_scales_the_shortcut(name):
    net, x = build_model(small(name), 0), images()
    block = net.stage2.block1
    y = torch.randn(4, 4, 8, 8).relu()
    f, s, c = [], [], []
    block.get_submodule(block.branch).register_forward_hook(lambda m, i, o: f.append(o.clone()))
    if block.shortcut is not None:
        block.shortcut.register_forward_hook(lambda m, i, o: s.append(o.clone()))
    if getattr(block, "coefficient", None) is not None:
        block.coefficient.register_forward_hook(lambda m, i, o: c.append(o))
    with torch.no_grad():
        before, same, at_one = net(x), copy.deepcopy(net), build_model(small(name), 0)
        set_strength(at_one, 1.0)
        assert torch.equal(before, at_one(x))
        for strength in (0.0, 0.3, 1.0):
            set_strength(net, strength)
            f.clear(), s.clear(), c.clear()
            out = block(y)
            total = f[0] * c[0] if c else f[0]
            total = total + strength * s[0] if s else total
            torch.testing.assert_close(out, total.relu())
            # The gate, like all the rest, is computed once.
            assert len(f) == 1 and len(s) == (block.shortcut is not None) and len(c) <= 1
    assert same.stage1.block1.strength == 1.0 and net.stage1.block1.strength == 1.0


@pytest.mark.parametrize("name", [n for n in ROWS if SHORTCUTS[n].initializer == "he" and not SHORTCUTS[n].coefficient])
def test_without_strength_the_net_is_the_plain_one(name):
    net, plain = build_model(small(name), 0), build_model(small("none"), 0)
    set_strength(net, 0.0)
    assert torch.equal(net(images()), plain(images()))


@every_row
def test_row_is_explained(name):
    row = SHORTCUTS[name]
    assert row.name == name
    assert 0 < len(row.label) <= 40
    assert row.help.endswith(".")
    assert row.formula.startswith("y = ")
    assert "et al." in row.source or "DiracNets" in row.source or "SkipInit" in row.source
    assert row.initializer in INITIALIZERS
    assert set(row.norms) <= set(NORMS)
    assert set(row.orders) <= set(ORDERS)
    for option in row.options:
        assert option.low <= option.default <= option.high
        assert option.help.endswith(".")


@every_row
def test_code_is_where_the_row_says(name):
    for place in filter(None, (SHORTCUTS[name].builder, SHORTCUTS[name].coefficient)):
        module, attribute = place.split(":")
        assert module in {f"engine.models.shortcuts.{name}" for name in ("shortcuts", "branch_scale")}
        assert getattr(import_module(module), attribute).__doc__


@pytest.mark.parametrize("row", [*SHORTCUTS.values(), *ORDERS.values()], ids=lambda row: row.name)
def test_published_figures_say_what_they_are(row):
    for figure in row.published:
        chosen = variant(figure.variant)
        assert chosen.text == figure.variant
        assert row.name in (chosen.shortcut.name, chosen.order)
        assert (figure.error is None) == bool(figure.word)
        assert figure.error is None or 0 < figure.error < 100
        assert figure.net and figure.kind and figure.source
        assert figure.data in {"CIFAR-10", "CIFAR-100", "ImageNet"}


def test_labels_differ():
    assert len({row.label for row in SHORTCUTS.values()}) == len(SHORTCUTS)


def test_option_a_subsamples_and_pads_with_zeros():
    x = torch.randn(2, 3, 5, 5)
    y = build_shortcut(variant("A"), Site(3, 6, 2))(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert torch.count_nonzero(y[:, 3:]) == 0
    assert build_shortcut(variant("A"), Site(3, 3, 1))(x) is x


def test_option_b_projects_only_where_the_shape_changes():
    b, c = variant("B"), variant("C")
    assert not list(build_shortcut(b, Site(4, 4, 1)).parameters())
    assert list(build_shortcut(b, Site(4, 8, 2)).parameters())
    assert list(build_shortcut(c, Site(4, 4, 1)).parameters())


@pytest.mark.parametrize("text", ["gated:bias=-6", "highway:bias=-2", "shortcut-gated:bias=-3"])
def test_gates_start_at_their_bias_and_carry_the_rest(text):
    chosen, net = variant(text), build_model(small(text), 0)
    bias = chosen.options["bias"]
    block = net.stage1.block1
    gate = block.shortcut.gate if text.startswith("shortcut") else block.coefficient
    assert torch.equal(gate.bias, torch.full((4,), bias))
    x = torch.randn(3, 4, 8, 8).relu()
    g = gate(x)
    assert gate(torch.zeros(1, 4, 8, 8)).detach().mean().item() == pytest.approx(
        torch.tensor(bias).sigmoid().item(), rel=1e-5
    )
    s = block.shortcut(x) if text.startswith("shortcut") else block.shortcut(x, g)
    torch.testing.assert_close(s, (1 - g) * x)


def test_where_channels_grow_gates_see_option_a():
    block = build_model(small("gated"), 0).stage2.block1
    x = torch.randn(3, 4, 8, 8).relu()
    g = block.coefficient(x)
    assert g.shape == (3, 8, 4, 4)
    torch.testing.assert_close(block.shortcut(x, g), (1 - g) * ZeroPadded(Site(4, 8, 2))(x))


def test_constant_scaling():
    x = torch.randn(2, 4, 8, 8)
    chosen, site = variant("scaled:shortcut=0.25:branch=0.5"), Site(4, 4, 1)
    assert torch.equal(build_shortcut(chosen, site)(x), 0.25 * x)
    assert build_coefficient(chosen, site)(x) == 0.5
    assert build_coefficient(variant("scaled"), site) is None


@pytest.mark.parametrize(("name", "first"), [("skipinit", 0.0), ("zero-gamma", None), ("fixup", None)])
def test_nets_that_start_as_the_identity(name, first):
    net = build_model(small(name), 0)
    x = torch.randn(3, 4, 8, 8).relu()
    assert torch.equal(net.stage1.block2(x), x)
    if first is not None:
        assert net.stage1.block2.coefficient.alpha.item() == first
    skip = build_model(small("skipinit:start=0.25"), 0)
    assert skip.stage1.block2.coefficient.alpha.item() == 0.25


def test_the_paper_nets_are_exact():
    assert sum(p.numel() for p in build_model(ModelConfig(depth=110), 0).parameters()) == 1_727_962
