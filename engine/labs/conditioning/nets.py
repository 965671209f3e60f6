"""The nets of the conditioning lab: stacks of small blocks, many nets of one kind computed side by side.

A block has two weight layers, 16 -> 32 -> 16: f(h) = relu(h W1 + b1) W2 + b2, with batch norm BN(relu(BN(h W1)) W2),
where beta takes the place of b. It is twice as wide inside as outside, so W1 = [I, -I], W2 = [I; -I] makes the plain
block an exact identity: relu(x) - relu(-x) = x. Draws of one seed are the same for every kind, layer by layer.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.labs.conditioning.arms import Arm

#: Units between the blocks, and within them.
WIDTH, INNER = 16, 32
#: Size of the noise on an identity start, times He's standard deviation over the root of the number of blocks.
NOISE = 0.1
_EPS = 1e-5

#: The parameters of one block by name, each (nets, ...): W1, b1, W2, b2 and with batch norm g1, g2.
Block = dict[str, Tensor]


def draw(arm: Arm, blocks: int, seeds: Sequence[int], dtype: torch.dtype = torch.float64) -> list[Block]:
    """Return fresh parameters of one net for each of ``seeds``, He et al. 2015 scaled: a block keeps the variance."""
    nets, stack = len(seeds), []
    identity = torch.eye(WIDTH)
    for place in range(blocks):
        first, second = [], []
        for seed in seeds:
            generator = torch.Generator().manual_seed(7919 * seed + place)
            first.append(torch.randn(WIDTH, INNER, generator=generator))
            second.append(torch.randn(INNER, WIDTH, generator=generator))
        # The input of W1 is not rectified, so its variance is 1/fan-in; that of W2 is, so 2/fan-in.
        w1 = torch.stack(first) / math.sqrt(WIDTH)
        w2 = torch.stack(second) * math.sqrt(2 / INNER)
        if arm.identity:
            noise = NOISE / math.sqrt(blocks)
            w1 = math.sqrt(2) * noise * w1 + torch.cat([identity, -identity], 1)
            w2 = noise * w2 + torch.cat([identity, -identity], 0)
        if arm.scaled and not arm.norm:
            w2 = w2 / blocks
        block = {"W1": w1, "W2": w2, "b1": torch.zeros(nets, 1, INNER), "b2": torch.zeros(nets, 1, WIDTH)}
        if arm.norm:
            last = 1 / blocks if arm.scaled else 1.0
            block |= {"g1": torch.ones(nets, 1, INNER), "g2": torch.full((nets, 1, WIDTH), last)}
        stack.append({name: value.to(dtype) for name, value in block.items()})
    return stack


def forward(arm: Arm, stack: Sequence[Block], x: Tensor) -> Tensor:
    """Return the outputs (nets, inputs, WIDTH) for ``x``, (inputs, WIDTH) or one such batch for each net.

    Batch norm uses the statistics of the batch, so that its inputs act on one another.
    """
    nets = len(stack[0]["W1"])
    h = x.expand(nets, *x.shape) if x.dim() == 2 else x
    for block in stack:
        branch = _branch(block, h)
        h = h + branch if arm.skip else branch
    return h


def parameters(stack: Sequence[Block]) -> list[Tensor]:
    """Return all parameters of a stack in a fixed order."""
    return [value for block in stack for value in block.values()]


def _branch(block: Block, h: Tensor) -> Tensor:
    if "g1" not in block:
        return torch.baddbmm(block["b2"], torch.relu(torch.baddbmm(block["b1"], h, block["W1"])), block["W2"])
    inner = torch.relu(_norm(torch.bmm(h, block["W1"]), block["g1"], block["b1"]))
    return _norm(torch.bmm(inner, block["W2"]), block["g2"], block["b2"])


def _norm(z: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    variance, mean = torch.var_mean(z, dim=1, keepdim=True, correction=0)
    return (z - mean) * torch.rsqrt(variance + _EPS) * gamma + beta
