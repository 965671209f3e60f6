"""The nets of the shattering lab: outputs of untrained nets over a line of inputs, layer by layer.

As in Balduzzi et al. 2017: a scalar input, 200 units per layer, one batch of 256 inputs from -2 to 2. The draws are
those of ``engine.labs.dense_stacks.direction``. A constant gradient shows as constant in 64-bit floats alone.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs import gradient_kinds as blocks
from engine.labs.dense_stacks import GRID, GRID_WIDTH, line, mean_cosine, preactivation_layer
from engine.labs.shattering.plan import BN, LOOKS_LINEAR, PLAIN, RESIDUAL, SCALED, WHITE

#: Inputs from -2 to 2.
LINE = torch.linspace(-2, 2, GRID, dtype=torch.float64)

_BLOCKS = {PLAIN: blocks.PLAIN, BN: blocks.BN, RESIDUAL: blocks.RESIDUAL, SCALED: blocks.RESIDUAL}


class Layer(NamedTuple):
    """The measures after one layer: ``slopes`` (inputs - 1,) of the output, mean ``cosine`` between inputs."""

    slopes: Tensor
    cosine: float


def layers(kind: str, count: int, branch: float, seed: int) -> Iterator[Layer]:
    """Yield the measures of nets of 1 to ``count`` layers; ``branch`` scales that of the scaled residual net.

    Batch norm couples the inputs, so d out/dx is the slope between neighbouring outputs.
    """
    generator, h, readout = line(seed, torch.float64)
    step = (LINE[1] - LINE[0]).item()
    with torch.no_grad():
        for _ in range(count):
            draw = torch.randn(GRID_WIDTH, GRID_WIDTH, generator=generator).double()
            h = _next(kind, h, draw, branch)
            yield Layer((h @ readout).diff() / step, mean_cosine(h).item())


def noise(kind: str, seed: int) -> Tensor:
    """Return slopes (inputs - 1,) without a net: white noise, or a random walk, brown noise."""
    white = torch.randn(GRID - 1, generator=torch.Generator().manual_seed(seed)).double()
    return white if kind == WHITE else white.cumsum(0)


def _next(kind: str, h: Tensor, draw: Tensor, branch: float) -> Tensor:
    if kind == LOOKS_LINEAR:
        # relu(h) and relu(-h) pass mirrored weights; together they give h times the weights.
        weight = torch.linalg.qr(draw)[0]
        return torch.cat([torch.relu(h), torch.relu(-h)], 1) @ torch.cat([weight, -weight])
    scale = branch if kind == SCALED else 1.0
    return preactivation_layer(_BLOCKS[kind], h, draw * (scale * math.sqrt(2 / GRID_WIDTH)))
