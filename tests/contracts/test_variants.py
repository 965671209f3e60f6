"""What every variant of the zoo must do: rows with each activation order, norm and length of shortcut."""

import copy
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.config import ModelConfig
from engine.events import Stepped
from engine.models.build import build_model
from engine.models.count import count
from engine.models.family import PaperNet
from engine.models.init.rng import random_modules
from engine.models.registry import ORDERS, variant
from engine.models.shortcuts.strength import set_strength
from engine.models.tensors import tensors
from engine.probes.online.probe import OnlineProbe
from engine.probes.registry import QUANTITIES, absences
from engine.training.evaluate import FoldedNet
from tests.contracts.variants import ROWS, all_changes, one_change, shallow, small
from tests.engine.training import tiny

#: Every row as it is, and each order, norm and length with one of them.
A_FEW = (*ROWS, *(text for text in one_change() if text.startswith("A:")))
#: Of each kind one: no shortcut, one without and one with a factor, chance, two ways to start, another order and norm.
KINDS = ("none", "A", "gated", "stochastic-depth", "fixup", "skipinit", "A:order=full-pre", "A:norm=none")
#: Quantities that may be NaN after 60 updates, where a layer has no batch norm of its own.
WITHOUT_NORM = {"gamma_abs"}


def tiered(default, every):
    """Parametrize by ``every`` variant; of those that are not in ``default`` each fifth is slow, the others are long:
    in nearly every row the fifth has another order, norm or length.
    """
    rare = [text for text in every if text not in default]
    marks = {text: pytest.mark.long if place % 5 else pytest.mark.slow for place, text in enumerate(rare)}
    return pytest.mark.parametrize("text", [pytest.param(text, marks=marks.get(text, ())) for text in every])


@cache
def built(text, width):
    """The net of a variant, built once; nobody changes it."""
    return build_model(small(text, width), 0)


def fresh(text, width=4):
    """A net of one's own."""
    return copy.deepcopy(built(text, width))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images(n=16):
    return torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def with_a_life(net):
    """Give a net statistics, factors and biases of its own, so that nothing is hidden by a start at 0 or 1."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.2, generator=generator)
        for parameter in net.parameters():
            if parameter.ndim in (0, 4):
                parameter.add_(torch.empty_like(parameter).normal_(0, 0.05, generator=generator))
        net.head.linear.weight.normal_(0, 0.5, generator=generator)
        for _ in range(8):
            net(torch.randn(16, 1, 8, 8, generator=generator))
    return net


@tiered(A_FEW, one_change())
def test_tensors_and_counts_are_those_of_the_net(text):
    check_size(text)


@pytest.mark.slow
def test_tensors_and_counts_of_combinations():
    for text in all_changes()[::11]:
        check_size(text)


@pytest.mark.long
def test_tensors_and_counts_of_all_combinations():
    for text in all_changes():
        check_size(text)


def check_size(text):
    """On the meta device: shapes without numbers."""
    config = small(text)
    with torch.device("meta"):
        net = PaperNet(config)
        x = torch.zeros(2, 1, 8, 8)
    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert list(tensors(config).items()) == list(shapes.items())
    counted, flops = count(config), 0

    def add(module, inputs, output):
        nonlocal flops
        flops += module.weight.numel() * (output[0, 0].numel() if output.ndim == 4 else 1)

    for module in net.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(add)
    assert net(x).shape == (2, 10)
    assert counted.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert counted.multiply_adds == flops
    assert counted.weighted_layers == config.depth
    assert counted.shortcut == text


@pytest.mark.slow
@settings(max_examples=60)
@given(text=st.sampled_from(all_changes()))
def test_gradients_of_combinations_are_finite(text):
    check_backward(text)


@pytest.mark.long
@pytest.mark.parametrize("text", all_changes())
def test_gradients_of_every_combination_are_finite(text):
    check_backward(text)


def check_backward(text):
    net = build_model(small(text), 0)
    net(images()).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


@tiered(A_FEW, one_change())
def test_gradients_reach_every_parameter(text):
    """Every gradient exists and is finite at once, and is not zero at some time in the first updates.

    Where something starts at zero (skipinit, zero-gamma, fixup), what lies before it gets its first gradient when that
    has moved; in fixup that takes four updates.
    """
    net = fresh(text)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    silent = dict(net.named_parameters())
    generator = torch.Generator().manual_seed(0)
    for _ in range(6):
        optimizer.zero_grad(set_to_none=True)
        x = torch.randn(16, 1, 8, 8, generator=generator)
        F.cross_entropy(net(x), torch.arange(16) % 10).backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())
        silent = {name: p for name, p in silent.items() if not torch.count_nonzero(p.grad)}
        optimizer.step()
    assert not silent or text == "scaled:branch=0"


@tiered(A_FEW, one_change())
def test_state_goes_round_and_folded_nets_agree(text):
    net, other = with_a_life(fresh(text, 8)), fresh(text, 8)
    assert not torch.equal(net.eval()(images()), other.eval()(images()))
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(images()), other(images()))
    folded = FoldedNet(net, tiny.device())
    for strength in (1.0, 0.4):
        set_strength(net, strength)
        folded.take(net)
        with torch.no_grad():
            wanted = net(images())
            torch.testing.assert_close(folded.net(images()), wanted, rtol=1e-3, atol=1e-4 * wanted.abs().max().item())
    left = [name for name, m in folded.net.named_modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if variant(text).order not in ("bn-after-addition", "full-pre"):
        assert not left


@tiered((*A_FEW, *(text for text in one_change() if text[0] in "BC")), one_change())
def test_shortcuts_get_the_bare_input_and_projections_with_pre_activation_the_activated_one(text):
    """1603.05027, appendix; the first block follows the stem's ReLU."""
    chosen, net = variant(text), fresh(text)
    seen = []
    blocks = [module for module in net.modules() if hasattr(module, "branch")]
    for block in blocks:
        if block.shortcut is not None:
            block.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
            block.shortcut.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with torch.no_grad():
        net(images())
    for block, x, passed in zip(blocks, seen[::2], seen[1::2], strict=False):
        projects = chosen.shortcut.name in ("B", "C") and any(True for _ in block.shortcut.parameters())
        if projects and ORDERS[chosen.order].pre and block is not blocks[0]:
            assert passed is not x and (passed >= 0).all() and (x < 0).any()
        else:
            assert passed is x
    assert len(seen) == (0 if chosen.plain else 2 * len(blocks))


