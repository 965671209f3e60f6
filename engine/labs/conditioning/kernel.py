"""The neural tangent kernel and the input-output Jacobian of a net of the conditioning lab."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import INPUTS, OUTPUTS, WIDTH, Block, forward, tangent_kernel
from engine.labs.conditioning.arms import Arm


class Kernel(NamedTuple):
    """A kernel's eigenvalues, largest first, condition number and participation ratio.

    The participation ratio tr(K)^2 / tr(K^2) counts the directions that share in the kernel.
    """

    values: list[float]
    condition: float
    participation: float


def inputs(seed: int, count: int = INPUTS) -> Tensor:
    """Return ``count`` standard normal inputs (count, WIDTH), the same for every net of the seed."""
    generator = torch.Generator().manual_seed(1_000_003 + seed)
    return torch.randn(count, WIDTH, generator=generator).double()


def spectrum(kernel: Tensor) -> Kernel:
    """Return the measures of a kernel (outputs, outputs), NaN for a kernel that is not finite."""
    if not torch.isfinite(kernel).all():
        return Kernel([float("nan")] * len(kernel), float("nan"), float("nan"))
    values = torch.linalg.eigvalsh(kernel).flip(0)
    # Rounding moves zero eigenvalues by up to this, below zero too.
    values = values.clamp_min(torch.finfo(values.dtype).eps * values[0].item())
    share = values.sum().square() / values.square().sum()
    return Kernel(values.tolist(), (values[0] / values[-1]).item(), share.item())


def net_kernel(arm: Arm, stack: Sequence[Block], x: Tensor) -> Kernel:
    """Return the kernel of the only net of ``stack`` on ``x`` (inputs, WIDTH), batch norm in train mode."""
    weights = [{name: value.detach().double() for name, value in block.items()} for block in stack]
    return spectrum(tangent_kernel(lambda blocks: forward(blocks, x, arm.skip)[0, :, :OUTPUTS], weights))


def jacobian_values(arm: Arm, stack: Sequence[Block], x: Tensor) -> list[float]:
    """Return the singular values of d out/d x, largest first, each the geometric mean over the inputs ``x``.

    For nets without batch norm, which would couple the inputs. Values below the largest one's rounding count as that.
    """
    jacobians = torch.func.vmap(torch.func.jacrev(lambda one: forward(stack, one[None], arm.skip)[0, 0]))(x)
    values = torch.linalg.svdvals(jacobians)
    values = torch.maximum(values, values[:, :1] * torch.finfo(values.dtype).eps)
    return values.log().mean(0).exp().tolist()
