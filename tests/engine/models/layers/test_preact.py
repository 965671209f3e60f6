"""Where the shortcut of a block with pre-activation gets its input: 1603.05027, appendix."""

import pytest
import torch
import torch.nn.functional as F

from engine.models.blocks import build_block
from engine.models.build import build_model
from engine.models.layers.preact import PreActBlock
from engine.models.registry import ORDERS, SHORTCUTS, Site, orders_of, variant
from engine.models.shortcuts.shortcuts import Projection, ZeroPadded
from engine.models.tensors import tensors
from tests.contracts.variants import ROWS, small

GROWS = Site(4, 8, 2)


def shortcut_input(text: str, site: Site, first: bool = False) -> tuple[torch.Tensor, PreActBlock, torch.Tensor]:
    """Return x, a block of random weights and the input of its shortcut."""
    torch.manual_seed(0)
    chosen = variant(text)
    block = build_block(chosen, Site(site.inputs, site.outputs, site.stride, chosen.norm), first=first)
    assert isinstance(block, PreActBlock)
    seen = []
    block.shortcut.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    x = torch.randn(4, site.inputs, 8, 8)
    block(x)
    return x, block, seen[0]


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("text", ["B", "C"])
def test_projections_get_the_activated_input(text, norm):
    x, block, seen = shortcut_input(f"{text}:order=full-pre:norm={norm}", GROWS)
    assert isinstance(block.shortcut, Projection)
    torch.testing.assert_close(seen, F.relu(block.bn1(x) if norm == "batch" else x))
    x, _, seen = shortcut_input(f"{text}:order=relu-only-pre:norm={norm}", GROWS)
    assert torch.equal(seen, x.relu())


def test_the_sum_is_that_of_the_source():
    """BN and ReLU once, before the paths part; the projection keeps its own BN."""
    x, block, _ = shortcut_input("C:order=full-pre", Site(4, 4, 1))
    a = F.relu(block.bn1(x))
    wanted = block.shortcut(a) + block.conv2(F.relu(block.bn2(block.conv1(a))))
    torch.testing.assert_close(block(x), wanted)


@pytest.mark.parametrize(
    "order", [name for name, order in ORDERS.items() if name != "post" and "cifar" in order.families]
)
def test_all_else_gets_the_bare_input(order):
    for text in ("A", "B", "conv1x1"):
        if text != "B":
            x, _, seen = shortcut_input(f"{text}:order={order}", GROWS)
            assert torch.equal(seen, x), text
    x, block, seen = shortcut_input(f"B:order={order}", Site(4, 4, 1))
    assert isinstance(block.shortcut, ZeroPadded) and torch.equal(seen, x), "the identity of option B"
    if not ORDERS[order].pre:
        x, _, seen = shortcut_input(f"C:order={order}", GROWS)
        assert torch.equal(seen, x)


@pytest.mark.parametrize("order", ["full-pre", "relu-only-pre"])
def test_the_first_block_has_the_activation_of_the_stem(order):
    x, _, seen = shortcut_input(f"C:order={order}", Site(4, 4, 1), first=True)
    assert torch.equal(seen, x)


def test_which_variants_it_is_about():
    about = {
        (name, order)
        for name in ROWS
        for order in orders_of(SHORTCUTS[name])
        if variant(f"{name}:order={order}").projects_activated
    }
    assert about == {(name, order) for name in "BC" for order in ("full-pre", "relu-only-pre")}


@pytest.mark.parametrize("text", ["B:order=full-pre", "C:order=full-pre", "C:order=relu-only-pre:norm=none"])
def test_the_tensors_are_those_of_the_bare_input(text):
    """The same names and shapes as ever, so that only the format of a checkpoint tells the nets apart."""
    shapes = {name: tuple(tensor.shape) for name, tensor in build_model(small(text), 0).state_dict().items()}
    assert shapes == tensors(small(text))
    extra = {name for name in shapes if ".shortcut." in name}
    plain = {name for name in tensors(small(text.replace(text[0], "none", 1)))}
    assert set(shapes) - extra == plain
