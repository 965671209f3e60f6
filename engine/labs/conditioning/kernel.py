"""What is measured in one net of the conditioning lab: its neural tangent kernel and its input-output Jacobian."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.conditioning.arms import Arm
from engine.labs.conditioning.nets import WIDTH, Block, forward, parameters

#: The kernel is that of so many inputs and of the first so many outputs of each.
INPUTS, OUTPUTS = 32, 4


class Kernel(NamedTuple):
    """``values``: eigenvalues, largest first; ``condition``: largest over smallest; ``participation``: see below.

    The participation ratio, tr(K)^2 / tr(K^2), says how many directions share in the kernel: 1 to their number.
    """

    values: list[float]
    condition: float
    participation: float


def inputs(seed: int, count: int = INPUTS) -> Tensor:
    """Return ``count`` standard normal inputs (count, WIDTH), the same for every net of the seed."""
    generator = torch.Generator().manual_seed(1_000_003 + seed)
    return torch.randn(count, WIDTH, generator=generator).double()


def gram(net: Callable[[], Tensor], parts: Sequence[Tensor]) -> Tensor:
    """Return the neural tangent kernel J J^T of what ``net`` returns, any shape, with J its gradient by ``parts``.

    J is taken for all outputs at once, with the coupling of inputs by batch norm (Jacot et al. 2018, section 4).
    """
    out = net().flatten()
    pulls = torch.eye(len(out), dtype=out.dtype)
    rows = torch.autograd.grad(out, list(parts), pulls, is_grads_batched=True)
    kernel = torch.zeros(len(out), len(out), dtype=out.dtype)
    for row in rows:
        kernel += row.flatten(1) @ row.flatten(1).T
    return kernel


def spectrum(kernel: Tensor) -> Kernel:
    """Return what is read off a kernel (outputs, outputs). Of a kernel that is not finite everything is NaN."""
    if not torch.isfinite(kernel).all():
        return Kernel([float("nan")] * len(kernel), float("nan"), float("nan"))
    values = torch.linalg.eigvalsh(kernel).flip(0)
    # Rounding leaves eigenvalues of singular kernels anywhere within this of zero, below it too.
    values = values.clamp_min(torch.finfo(values.dtype).eps * values[0].item())
    share = values.sum().square() / values.square().sum()
    return Kernel(values.tolist(), (values[0] / values[-1]).item(), share.item())


def net_kernel(arm: Arm, stack: Sequence[Block], x: Tensor) -> Kernel:
    """Return the kernel of one net (``stack`` holds one) on ``x`` (inputs, WIDTH), batch norm in train mode."""
    live = [{name: value.detach().double().requires_grad_() for name, value in block.items()} for block in stack]
    return spectrum(gram(lambda: forward(arm, live, x)[0, :, :OUTPUTS], parameters(live)))


def jacobian_values(arm: Arm, stack: Sequence[Block], x: Tensor) -> list[float]:
    """Return the singular values of d out/d x, largest first, each the geometric mean over the inputs ``x``.

    For nets without batch norm: with it one input has no Jacobian of its own. Values below the rounding of the largest
    count as that.
    """
    x = x.clone().requires_grad_()
    out = forward(arm, stack, x)[0]
    pulls = torch.eye(WIDTH, dtype=x.dtype)[:, None, :].expand(WIDTH, *out.shape)
    (rows,) = torch.autograd.grad(out, x, pulls, is_grads_batched=True)
    values = torch.linalg.svdvals(rows.transpose(0, 1))
    values = torch.maximum(values, values[:, :1] * torch.finfo(values.dtype).eps)
    return values.log().mean(0).exp().tolist()
