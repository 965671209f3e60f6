"""The results of a training of the mapping lab by cell: best rate, final errors and loss curves.

A cell is one problem with its seeds at all rates. Its error is the smallest geometric mean over seeds. Errors below
``FLOOR`` count as ``FLOOR``, so that one exact zero does not decide a mean.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.mapping.arms import RATES
from engine.labs.mapping.training import Trained

FLOOR = 1e-12
#: The heat map has one colour below, so that 0.05 and 0.6 differ visibly.
EXACT = 1e-6


class Cell(NamedTuple):
    """Errors (readings, seeds, rates) and final ones (seeds, rates), infinite for diverged nets."""

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
        """The best learning rate; NaN if every rate diverged."""
        return RATES[self.best] if math.isfinite(self.error) else math.nan

    @property
    def error(self) -> float:
        """The error of the cell."""
        return self.by_rate[self.best]

    @property
    def at_edge(self) -> bool:
        """Whether the best rate is the grid's first or last, so that a better one may lie outside."""
        return self.error > FLOOR and self.best in (0, self.final.shape[1] - 1)

    def curve(self, seed: int | None = None) -> list[float]:
        """Return the loss at every step at the best rate, of one seed or their geometric mean."""
        errors = self.errors[..., self.best]
        return drawn(_mean(errors.T) if seed is None else errors[:, seed].clamp_min(FLOOR).tolist())

    def rates(self, seed: int | None = None) -> list[float]:
        """Return the final error at every rate, of one seed or their geometric mean."""
        return drawn(self.by_rate if seed is None else self.final[seed].clamp_min(FLOOR).tolist())


def cells(trained: Trained, seeds: int) -> list[Cell]:
    """Return the cells in the order of their problems, ``seeds`` of them in each."""
    final, errors = trained.final, trained.errors.nan_to_num(torch.inf, torch.inf)
    return [
        Cell(trained.steps, errors[:, first : first + seeds], final[first : first + seeds])
        for first in range(0, final.shape[0], seeds)
    ]


def drawn(values: list[float]) -> list[float]:
    """Return the drawn ``values``, with a gap for a diverged net."""
    return [value if math.isfinite(value) else math.nan for value in values]


def _mean(errors: Tensor) -> list[float]:
    """Return the geometric mean over the first dimension."""
    return errors.double().clamp_min(FLOOR).log().mean(0).exp().tolist()
