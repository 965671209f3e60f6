"""Lesions against nets from which the block was really taken, and against the formula of the zoo."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.hardware.device import Device
from engine.probes.offline.ablation import Ablation
from engine.training.evaluate import FoldedNet
from tests.engine.probes.stirred import VARIANTS, images, net
from tests.engine.training.tiny import needs_blocked_bf16

CPU = Device(torch.device("cpu"), "CPU", "fp32", 1)
every_variant = pytest.mark.parametrize("shortcut", VARIANTS)


def without(model, place):
    """The net with the block at ``place`` replaced by nothing at all."""
    model = copy.deepcopy(model)
    stage, block = divmod(place, 3)
    blocks = list(getattr(model, f"stage{stage + 1}"))
    del blocks[block]
    setattr(model, f"stage{stage + 1}", nn.Sequential(*blocks))
    return model


@torch.no_grad()
def logits(model, x=None):
    return model(images() if x is None else x)


@pytest.mark.parametrize("shortcut", ["none", "A", "B", "none:order=full-pre", "A:order=full-pre", "gated", "highway"])
def test_a_deleted_block_is_a_block_that_is_not_there(shortcut):
    model = net(shortcut)
    lesions = Ablation(model)
    for place in (0, 1, 2, 4, 5, 7, 8):
        with lesions.deleted(place):
            found = logits(model)
        # After a block of the original order nothing is negative, so its last ReLU changes nothing.
        assert torch.equal(found, logits(without(model, place)))
        assert not torch.allclose(found, logits(model))


@pytest.mark.parametrize("shortcut", ["none", "A", "dirac"])
def test_where_the_shape_changes_the_input_passes_on_as_option_a_carries_it(shortcut):
    model = net(shortcut)
    with Ablation(model).deleted(3):
        found = logits(model)
    with torch.no_grad():
        x = model.stage1(model.stem(images()))
        x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 4))
        x = model.stage2[2](model.stage2[1](x))
        assert torch.equal(found, model.head(model.stage3(x)))


@every_variant
def test_a_factor_multiplies_the_branch_as_the_formula_says(shortcut):
    model = net(shortcut)
    lesions = Ablation(model)
    last = len(lesions.blocks) - 1
    for place, factor in ((1, 0.5), (last, 0.0), (last // 2, 1.5)):
        tap, seen = lesions.blocks[place].sublayers[0], {}
        block = tap.module
        hook = block.register_forward_hook(lambda module, args, output, seen=seen: seen.update(x=args[0], y=output))
        with lesions.scaled(place, factor):
            logits(model)
        hook.remove()
        with torch.no_grad():
            expected = by_hand(tap, seen["x"], factor)
        assert torch.allclose(seen["y"], expected, atol=1e-5)


def by_hand(tap, x, factor):
    """y = s(x) + c F(x) with the factor on c, then what comes after the addition."""
    block = tap.module
    f = branch(block, x)
    if tap.coefficient is not None and hasattr(tap.coefficient, "weight"):
        g = factor * tap.coefficient(x)
        carried = x if x.shape == f.shape else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, f.shape[1] - x.shape[1]))
        y = (1 - g) * carried + g * f
    else:
        c = 1.0 if tap.coefficient is None else tap.coefficient(x)
        y = factor * c * f + (0.0 if tap.shortcut is None else tap.shortcut(x))
    return block._run(block._finish, y) if hasattr(block, "_finish") else F.relu(y)


def branch(block, x):
    if hasattr(block, "_front"):
        return block._run(block._front, x)
    return block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))


@every_variant
def test_a_net_with_bn_folded_gets_the_same_lesion(shortcut):
    model = net(shortcut)
    folded = FoldedNet(model, CPU)
    lesions = Ablation(model, [folded.net])
    places = (0, 3, len(lesions.blocks) - 1)
    for lesion in (*(lesions.deleted(b) for b in places if b < len(lesions.blocks)), lesions.scaled(2, 0.5)):
        with lesion:
            folded.take(model)
            assert torch.allclose(folded.logits(images()), logits(model), rtol=1e-3, atol=1e-4)


@every_variant
def test_nothing_of_a_lesion_stays(shortcut):
    model = net(shortcut)
    before, state = logits(model), copy.deepcopy(model.state_dict())
    lesions = Ablation(model)
    for lesion in (lesions.deleted(1), lesions.scaled(1, 0.3), lesions.swapped(*lesions.pairs()[-1])):
        with pytest.raises(KeyError), lesion:
            assert not torch.equal(logits(model), before)
            raise KeyError
    assert torch.equal(logits(model), before)
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("shortcut", ["none", "A", "C", "gated", "A:order=full-pre", "fixup"])
def test_swapped_blocks_stand_in_each_others_place(shortcut):
    model = net(shortcut)
    with Ablation(model).swapped(4, 5):
        found = logits(model)
    stage = model.stage2
    stage[1], stage[2] = stage[2], stage[1]
    assert torch.equal(found, logits(model))


def test_blocks_are_swapped_inside_a_stage_and_where_they_fit():
    inside = [(0, 1), (0, 2), (1, 2), (4, 5), (7, 8)]
    assert Ablation(net("A")).pairs() == inside
    # The first block of all has no batch norm in front in full pre-activation.
    assert Ablation(net("A:order=full-pre")).pairs() == inside[2:]


@needs_blocked_bf16
@pytest.mark.parametrize("shortcut", ["none", "A", "B"])
def test_in_onednns_layout_lesions_are_the_same(shortcut):
    model = net(shortcut, width=16)
    folded = FoldedNet(model, Device(torch.device("cpu"), "CPU", "bf16", 1))
    assert folded._blocked
    lesions = Ablation(model, [folded.net])
    intact = logits(model)
    for lesion in (lesions.deleted(1), lesions.deleted(3), lesions.scaled(4, 0.5), lesions.swapped(7, 8)):
        with lesion:
            folded.take(model)
            expected, found = logits(model), folded.logits(images())
        assert (found - expected).norm() < 0.1 * expected.norm()
        assert (found - expected).norm() < (intact - expected).norm()


@pytest.mark.parametrize(("depth", "shortcut"), [(18, "A"), (18, "none"), (50, "B"), (50, "none")])
def test_imagenet_nets(depth, shortcut):
    model = net(shortcut, depth, family="imagenet", stem="small")
    lesions = Ablation(model)
    with torch.no_grad(), lesions.deleted(1):
        found = logits(model)
        x = model.stem(images())
        x = model.stage1[0](x)
        for block in (*list(model.stage1)[2:], model.stage2, model.stage3, model.stage4):
            x = block(x)
        assert torch.equal(found, model.head(x))
    assert all(one >= 1 or depth == 18 for one, _ in lesions.pairs())


@pytest.mark.parametrize("shortcut", ["none", "A", "shaped", "A:wire=mlp"])
def test_a_deleted_block_of_a_transformer_takes_attention_and_mlp_with_it(shortcut):
    model = net(shortcut, depth=14, width=8, family="vit")
    lesions = Ablation(model)
    for place in range(3):
        shorter = copy.deepcopy(model)
        del shorter.stage1[place]
        with lesions.deleted(place):
            found = logits(model)
        assert torch.allclose(found, logits(shorter), atol=1e-6)
        assert not torch.allclose(found, logits(model))
    assert lesions.pairs() == [(0, 1), (0, 2), (1, 2)]
    with lesions.scaled(1, 1.0):
        assert torch.equal(logits(model), logits(net(shortcut, depth=14, width=8, family="vit")))
