"""The untrained nets of the labs on gradients, and their measures.

One CPU generator per seed draws layer after layer. All kinds, gains and devices share these draws, and a deeper net
begins with the layers of a shallower one.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.labs.gradient_kinds import BN, PLAIN

#: The direction experiment of Balduzzi et al. 2017: inputs on a line, units per layer, distance of neighbours.
GRID, GRID_WIDTH, LAG = 256, 200, 4
#: Largest lag of the autocorrelation.
LAGS = 64
#: Slopes within this share of the largest are equal but for rounding.
ROUNDING = 1e-9
_EPS = 1e-5


class Net(NamedTuple):
    """One net: kind and number of layers, gain of the weights, seed of the draws."""

    kind: str
    layers: int
    gain: float
    seed: int


class Profile(NamedTuple):
    """One net, layer by layer from the first: ``log_norms`` of dL/dh_l, and mean ``cosines`` between inputs."""

    log_norms: list[float]
    cosines: list[float]


def batch_norm(z: Tensor) -> Tensor:
    """Normalise each column of ``z`` (inputs, units) by its own mean and biased variance; scale 1, shift 0."""
    return functional.batch_norm(z, None, None, training=True, eps=_EPS)


def layer(kind: str, h: Tensor, weight: Tensor) -> Tensor:
    """Return the next activations (inputs, units): plain nets relu([BN] hW), the residual net h + BN(relu(h) W)."""
    if kind == PLAIN:
        return torch.relu(h @ weight)
    if kind == BN:
        return torch.relu(batch_norm(h @ weight))
    return h + batch_norm(torch.relu(h) @ weight)


def preactivation_layer(kind: str, h: Tensor, weight: Tensor) -> Tensor:
    """Return the next pre-activations of the direction nets: relu([BN] h) W, in the residual net added to h."""
    branch = torch.relu(h if kind == PLAIN else batch_norm(h)) @ weight
    return branch if kind in (PLAIN, BN) else h + branch


def profile(net: Net, width: int, images: int, device: torch.device) -> Profile:
    """Measure one net on standard normal inputs (images, width).

    L = <v, h_L> with a random unit vector v: the gradient at the output has norm 1. Norms need 64-bit floats, as their
    squares may leave the range of 32 bits. A gradient of zero has log norm -inf.
    """
    generator = torch.Generator().manual_seed(net.seed)
    h = torch.randn(images, width, generator=generator).to(device).requires_grad_()
    v = torch.randn(images, width, generator=generator, dtype=torch.float64)
    v = (v / torch.linalg.vector_norm(v)).float().to(device)
    activations = []
    for _ in range(net.layers):
        h = layer(net.kind, h, _weight(width, net.gain, generator, device))
        activations.append(h)
    gradients = torch.autograd.grad(h, activations, v)
    norms = torch.stack([torch.linalg.vector_norm(gradient, dtype=torch.float64) for gradient in gradients])
    cosines = torch.stack([mean_cosine(activation.detach()) for activation in activations])
    return Profile(norms.log().tolist(), cosines.tolist())


def mean_cosine(h: Tensor) -> Tensor:
    """Return the mean cosine over all pairs of rows of ``h`` (inputs, units); a row of zeros counts as 0."""
    h = h.double()
    unit = h / torch.linalg.vector_norm(h, dim=1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    pairs = len(h) * (len(h) - 1)
    mean: Tensor = (unit.sum(0).square().sum() - unit.square().sum()) / pairs
    return mean


def line(seed: int, dtype: torch.dtype) -> tuple[torch.Generator, Tensor, Tensor]:
    """Return the generator of the layers, the first pre-activations (GRID, GRID_WIDTH), the readout (GRID_WIDTH,)."""
    generator = torch.Generator().manual_seed(seed)
    first, bias, readout = (torch.randn(GRID_WIDTH, generator=generator).to(dtype) for _ in range(3))
    return generator, torch.linspace(-2, 2, GRID, dtype=dtype)[:, None] * first + bias, readout / math.sqrt(GRID_WIDTH)


def direction(net: Net, device: torch.device) -> list[float]:
    """Return the autocorrelation at lag ``LAG`` of d out/dx over the grid, for nets of 1 to ``net.layers`` layers.

    The grid is one batch of ``GRID`` scalars in [-2, 2]. Batch norm couples the inputs, so d out/dx is the slope
    between neighbouring outputs. Nets of all depths share their first layers.
    """
    generator, h, readout = line(net.seed, torch.float32)
    h, readout, correlations = h.to(device), readout.to(device), []
    with torch.no_grad():
        for _ in range(net.layers):
            h = preactivation_layer(net.kind, h, _weight(GRID_WIDTH, net.gain, generator, device))
            correlations.append(autocorrelations((h @ readout).double().diff())[LAG])
    return correlations


def autocorrelations(slopes: Tensor, last: int = LAGS) -> list[float]:
    """Return the autocorrelation of ``slopes`` (points,) about their mean at lags 0 to ``last``; 1 for equal slopes."""
    centred = (slopes - slopes.mean()).cpu().numpy()
    if np.abs(centred).max() <= ROUNDING * slopes.abs().max().item():
        return [1.0] * (last + 1)
    products = np.correlate(centred, centred, "full")[len(centred) - 1 :]
    correlations: list[float] = (products[: last + 1] / products[0]).tolist()
    return correlations


def _weight(width: int, gain: float, generator: torch.Generator, device: torch.device) -> Tensor:
    return (torch.randn(width, width, generator=generator) * (gain * math.sqrt(2 / width))).to(device)
