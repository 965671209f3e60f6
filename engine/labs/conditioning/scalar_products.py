"""A product of k numbers that has to become 1: the toy of Shamir 2019, all seeds and rates of one k at once.

Gradient descent on 0.5 (w_1 ... w_k - 1)^2. Random starts near 0 or with a wrong sign find no gradient to follow.
"""

import math
from collections.abc import Iterator
from statistics import fmean, median
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.conditioning.arms import ABSOLUTE, NEAR_ONE, NORMAL, SCALAR_DRAWS

#: Solved below this loss.
SOLVED = 0.005
#: Factors are held within this of 0, so that a step too far is not the end of numbers.
_BOUND = 10.0
#: Runs that are solved are taken out every so many steps, and every so many steps it is told how far they are.
_SWEEP, _TELL = 50, 250


class Trials(NamedTuple):
    """What became of the seeds at the best rate: ``steps`` to solve, infinite where the cap came first."""

    rate: float
    steps: list[float]

    @property
    def median(self) -> float:
        """The median over all seeds; infinite where half of them or more were not solved."""
        return median(self.steps)

    @property
    def solved(self) -> float:
        """The share of the seeds that were solved, 0 to 1."""
        return fmean(map(math.isfinite, self.steps))


def draw(factors: int, seeds: int) -> Tensor:
    """Return the starting factors (factors, draws, seeds), all ``SCALAR_DRAWS`` from the same normal numbers."""
    z = torch.randn(seeds, factors, generator=torch.Generator().manual_seed(1), dtype=torch.float64).T
    made = {NORMAL: z, ABSOLUTE: z.abs(), NEAR_ONE: 1 + z / factors}
    return torch.stack([made[how] for how in SCALAR_DRAWS], 1)


def descend(start: Tensor, rates: tuple[float, ...], cap: int) -> Iterator[Tensor]:
    """Yield the steps to solve (draws, rates, seeds) so far, and at the end; infinite where it is not solved (yet).

    ``start`` is (factors, draws, seeds). ``cap`` ends what is not solved by then.
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
        # What is solved goes on until the next sweep, without another count.
        steps[alive[done]] = steps[alive[done]].clamp_max(step)
        # Products of all other factors, without dividing: those before k times those after it. With torch.cumprod the
        # last bits differ, and unstable descents then need other numbers of steps.
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
    """Return the trials at the best rate, given the ``steps`` (rates, seeds) of one draw.

    The best has the smallest median of steps; of those with the same, most seeds solved.
    """
    tried = [Trials(rate, row.tolist()) for rate, row in zip(rates, steps, strict=True)]
    return min(tried, key=lambda trials: (trials.median, -trials.solved))
