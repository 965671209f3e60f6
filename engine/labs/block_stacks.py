"""Stacks of small blocks, many nets side by side, for the labs on targets and on conditioning.

A block has two weight layers, 16 -> 32 -> 16: f(h) = relu(h w1 + b1) w2 + b2, with batch norm BN(relu(BN(h w1)) w2),
beta in place of b. w1 = [I, -I] and w2 = [I; -I] make a plain block the exact identity: relu(x) - relu(-x) = x.
All kinds share the draws of a seed, block by block.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

#: Units between the blocks, and within them.
WIDTH, INNER = 16, 32
#: Size of the noise on an identity start, times He's standard deviation over the root of the number of blocks.
NOISE = 0.1
#: Inputs of the kernel, and outputs of each, the first ones.
INPUTS, OUTPUTS = 32, 4
#: The exact identity as w1; its transpose is w2.
IDENTITY = torch.cat([torch.eye(WIDTH), -torch.eye(WIDTH)], 1)
_EPS = 1e-5

#: The parameters of one block by name, each (nets, ...): w1, b1, w2, b2 and with batch norm g1, g2.
Block = dict[str, Tensor]


def draw(seed: int, block: int) -> tuple[Tensor, Tensor]:
    """Return w1 and w2 of one block, which keeps the variance.

    w1 has variance 1/fan-in, w2 behind the ReLU 2/fan-in.
    """
    generator = torch.Generator().manual_seed(7919 * seed + block)
    first = torch.randn(WIDTH, INNER, generator=generator) / math.sqrt(WIDTH)
    return first, torch.randn(INNER, WIDTH, generator=generator) * math.sqrt(2 / INNER)


def near_identity(w1: Tensor, w2: Tensor, blocks: int) -> tuple[Tensor, Tensor]:
    """Return the weights (..., rows, columns) of an identity start in a net of ``blocks``, with the draws as noise."""
    noise = NOISE / math.sqrt(blocks)
    return math.sqrt(2) * noise * w1 + IDENTITY, noise * w2 + IDENTITY.T


def orthogonal_matrix(normal: Tensor) -> Tensor:
    """Return the uniformly distributed orthogonal matrix of a square draw from N(0, 1)."""
    q, r = torch.linalg.qr(normal)
    orthogonal: Tensor = q * torch.sign(torch.diag(r))
    return orthogonal


def forward(stack: Sequence[Block], x: Tensor, skip: bool = False) -> Tensor:
    """Return the outputs (nets, inputs, WIDTH) for ``x``, (inputs, WIDTH) or one such batch for each net.

    ``skip`` adds every block to its input. Batch norm uses the batch's statistics.
    """
    h = x.expand(len(stack[0]["w1"]), *x.shape) if x.dim() == 2 else x
    for block in stack:
        branch = _branch(block, h)
        h = h + branch if skip else branch
    return h


def tangent_kernel(net: Callable[[Sequence[Block]], Tensor], stack: Sequence[Block]) -> Tensor:
    """Return the neural tangent kernel J J^T of the outputs of ``net``, with J their Jacobian by ``stack``.

    J covers all outputs at once, so it includes the coupling of inputs by batch norm. Near the start the errors r of a
    net obey r' = -lr J J^T r, whatever the target. Source: Jacot et al. 2018, section 4.
    """
    jacobian = torch.func.jacrev(lambda weights: net(weights).flatten())(list(stack))
    rows = [part.flatten(1) for block in jacobian for part in block.values()]
    return torch.stack([part @ part.T for part in rows]).sum(0)


def _branch(block: Block, h: Tensor) -> Tensor:
    if "g1" not in block:
        return torch.baddbmm(block["b2"], torch.relu(torch.baddbmm(block["b1"], h, block["w1"])), block["w2"])
    inner = torch.relu(_norm(torch.bmm(h, block["w1"]), block["g1"], block["b1"]))
    return _norm(torch.bmm(inner, block["w2"]), block["g2"], block["b2"])


def _norm(z: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    variance, mean = torch.var_mean(z, dim=1, keepdim=True, correction=0)
    return (z - mean) * torch.rsqrt(variance + _EPS) * gamma + beta