@tiered(KINDS, A_FEW)
def test_every_quantity_can_be_measured(text):
    config = tiny.config(model__shortcut=text, model__depth=shallow(text))
    net = build_model(config.model, 0).to(memory_format=torch.channels_last)
    chosen = variant(text)
    if chosen.shortcut.initializer != "he" or chosen.shortcut.name == "skipinit":
        net = with_a_life(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    F.cross_entropy(net(images()), torch.arange(16) % 10).backward()
    optimizer.step()
    probe = OnlineProbe(config, tiny.images(), net, tiny.device())
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    found = probe.measure(net, optimizer, 60, 0.05)
    again = probe.measure(net, optimizer, 60, 0.05)
    assert found.keys() == QUANTITIES.keys() - absences("cifar")
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    layers = shallow(text) - 1
    blocks = (layers - 1) // chosen.layers
    shapes = {"layer": (layers,), "relu": (layers,), "sublayer": (blocks,), "stage": (4,)}
    for name, values in found.items():
        assert np.array_equal(values, again[name], equal_nan=True)
        assert values.shape == shapes.get(QUANTITIES[name].per, values.shape)
        if name not in WITHOUT_NORM:
            assert np.isfinite(values).all(), name
    normed = np.isfinite(found["gamma_abs"]).sum()
    wanted = {"full-pre": 1, "bn-after-addition": layers - blocks}.get(chosen.order, layers)
    assert normed == (wanted if chosen.norm == "batch" else 0)


@pytest.mark.parametrize("text", ["A", "A:order=full-pre", "gated", "skipinit:start=0.3", "stochastic-depth", "fixup"])
def test_updates_are_what_is_added(text):
    """update_size is the mean of |c F(x)| / |s(x)|, here from the block's sum."""
    net = with_a_life(fresh(text))
    config = tiny.config(model__shortcut=text, model__depth=14)
    probe = OnlineProbe(config, tiny.images(), net, tiny.device())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    found = probe.measure(net, optimizer, 60, 0.05)["update_size"]
    seen = {}
    block = net.stage2.block1
    block.register_forward_pre_hook(lambda m, i: seen.update(x=i[0].clone()))
    block.shortcut.register_forward_hook(lambda m, i, o: seen.update(s=o.clone()))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.track_running_stats = False
    with torch.no_grad():
        net(probe._batch.inputs)
        set_strength(net, 0.0)
        f = block_sum(block, seen["x"])
    ratio = (f.flatten(1).norm(dim=1) / seen["s"].flatten(1).norm(dim=1)).mean()
    assert found[2] == pytest.approx(ratio.item(), rel=1e-4)


def block_sum(block, x):
    """Return c F(x) of a block whose strength is 0."""
    if hasattr(block, "_joined"):
        return block._joined(x)
    return block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))


