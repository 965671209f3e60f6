import pytest
import torch

from engine.models.build import build_model
from tests.contracts.variants import small


def convolutions(net):
    return [(f"{stage}.{name}.{conv}", block.get_submodule(conv))
            for stage in ("stage1", "stage2", "stage3")
            for name, block in net.get_submodule(stage).named_children()
            for conv in (tap.conv for tap in block.taps)]  # fmt: skip


@pytest.mark.parametrize(("text", "factor"), [("fixup", 6 ** (-1 / 2)), ("fixup:layers=3", 6 ** (-1 / 4))])
def test_fixup(text, factor):
    net, drawn = build_model(small(text), 0), build_model(small(f"A:norm=none:{text.partition(':')[2]}".strip(":")), 0)
    last = text.endswith("3") and "conv3" or "conv2"
    others = dict(convolutions(drawn))
    for name, conv in convolutions(net):
        assert conv.bias is None
        if name.endswith(last):
            assert not conv.weight.any()
        else:
            assert torch.allclose(conv.weight, factor * others[name].weight)
    assert not net.head.linear.weight.any() and not net.head.linear.bias.any()
    assert torch.equal(net.stem.conv.weight, drawn.stem.conv.weight)
    for name, number in net.named_parameters():
        if number.ndim == 0:
            assert number.item() == (1.0 if name.endswith("weight") else 0.0)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())


def test_fixup_with_one_layer_per_block_has_only_zero_layers():
    net = build_model(small("fixup:layers=1"), 0)
    assert not any(conv.weight.any() for _, conv in convolutions(net))


def test_fixup_keeps_its_size_whatever_the_depth():
    """One update changes the output by about as much at 20 and at 110 layers: what the power of L is for."""
    changes = []
    for depth in (20, 110):
        net = build_model(small("fixup").model_copy(update={"depth": depth}), 0)
        with torch.no_grad():
            net.head.linear.weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
        x = torch.randn(16, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        before = net(x)
        torch.nn.functional.cross_entropy(before, torch.arange(16) % 10).backward()
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if "stage" in name and parameter.ndim == 4:
                    parameter -= 1e-3 * parameter.grad
        changes.append((net(x) - before).norm().item())
    assert 0.5 < changes[1] / changes[0] < 2


def test_zero_gamma_is_the_last_of_each_branch():
    net = build_model(small("zero-gamma:layers=3"), 0)
    gammas = {name: m.weight for name, m in net.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert all(gamma.any() != name.endswith("bn3") for name, gamma in gammas.items())


def test_dirac_convolutions_are_the_identity_and_new_channels_are_drawn():
    net, drawn = build_model(small("dirac"), 0), build_model(small("none"), 0)
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(net.stage1.block2.conv1(x), x)
    grows = net.stage2.block1.conv1
    assert torch.equal(grows(x)[:, :4], x[:, :, ::2, ::2])
    assert torch.equal(grows.weight[4:], drawn.stage2.block1.conv1.weight[4:])
    assert torch.equal(net.stem.conv.weight, drawn.stem.conv.weight)


def test_delta_orthogonal_convolutions_rotate_the_channels():
    net = build_model(small("delta-orthogonal"), 0)
    for name, conv in convolutions(net):
        middle = conv.weight[:, :, 1, 1].detach()
        outputs, inputs = middle.shape
        assert torch.allclose(middle.T @ middle, 2 * torch.eye(inputs), atol=1e-5), name
        rest = conv.weight.detach().clone()
        rest[:, :, 1, 1] = 0
        assert not rest.any()
        if outputs == inputs:
            assert not torch.allclose(middle, 2**0.5 * torch.eye(inputs), atol=0.1)
    again, other = (build_model(small("delta-orthogonal"), seed) for seed in (0, 1))
    assert torch.equal(net.stage1.block1.conv1.weight, again.stage1.block1.conv1.weight)
    assert not torch.allclose(net.stage1.block1.conv1.weight, other.stage1.block1.conv1.weight)
