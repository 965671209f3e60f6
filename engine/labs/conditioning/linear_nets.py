"""Deep linear nets W_L ... W_1 by gradient descent towards a matrix H, all starts and rates at once, in 64-bit floats.

The residual form holds A and multiplies by I + A, the plain form holds W. Loss: |W_L ... W_1 - H|^2 / d (Frobenius),
the mean over standard normal inputs of |f(x) - H x|^2 / d.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import orthogonal_matrix
from engine.labs.conditioning.arms import GAUSSIAN, LINEAR_STARTS, LINEAR_TARGETS, MIRRORED, ORTHOGONAL, SMALL, ZERO

#: Size of the small residuals, times He's standard deviation over the root of the number of layers.
SMALL_SCALE = 0.1
#: Learning rate of the comparison of the two forms.
EQUIVALENCE_RATE = 0.02


class LinearNets(NamedTuple):
    """Nets side by side: ``weights``, ``skip``, ``target`` and ``rate`` of each.

    Shapes: weights (nets, layers, d, d), with two layers to a shortcut (nets, shortcuts, 2, d, d).
    """

    weights: Tensor
    skip: Tensor
    target: Tensor
    rate: Tensor


def targets(d: int, seed: int) -> dict[str, Tensor]:
    """Return the targets (d, d) by name, in the order of ``LINEAR_TARGETS``."""
    normal = _draws(seed, 0)
    identity = torch.eye(d, dtype=torch.float64)
    near = identity + 0.1 * normal(d, d) / math.sqrt(d)
    rotation = orthogonal_matrix(normal(d, d))
    rotation[:, 0] *= torch.linalg.det(rotation).sign()
    axes = orthogonal_matrix(normal(d, d))
    sizes = torch.linspace(math.log(0.3), math.log(2.0), d, dtype=torch.float64).exp()
    one_negated = (axes * torch.tensor([-1.0] + [1.0] * (d - 1), dtype=torch.float64)) @ axes.T
    goals = identity, near, (axes * sizes) @ axes.T, rotation, -identity, one_negated, 0 * identity
    return dict(zip(LINEAR_TARGETS, goals, strict=True))


def starts(d: int, layers: int, seed: int) -> dict[str, Tensor]:
    """Return the starting weights (layers, d, d) by name: A of the residual form, W of the plain form.

    The orthogonal start's product has determinant 1, the mirrored start's -1. Gradient descent hardly ever changes that
    sign, so the two reach different targets.
    """
    normal = _draws(seed, 1)
    small = SMALL_SCALE / math.sqrt(layers * d) * normal(layers, d, d)
    gaussian = normal(layers, d, d) / math.sqrt(d)
    orthogonal = torch.stack([orthogonal_matrix(normal(d, d)) for _ in range(layers)])
    orthogonal[0, 0] *= torch.linalg.det(orthogonal).prod().sign()
    mirrored = orthogonal.clone()
    mirrored[0, 0] *= -1
    begins = (small, torch.zeros_like(small), gaussian, orthogonal, mirrored)
    return dict(zip((SMALL, ZERO, GAUSSIAN, ORTHOGONAL, MIRRORED), begins, strict=True))


def descend(begin: LinearNets, steps: int) -> Iterator[Tensor]:
    """Yield the losses (nets,) before each step and after the last; not finite for a diverged net.

    Nets do not influence each other.
    """
    weights = begin.weights.clone()
    nets, layers, d, paired = len(weights), weights.shape[1], weights.shape[-1], weights.dim() == 5
    identity = torch.eye(d, dtype=weights.dtype)
    shift = identity * begin.skip.to(weights.dtype).view(nets, 1, 1, 1)
    rate = begin.rate.to(weights.dtype).view(nets, 1, 1)
    for step in range(steps + 1):
        factors = (weights[:, :, 1] @ weights[:, :, 0] if paired else weights) + shift
        before = [identity.expand(nets, d, d)]
        for layer in range(layers):
            before.append(torch.bmm(factors[:, layer], before[-1]))
        error = before[-1] - begin.target
        yield error.square().sum((1, 2)) / d
        if step == steps:
            return
        # The gradient by factor l is (W_L ... W_{l+1})^T 2 error/d (W_{l-1} ... W_1)^T, ``pull`` its first two factors.
        pull = 2 / d * error
        for layer in reversed(range(layers)):
            slope = rate * torch.bmm(pull, before[layer].transpose(1, 2))
            if paired:
                first, second = weights[:, layer].unbind(1)
                slope = torch.stack([second.transpose(1, 2) @ slope, slope @ first.transpose(1, 2)], 1)
            weights[:, layer] -= slope
            pull = torch.bmm(factors[:, layer].transpose(1, 2), pull)


def table(d: int, layers: int, seed: int, rates: tuple[float, ...]) -> LinearNets:
    """Return every target from every start at every rate, in that order."""
    goals, begins = targets(d, seed), starts(d, layers, seed)
    return _beside(
        [
            (begins[start], start in (SMALL, ZERO), goal, rate)
            for goal in goals.values() for start in LINEAR_STARTS for rate in rates
        ]
    )  # fmt: skip


def two_forms(d: int, layers: int, seed: int) -> LinearNets:
    """Return, for every target, the residual net from A, the plain net from I + A, and the plain Gaussian one."""
    goals, begins = targets(d, seed), starts(d, layers, seed)
    small = begins[SMALL]
    forms = ((small, True), (torch.eye(d, dtype=torch.float64) + small, False), (begins[GAUSSIAN], False))
    return _beside([(weights, skip, goal, EQUIVALENCE_RATE) for goal in goals.values() for weights, skip in forms])


def two_layer_forms(d: int, layers: int, seed: int) -> LinearNets:
    """Return, for every target, the net of factors I + A2 A1 and its plain twin of factors I and then I + A2 A1."""
    goals, pairs = targets(d, seed), starts(d, layers, seed)[SMALL].view(layers // 2, 2, d, d)
    identity = torch.eye(d, dtype=torch.float64).expand(len(pairs), d, d)
    twin = torch.stack([identity, identity + pairs[:, 1] @ pairs[:, 0]], 1)
    return _beside(
        [
            (weights, skip, goal, EQUIVALENCE_RATE)
            for goal in goals.values()
            for weights, skip in ((pairs, True), (twin, False))
        ]
    )


def _beside(nets: Sequence[tuple[Tensor, bool, Tensor, float]]) -> LinearNets:
    weights, skip, goals, rates = zip(*nets, strict=True)
    return LinearNets(
        torch.stack(weights), torch.tensor(skip), torch.stack(goals), torch.tensor(rates, dtype=torch.float64)
    )


def _draws(seed: int, part: int) -> Callable[..., Tensor]:
    """Return a function that draws standard normal numbers of a shape, from one stream for each ``part``."""
    generator = torch.Generator().manual_seed(15_485_863 * (part + 1) + seed)
    return partial(torch.randn, generator=generator, dtype=torch.float64)
