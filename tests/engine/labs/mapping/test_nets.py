"""The stacks of the mapping lab against torch's own layers and autograd."""

import math

import pytest
import torch
from torch.nn import functional

from engine.labs.block_stacks import INNER, INPUTS, OUTPUTS, WIDTH, draw
from engine.labs.mapping import arms
from engine.labs.mapping.nets import Stacks, Start, condition, kernel

BATCH = 12
X = torch.randn(BATCH, WIDTH, generator=torch.Generator().manual_seed(1))


def reference(stacks, net, x):
    """One net, written with torch's layers; ``leaves`` are its weights as 64-bit floats."""
    leaves = {name: part[:, net].double().requires_grad_() for name, part in stacks.parts.items()}
    h, bn = x.double(), stacks.arm.norm

    def norm(z, layer, block):
        gamma, beta = leaves[f"g{layer}"][block, 0], leaves[f"b{layer}"][block, 0]
        return functional.batch_norm(z, None, None, gamma, beta, training=True, eps=1e-5)

    for block in range(stacks.blocks):
        z = h @ leaves["w1"][block]
        z = norm(z, 1, block) if bn else z + leaves["b1"][block]
        z = torch.relu(z) @ leaves["w2"][block]
        z = norm(z, 2, block) if bn else z + leaves["b2"][block]
        h = h + z if stacks.arm.residual else z
    return h, leaves


def moved(stacks):
    """Away from biases of 0 and gammas of 1."""
    stacks.values.add_(0.1 * torch.randn(stacks.values.shape, generator=torch.Generator().manual_seed(2)))
    return stacks


@pytest.mark.parametrize("arm", arms.ARMS, ids=lambda arm: arm.figure)
def test_outputs_and_gradients_are_those_of_autograd(arm):
    stacks = moved(Stacks(arm, 3, [Start(0), Start(1), Start(0, 0.5)]))
    slope = torch.randn(3, BATCH, WIDTH, generator=torch.Generator().manual_seed(3))
    stacks.velocity.fill_(2.0)
    out = stacks.forward(X, keep=True).clone()
    stacks.backward(slope, 0.5)
    for net in range(3):
        right, leaves = reference(stacks, net, X)
        torch.testing.assert_close(out[net].double(), right, rtol=1e-4, atol=1e-4)
        gradients = torch.autograd.grad((right * slope[net]).sum(), list(leaves.values()))
        for name, gradient in zip(leaves, gradients, strict=True):
            error = (stacks.moves[name][:, net] - 1.0 - gradient).abs().max()
            assert error < 1e-4 * max(1.0, gradient.abs().max()), name


def test_the_plain_block_holds_the_identity_exactly():
    """relu(x) - relu(-x) = x, bit for bit."""
    out = Stacks(arms.PLAIN, 16, [Start(0, 1.0)]).forward(X)
    assert torch.equal(out[0], X)


def test_residual_stacks_with_gamma_zero_begin_as_the_identity_exactly():
    assert torch.equal(Stacks(arms.ZERO_BN, 16, [Start(0)]).forward(X)[0], X)


def test_all_arms_of_a_seed_begin_with_the_same_draws():
    w1, w2 = draw(5, 1)
    unit = torch.cat([torch.eye(WIDTH), -torch.eye(WIDTH)], 1)
    for arm in arms.ARMS:
        stacks = Stacks(arm, 4, [Start(4), Start(5)])
        first, second = stacks.parts["w1"][1, 1], stacks.parts["w2"][1, 1]
        if arm.identity:
            noise = 0.1 / math.sqrt(4)
            torch.testing.assert_close(first, math.sqrt(2) * noise * w1 + unit)
            torch.testing.assert_close(second, noise * w2 + unit.T)
        else:
            assert torch.equal(first, w1)
            assert torch.equal(second, w2 / 4 if arm == arms.SCALED else w2)
    assert torch.equal(stacks.parts["w1"][:2], Stacks(arms.PLAIN, 2, [Start(4), Start(5)]).parts["w1"]) or arm.identity


def test_a_random_plain_block_keeps_the_scale():
    """Var f(h) = Var h, so that depth alone neither blows up nor shrinks the signal."""
    x = torch.randn(4000, WIDTH, generator=torch.Generator().manual_seed(0))
    out = Stacks(arms.PLAIN, 1, [Start(seed) for seed in range(30)]).forward(x)
    assert out.square().mean().item() == pytest.approx(1.0, abs=0.1)
    scaled = Stacks(arms.SCALED, 4, [Start(seed) for seed in range(30)]).forward(x)
    assert scaled.square().mean().item() == pytest.approx((1 + 1 / 16) ** 4, abs=0.1)


def test_the_kernel_is_that_of_the_jacobian():
    stacks = Stacks(arms.PLAIN, 2, [Start(3)])
    x = torch.randn(INPUTS, WIDTH, generator=torch.Generator().manual_seed(0))
    out, leaves = reference(stacks, 0, x)
    rows = []
    for value in out[:, :OUTPUTS].reshape(-1):
        gradients = torch.autograd.grad(value, list(leaves.values()), retain_graph=True)
        rows.append(torch.cat([gradient.flatten() for gradient in gradients]))
    jacobian = torch.stack(rows)
    torch.testing.assert_close(kernel(stacks), jacobian @ jacobian.T, rtol=1e-10, atol=1e-10)
    with pytest.raises(ValueError, match="one plain net"):
        kernel(Stacks(arms.SCALED, 2, [Start(3)]))


def test_condition_numbers_of_the_start_slider():
    """One net of 12 layers, by other code: 4.6, 4.2, 5.2, 3.4, 2.8, 2.7."""
    logs = [math.log10(condition(0, 6, point)) for point in (0, 0.25, 0.5, 0.75, 0.9, 1)]
    assert logs == pytest.approx([4.6, 4.2, 5.2, 3.4, 2.8, 2.7], abs=0.06)
    assert INNER == 2 * WIDTH
