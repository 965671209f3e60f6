"""What a training of the mapping lab came to: for every cell its best rate, final errors and loss curves.

A cell is some seeds of one problem at all rates. Its error is the geometric mean over seeds at the rate where that is
smallest; errors below ``FLOOR`` count as it, so that one exact zero does not decide a mean.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.mapping.arms import RATES
from engine.labs.mapping.training import Trained

FLOOR = 1e-12
#: The heat map colours everything below it alike, so that 0.05 and 0.6 differ to the eye.
EXACT = 1e-6


class Cell(NamedTuple):
    """Errors over (readings, seeds, rates) and final ones (seeds, rates), infinite where a net diverged."""

    steps: list[int]
    errors: Tensor
    final: Tensor

    @property
    def by_rate(self) -> list[float]:
        """The geometric mean of the final errors over seeds at every rate."""
        return _mean(self.final)

    @property
    def best(self) -> int:
        """The index of the best rate; the first of equals."""
        means = self.by_rate
        return means.index(min(means))

    @property
    def rate(self) -> float:
        """The best learning rate; not a number where every rate diverged."""
        return RATES[self.best] if math.isfinite(self.error) else math.nan

    @property
    def error(self) -> float:
        """The error of the cell."""
        return self.by_rate[self.best]

    @property
    def at_edge(self) -> bool:
        """Whether the best rate is the grid's first or last, so that one beyond might do better."""
        return self.error > FLOOR and self.best in (0, self.final.shape[1] - 1)

    def curve(self, seed: int | None = None) -> list[float]:
        """The loss at every step at the best rate: of the seed at that index, or their geometric mean."""
        errors = self.errors[..., self.best]
        return drawn(_mean(errors.T) if seed is None else errors[:, seed].clamp_min(FLOOR).tolist())

    def rates(self, seed: int | None = None) -> list[float]:
        """The final error at every rate: of the seed at that index, or their geometric mean."""
        return drawn(self.by_rate if seed is None else self.final[seed].clamp_min(FLOOR).tolist())


def cells(trained: Trained, seeds: int) -> list[Cell]:
    """Return the cells in the order of their problems, ``seeds`` of which make one."""
    final, errors = trained.final, trained.errors.nan_to_num(torch.inf, torch.inf)
    return [
        Cell(trained.steps, errors[:, first : first + seeds], final[first : first + seeds])
        for first in range(0, final.shape[0], seeds)
    ]


def drawn(values: list[float]) -> list[float]:
    """Return ``values`` as they are drawn: with a gap where a net diverged."""
    return [value if math.isfinite(value) else math.nan for value in values]


def _mean(errors: Tensor) -> list[float]:
    """Geometric mean over the first dimension."""
    return errors.double().clamp_min(FLOOR).log().mean(0).exp().tolist()
