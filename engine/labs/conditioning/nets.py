"""The nets of the conditioning lab: fresh parameters of ``engine.labs.block_stacks`` for every arm."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.labs import block_stacks
from engine.labs.block_stacks import INNER, WIDTH, Block
from engine.labs.conditioning.arms import Arm


def draw(arm: Arm, blocks: int, seeds: Sequence[int], dtype: torch.dtype = torch.float64) -> list[Block]:
    """Return fresh parameters of one net for each of ``seeds``."""
    nets, stack = len(seeds), []
    for place in range(blocks):
        draws = [block_stacks.draw(seed, place) for seed in seeds]
        w1, w2 = (torch.stack(weights) for weights in zip(*draws, strict=True))
        if arm.identity:
            w1, w2 = block_stacks.near_identity(w1, w2, blocks)
        if arm.scaled and not arm.norm:
            w2 = w2 / blocks
        block = {"w1": w1, "w2": w2, "b1": torch.zeros(nets, 1, INNER), "b2": torch.zeros(nets, 1, WIDTH)}
        if arm.norm:
            last = 1 / blocks if arm.scaled else 1.0
            block |= {"g1": torch.ones(nets, 1, INNER), "g2": torch.full((nets, 1, WIDTH), last)}
        stack.append({name: value.to(dtype) for name, value in block.items()})
    return stack


def parameters(stack: Sequence[Block]) -> list[Tensor]:
    """Return all parameters of a stack in a fixed order."""
    return [value for block in stack for value in block.values()]
