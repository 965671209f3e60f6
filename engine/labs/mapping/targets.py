"""The targets H of the mapping lab, on inputs of ``WIDTH`` numbers, fixed or drawn by seed."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import WIDTH, orthogonal_matrix
from engine.labs.mapping import arms
from engine.labs.mapping.plan import Problem

_FIRST_SEED = 1000


class Draws(NamedTuple):
    """The draws of one seed: three matrices, a rotation with determinant 1, and a constant."""

    first: Tensor
    second: Tensor
    near: Tensor
    rotation: Tensor
    constant: Tensor


def draw(seed: int) -> Draws:
    """Return the draws of ``seed``, shared by all its targets."""
    generator = torch.Generator().manual_seed(_FIRST_SEED + seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    near, first, second = (normal(WIDTH, WIDTH) / math.sqrt(WIDTH) for _ in range(3))
    rotation = orthogonal_matrix(normal(WIDTH, WIDTH))
    rotation[:, 0] *= torch.linalg.det(rotation).sign()
    return Draws(1.5 * first, 1.3 * second, near, rotation, normal(WIDTH))


def answers(problem: Problem, draws: Draws, x: Tensor) -> Tensor:
    """Return H(x) for inputs (..., WIDTH)."""
    if problem.target == arms.BLEND:
        return (1 - problem.blend) * x + problem.blend * _MAPS[problem.toward](draws, x)
    return _MAPS[problem.target](draws, x)


def table(problems: Sequence[Problem]) -> Callable[[Tensor], Tensor]:
    """Return a function from inputs (..., WIDTH) to the answers of all ``problems`` (problems, ..., WIDTH)."""
    by_seed = {problem.seed: draw(problem.seed) for problem in problems}
    # Start and decay do not change the answers.
    keys = [problem._replace(start=0.0, decay=0.0) for problem in problems]

    def answers_to(x: Tensor) -> Tensor:
        known = {key: answers(key, by_seed[key.seed], x) for key in dict.fromkeys(keys)}
        return torch.stack([known[key] for key in keys])

    return answers_to


def _definite(draws: Draws, x: Tensor) -> Tensor:
    # Eigenvalues from 0.3 to 2 in equal ratios, in the directions of the rotation.
    values = torch.linspace(math.log(0.3), math.log(2.0), WIDTH).exp()
    return x @ ((draws.rotation * values) @ draws.rotation.T)


_MAPS: dict[str, Callable[[Draws, Tensor], Tensor]] = {
    arms.IDENTITY: lambda draws, x: x,
    arms.NEAR: lambda draws, x: x + 0.1 * x @ draws.near,
    arms.NEAR_NONLINEAR: lambda draws, x: x + 0.3 * torch.tanh(x @ draws.first) @ draws.second,
    arms.DEFINITE: _definite,
    arms.ROTATION: lambda draws, x: x @ draws.rotation,
    arms.NEGATED: lambda draws, x: -x,
    arms.ZERO: lambda draws, x: torch.zeros_like(x),
    arms.CONSTANT: lambda draws, x: draws.constant.expand_as(x),
    arms.SMOOTH: lambda draws, x: torch.tanh(x @ draws.first) @ draws.second,
}
