"""The neural tangent kernel of an untrained plain stack of the mapping lab: how evenly it can learn directions.

Theta = J J^T with J the gradients of some outputs on some inputs by all weights. Close to its start a net's errors
obey r' = -lr Theta r, whatever the target: the smallest eigenvalue sets the slowest direction.
"""

import torch
from torch import Tensor

from engine.labs.mapping.arms import PLAIN
from engine.labs.mapping.nets import Stacks, Start
from engine.labs.mapping.targets import WIDTH

#: Inputs and outputs of the kernel; the inputs are the same in every job.
INPUTS, OUTPUTS = 32, 4


def kernel(stacks: Stacks) -> Tensor:
    """Return Theta (INPUTS * OUTPUTS, same) of a single plain net, in 64-bit floats.

    A weight's gradient is what comes in times what comes back, so the products of both sum up to Theta layer by
    layer, and J itself (as wide as the net has weights) is never made.
    """
    if stacks.nets != 1 or stacks.arm != PLAIN:
        raise ValueError("the kernel is that of one plain net")
    parts = {name: part[:, 0].double() for name, part in stacks.parts.items()}
    h = torch.randn(INPUTS, WIDTH, generator=torch.Generator().manual_seed(0)).double()
    layers = []
    for block in range(stacks.blocks):
        inside = torch.relu(h @ parts["w1"][block] + parts["b1"][block])
        layers.append((h, inside))
        h = inside @ parts["w2"][block] + parts["b2"][block]
    back = torch.eye(WIDTH, dtype=torch.float64)[:OUTPUTS].expand(INPUTS, OUTPUTS, WIDTH)
    theta = torch.zeros(INPUTS, OUTPUTS, INPUTS, OUTPUTS, dtype=torch.float64)
    for block, (h, inside) in reversed(list(enumerate(layers))):
        theta += _layer(inside, back)
        back = (back @ parts["w2"][block].T) * (inside > 0)[:, None]
        theta += _layer(h, back)
        back = back @ parts["w1"][block].T
    return theta.view(INPUTS * OUTPUTS, INPUTS * OUTPUTS)


def condition(seed: int, blocks: int, identity: float) -> float:
    """Return the largest by the smallest eigenvalue of Theta of a plain stack that starts at ``identity``."""
    values = torch.linalg.eigvalsh(kernel(Stacks(PLAIN, blocks, [Start(seed, identity)])))
    return float(values[-1] / values[0].clamp_min(1e-20))


def _layer(into: Tensor, back: Tensor) -> Tensor:
    """What one layer with bias adds: products of what comes in (inputs, units) and back (inputs, outputs, units)."""
    alike = into @ into.T + 1
    return alike[:, None, :, None] * torch.einsum("iou,jpu->iojp", back, back)
