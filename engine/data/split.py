"""The training set in two: what is trained on, and a held-out part. Paper: He et al. 2015, section 4.2 (45k/5k split).

Which images are held out depends on the data set and their number alone: all arms, seeds and races share them, and a
larger held-out part contains a smaller one.
"""

from collections.abc import Iterable

import numpy as np
import torch

#: Keeps this choice apart from those of the live subsets, which draw from the seed 0.
_SEED = 45_000


def held_out(images: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices that stay and those that are held out, ascending, int64."""
    order = np.random.default_rng(_SEED).permutation(images)
    return np.sort(order[size:]), np.sort(order[:size])


def statistics_without(
    mean: torch.Tensor, scale: float, images: int, held: Iterable[torch.Tensor]
) -> tuple[torch.Tensor, float]:
    """Return per-pixel mean, float32 (channels, S, S), and scale of what stays when ``held`` is taken away.

    From ``mean`` and ``scale`` of all ``images``, so that only the held-out ones are gone through: uint8
    (k, channels, S, S) each.
    """
    mean = mean.double()
    deviations, squares, count = torch.zeros_like(mean), 0.0, 0
    for chunk in held:
        apart = chunk - mean
        deviations += apart.sum(0)
        squares += float(apart.square().sum())
        count += len(chunk)
    stay = images - count
    shift = -deviations / stay
    remaining = images * mean.numel() * scale**2 - squares - stay * float(shift.square().sum())
    return (mean + shift).float(), max(0.0, remaining / (stay * mean.numel())) ** 0.5 or 1.0
