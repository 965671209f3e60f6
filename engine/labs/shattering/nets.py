"""The nets of the shattering lab: the curve that an untrained net draws over a line of inputs, layer by layer.

As in Balduzzi et al. 2017: a scalar input, 200 units per layer, 256 inputs from -2 to 2, which are one batch. The draws
are those of ``engine.labs.dense_stacks.direction``. Floats have 64 bits, so that a constant gradient is seen to be one.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs import gradient_kinds as blocks
from engine.labs.dense_stacks import GRID, GRID_WIDTH, line, mean_cosine, preactivation_layer
from engine.labs.shattering.spec import BN, LOOKS_LINEAR, PLAIN, RESIDUAL, SCALED, WHITE

#: Inputs from -2 to 2.
LINE = torch.linspace(-2, 2, GRID, dtype=torch.float64)

_BLOCKS = {PLAIN: blocks.PLAIN, BN: blocks.BN, RESIDUAL: blocks.RESIDUAL, SCALED: blocks.RESIDUAL}


class Layer(NamedTuple):
    """What is seen after one layer: the ``slopes`` (inputs - 1,) of the output, the mean ``cosine`` between inputs."""

    slopes: Tensor
    cosine: float


def layers(kind: str, count: int, branch: float, seed: int) -> Iterator[Layer]:
    """Yield what is seen in a net of 1, 2, ... ``count`` layers; ``branch`` scales that of the scaled residual net.

    Batch norm couples the inputs, so d out/dx is the slope between neighbours of the curve that the net draws.
    """
    generator, h, readout = line(seed, torch.float64)
    step = (LINE[1] - LINE[0]).item()
    with torch.no_grad():
        for _ in range(count):
            draw = torch.randn(GRID_WIDTH, GRID_WIDTH, generator=generator).double()
            h = _next(kind, h, draw, branch)
            yield Layer((h @ readout).diff() / step, mean_cosine(h).item())


def noise(kind: str, seed: int) -> Tensor:
    """Return slopes (inputs - 1,) of no net at all: white noise, or a random walk, which is brown noise."""
    white = torch.randn(GRID - 1, generator=torch.Generator().manual_seed(seed)).double()
    return white if kind == WHITE else white.cumsum(0)


def _next(kind: str, h: Tensor, draw: Tensor, branch: float) -> Tensor:
    if kind == LOOKS_LINEAR:
        # The two halves of the layer carry relu(h) and relu(-h) through mirrored weights: together h times them.
        weight = torch.linalg.qr(draw)[0]
        return torch.cat([torch.relu(h), torch.relu(-h)], 1) @ torch.cat([weight, -weight])
    scale = branch if kind == SCALED else 1.0
    return preactivation_layer(_BLOCKS[kind], h, draw * (scale * math.sqrt(2 / GRID_WIDTH)))