@pytest.mark.parametrize("text", ["dropout", "stochastic-depth", "dropout:order=full-pre"])
def test_chance_is_a_function_of_seed_path_and_step(text):
    def outputs(seed, step, net):
        for module in random_modules(net):
            module.resample(seed, step)
        return net(images())

    random = torch.get_rng_state()
    net, other = fresh(text), fresh(text)
    assert torch.equal(net(images()), other(images()))
    first, second = outputs(3, 7, net), outputs(3, 8, net)
    outputs(4, 1, other)
    assert torch.equal(outputs(3, 7, other), first)
    assert not torch.equal(first, second)
    assert not torch.equal(first, outputs(4, 7, net))
    assert torch.equal(random, torch.get_rng_state())
    assert all(key in tensors(small(text)) for key in net.state_dict())


@tiered(A_FEW, one_change())
def test_streams_stay_in_16_bits(text):
    """Numbers and gates in 32 bits must not widen what flows through a net in bf16."""
    net, kinds = fresh(text), set()
    for module in net.modules():
        if hasattr(module, "branch"):
            module.register_forward_hook(lambda m, i, o: kinds.add(o.dtype))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = net(images())
    assert kinds == {torch.bfloat16}
    assert torch.isfinite(logits).all()


@tiered(ROWS, A_FEW)
def test_nothing_in_a_net_asks_for_the_cpu(text):
    """With fake tensors on a GPU: forward in train and eval mode, before and after a draw; no device is needed."""
    with FakeTensorMode(), torch.device("cuda"):
        net = PaperNet(small(text))
        x = torch.empty(4, 1, 8, 8).contiguous(memory_format=torch.channels_last)
        outputs = [net(x)]
        for module in random_modules(net):
            module.resample(0, 1)
        outputs += [net(x), net.eval()(x)]
    assert all(logits.device.type == "cuda" and logits.shape == (4, 10) for logits in outputs)


@pytest.mark.parametrize("text", ["dropout", "stochastic-depth"])
def test_a_resumed_run_sees_the_same_chance_and_probes_change_nothing(text):
    config = tiny.config(model__shortcut=text, optim__steps=12, eval_every=12)
    whole = tiny.trainer(config)
    list(whole.events())
    first = tiny.trainer(config)
    first.probe = OnlineProbe(config, first.images, first.model, first.device)
    tiny.until(first.events(), lambda event: event == Stepped(5))
    second = tiny.trainer(config, state=first.state())
    list(second.events())
    assert tiny.same_weights(whole, second)


@tiered(KINDS, A_FEW)
def test_a_few_updates_lower_the_loss(text):
    """Four noisy patterns are easy for every shallow net, also for those that fail at depth 110 as published."""
    losses = train(text, steps=30, lr=0.05 if variant(text).norm == "batch" else 0.02)
    assert np.isfinite(losses).all()
    assert np.mean(losses[-8:]) < 0.9 * losses[0]


def train(text, steps, lr):
    """Return the losses of a tiny net on four patterns that are easy to tell apart."""
    net = fresh(text)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randn(4, 1, 8, 8, generator=generator)
    losses = []
    for step in range(1, steps + 1):
        for module in random_modules(net):
            module.resample(0, step)
        labels = torch.randint(0, 4, (32,), generator=generator)
        x = patterns[labels] + 0.5 * torch.randn(32, 1, 8, 8, generator=generator)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.slow
def test_depth_1202_is_built_and_takes_a_step():
    """With small images, for time; the count is that of 32x32."""
    assert count(ModelConfig(depth=1202)).parameters == 19_421_274
    net = build_model(ModelConfig(depth=1202, image_size=8), 0)
    assert sum(parameter.numel() for parameter in net.parameters()) == 19_421_274
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, fused=True)
    before = net.stage2.block100.conv1.weight.clone()
    F.cross_entropy(net(torch.randn(8, 3, 8, 8)), torch.arange(8)).backward()
    optimizer.step()
    assert not torch.equal(before, net.stage2.block100.conv1.weight)


def test_every_row_is_among_them():
    assert {variant(text).shortcut.name for text in one_change()} == set(ROWS)
