"""Kernels and Jacobians of the conditioning lab against formulas and against one derivative at a time."""

import math

import pytest
import torch

from engine.labs import block_stacks
from engine.labs.block_stacks import forward
from engine.labs.conditioning import kernel as kernels
from engine.labs.conditioning import nets as stacks
from engine.labs.conditioning.arms import ARMS

every_arm = pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
BY_NAME = {arm.name: arm for arm in ARMS}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_kernel_of_a_linear_net_is_the_analytic_one():
    """y = V W x: K[(i, a), (j, b)] = <x_i, x_j> (V V^T)_ab + <W x_i, W x_j> delta_ab."""
    x, w, v = normal(3, 4), normal(5, 4, seed=1).requires_grad_(), normal(2, 5, seed=2).requires_grad_()
    measured = block_stacks.tangent_kernel(lambda net: x @ net[0]["w"].T @ net[0]["v"].T, [{"w": w, "v": v}])
    with torch.no_grad():
        hidden = x @ w.T
        expected = torch.kron(x @ x.T, v @ v.T) + torch.kron(hidden @ hidden.T, torch.eye(2, dtype=torch.float64))
    assert torch.allclose(measured, expected, rtol=1e-12, atol=0)


@every_arm
def test_the_kernel_of_a_net_is_that_of_single_gradients(arm):
    x = normal(5, block_stacks.WIDTH)
    stack = stacks.draw(arm, 2, [4])
    measured = kernels.net_kernel(arm, stack, x)
    live = stacks.parameters(stack)
    for value in live:
        value.requires_grad_()
    out = forward(stack, x, arm.skip)[0, :, : block_stacks.OUTPUTS].flatten()
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(one, live, retain_graph=True)]) for one in out]
    squares = torch.linalg.svdvals(torch.stack(rows).detach()).square()
    assert measured.values == pytest.approx(squares.tolist(), rel=1e-8)
    assert measured.condition == pytest.approx((squares[0] / squares[-1]).item(), rel=1e-6)
    assert measured.participation == pytest.approx((squares.sum() ** 2 / squares.square().sum()).item())


def test_kernels_that_are_singular_or_not_finite_are_said():
    assert kernels.spectrum(torch.ones(3, 3, dtype=torch.float64)).condition == pytest.approx(2**52)
    assert kernels.spectrum(torch.ones(3, 3, dtype=torch.float64)).participation == pytest.approx(1)
    broken = kernels.spectrum(torch.full((3, 3), math.nan))
    assert math.isnan(broken.condition)
    assert all(math.isnan(value) for value in broken.values)


@pytest.mark.parametrize("name", [arm.name for arm in ARMS if not arm.norm])
def test_singular_values_are_those_of_torch_autograd(name):
    arm, x = BY_NAME[name], normal(6, block_stacks.WIDTH)
    stack = stacks.draw(arm, 2, [1])

    def net(one):
        return forward(stack, one[None], arm.skip)[0, 0]

    logs = [torch.linalg.svdvals(torch.autograd.functional.jacobian(net, one)).log() for one in x]
    expected = torch.stack(logs).mean(0).exp()
    measured = torch.tensor(kernels.jacobian_values(arm, stack, x), dtype=torch.float64)
    sound = torch.stack(logs).min(0).values.exp() > 1e-9 * expected[0]  # below that there is rounding alone
    assert sound.sum() >= 3
    assert torch.allclose(measured[sound], expected[sound], rtol=1e-6)


@every_arm
def test_draws_of_a_seed_are_the_same_whatever_stands_beside_it(arm):
    both, alone = stacks.draw(arm, 2, [3, 5]), stacks.draw(arm, 2, [5])
    for name, value in alone[1].items():
        assert torch.equal(both[1][name][1:], value)
    x = normal(7, block_stacks.WIDTH)
    assert torch.allclose(forward(both, x, arm.skip)[1], forward(alone, x, arm.skip)[0], atol=1e-12)


def test_starts_are_what_they_are_called(monkeypatch):
    x = normal(9, block_stacks.WIDTH)
    monkeypatch.setattr(block_stacks, "NOISE", 0.0)
    exact = forward(stacks.draw(BY_NAME["plain from identity"], 3, [0]), x)
    assert torch.equal(exact[0], x)
    shared, scaled = (stacks.draw(BY_NAME[name], 4, [0]) for name in ("residual", "residual over L"))
    assert torch.allclose(scaled[2]["w2"], shared[2]["w2"] / 4)
    with_bn = stacks.draw(BY_NAME["residual over L with BN"], 4, [0])
    assert torch.equal(with_bn[2]["w2"], shared[2]["w2"])
    assert with_bn[2]["g2"].unique().tolist() == [0.25]
    normed = forward(stacks.draw(BY_NAME["plain with BN"], 1, [0]), x)[0]
    assert torch.allclose(normed.mean(0), torch.zeros(block_stacks.WIDTH, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(normed.var(0, correction=0), torch.ones(block_stacks.WIDTH, dtype=torch.float64), atol=1e-4)


def conditions(name, blocks, seeds=3):
    arm = BY_NAME[name]
    found = [kernels.net_kernel(arm, stacks.draw(arm, blocks, [s]), kernels.inputs(s)) for s in range(seeds)]
    logs = [math.log10(kernel.condition) for kernel in found]
    return sum(logs) / seeds, sum(kernel.participation for kernel in found) / seeds


@pytest.mark.parametrize(
    ("name", "published", "ratios"),
    [
        ("plain", (2.8, 4.1), (25, 11)),
        ("residual over L", (2.5, 2.5), None),
        ("plain with BN", (2.1, 2.9), None),
        ("residual with BN", (1.9, 2.0), (60, 60)),
    ],
)
def test_condition_numbers_are_the_published_ones(name, published, ratios):
    """Measured before by other code: log10 at 4 and 12 weight layers, four seeds; participation ratio of 128."""
    measured = [conditions(name, blocks) for blocks in (2, 6)]
    assert [condition for condition, _ in measured] == pytest.approx(published, abs=0.4)
    if ratios:
        assert [participation for _, participation in measured] == pytest.approx(ratios, rel=0.2)


def test_depth_ruins_the_kernel_of_plain_nets_alone():
    """Measured before by other code: 10^5.6 against 10^2.4 at 32 weight layers."""
    plain, scaled, identity = (
        conditions(name, 16, 2)[0] for name in ("plain", "residual over L", "plain from identity")
    )
    assert plain > 4.8
    assert scaled == pytest.approx(2.4, abs=0.2)
    assert identity < 3.6
