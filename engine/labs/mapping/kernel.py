"""How evenly an untrained plain stack of the mapping lab can learn: the condition number of its tangent kernel."""

import torch
from torch import Tensor

from engine.labs.block_stacks import INPUTS, OUTPUTS, WIDTH, forward, tangent_kernel
from engine.labs.mapping.arms import PLAIN
from engine.labs.mapping.nets import Stacks, Start


def kernel(stacks: Stacks) -> Tensor:
    """Return the kernel (INPUTS * OUTPUTS, same) of a single plain net, in 64-bit floats.

    The inputs are the same in every job. Raises ValueError for other nets.
    """
    if stacks.nets != 1 or stacks.arm != PLAIN:
        raise ValueError("the kernel is that of one plain net")
    weights = [{name: part[block].double() for name, part in stacks.parts.items()} for block in range(stacks.blocks)]
    x = torch.randn(INPUTS, WIDTH, generator=torch.Generator().manual_seed(0)).double()
    return tangent_kernel(lambda stack: forward(stack, x)[0, :, :OUTPUTS], weights)


def condition(seed: int, blocks: int, identity: float) -> float:
    """Return the largest by the smallest eigenvalue of the kernel of a plain stack that starts at ``identity``."""
    values = torch.linalg.eigvalsh(kernel(Stacks(PLAIN, blocks, [Start(seed, identity)])))
    return float(values[-1] / values[0].clamp_min(1e-20))
