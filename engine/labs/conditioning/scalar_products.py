"""Gradient descent on 0.5 (w_1 ... w_k - 1)^2 (Shamir 2019), all seeds and rates of one k at once.

Random starts near 0 or with a wrong sign have almost no gradient.
"""

import math
from collections.abc import Iterator
from statistics import fmean, median
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.conditioning.arms import ABSOLUTE, NEAR_ONE, NORMAL, SCALAR_DRAWS

#: A start is solved below this loss.
SOLVED = 0.005
#: Bound of the factors, so that a long step does not overflow.
_BOUND = 10.0
#: Steps between two removals of solved starts, and between two yields.
_SWEEP, _TELL = 50, 250


class Trials(NamedTuple):
    """The seeds at one rate: ``steps`` to solve, infinite beyond the cap."""

    rate: float
    steps: list[float]

    @property
    def median(self) -> float:
        """The median over all seeds; infinite if half of them or more are unsolved."""
        return median(self.steps)

    @property
    def solved(self) -> float:
        """The share of solved seeds, 0 to 1."""
        return fmean(map(math.isfinite, self.steps))


def draw(factors: int, seeds: int) -> Tensor:
    """Return the starts (factors, draws, seeds), all ``SCALAR_DRAWS`` from the same normal numbers."""
    z = torch.randn(seeds, factors, generator=torch.Generator().manual_seed(1), dtype=torch.float64).T
    made = {NORMAL: z, ABSOLUTE: z.abs(), NEAR_ONE: 1 + z / factors}
    return torch.stack([made[how] for how in SCALAR_DRAWS], 1)


def descend(start: Tensor, rates: tuple[float, ...], cap: int) -> Iterator[Tensor]:
    """Yield the steps to solve (draws, rates, seeds), interim and final; infinite for unsolved starts.

    ``start`` is (factors, draws, seeds), ``cap`` the last step.
    """
    factors, draws, seeds = start.shape
    steps = torch.full((draws * len(rates) * seeds,), math.inf, dtype=torch.float64)
    alive = torch.arange(len(steps))
    w = start[:, :, None].expand(factors, draws, len(rates), seeds).reshape(factors, -1).clone()
    rate = torch.tensor(rates, dtype=torch.float64).repeat_interleave(seeds).repeat(draws)
    for step in range(cap + 1):
        before = [torch.ones_like(w[0])]
        for k in range(factors):
            before.append(before[-1] * w[k])
        error = before.pop() - 1
        done = error.square() < 2 * SOLVED
        # Solved starts continue until the next removal, without another count.
        steps[alive[done]] = steps[alive[done]].clamp_max(step)
        # The product of all other factors without a division: those before k times those behind. torch.cumprod has
        # other last bits, with which unstable descents need other numbers of steps.
        pull, gradient = error, torch.empty_like(w)
        for k in reversed(range(factors)):
            torch.mul(pull, before[k], out=gradient[k])
            pull = pull * w[k]
        w = w.sub_(gradient.mul_(rate)).clamp_(-_BOUND, _BOUND)
        if step % _SWEEP == 0:
            keep = torch.isinf(steps[alive])
            alive, w, rate = alive[keep], w[:, keep], rate[keep]
            if not len(alive):
                break
        if step % _TELL == 0:
            yield steps.view(draws, len(rates), seeds)
    yield steps.view(draws, len(rates), seeds)


def best(steps: Tensor, rates: tuple[float, ...]) -> Trials:
    """Return the trials with the smallest median of ``steps`` (rates, seeds); among equals, most seeds solved."""
    tried = [Trials(rate, row.tolist()) for rate, row in zip(rates, steps, strict=True)]
    return min(tried, key=lambda trials: (trials.median, -trials.solved))
