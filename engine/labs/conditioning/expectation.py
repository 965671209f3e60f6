"""The error of a linearised net in expectation over random targets, from the eigenvalues of its kernel.

Gradient descent on the squared error, at the rate 1 / (largest eigenvalue), shrinks the error along an eigenvector by
1 - (its eigenvalue) / (the largest one) at each update. A random target has the same share in every direction.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Drawn targets, enough for their mean to be the expectation within a few percent.
DRAWS = 200
#: The share of the error that is left when updates are counted.
LEFT = 0.1
#: Beyond any number of updates that a kernel of 64-bit floats asks for.
_MAX_UPDATES = 2**60

Errors = npt.NDArray[np.float64]


def expected(values: Sequence[float], updates: Sequence[float]) -> Errors:
    """Return the expected share of the error that is left after ``updates``; ``values`` begin with the largest."""
    errors: Errors = _remaining(values, updates).mean(1)
    return errors


def drawn(values: Sequence[float], updates: Sequence[float], seed: int) -> Errors:
    """Return the shares (DRAWS, updates) of the error that are left for single targets of random direction."""
    squares = np.square(np.random.default_rng(seed).standard_normal((DRAWS, len(values))))
    errors: Errors = squares / squares.sum(1, keepdims=True) @ _remaining(values, updates).T
    return errors


def updates_needed(values: Sequence[float]) -> float:
    """Return the first update after which less than ``LEFT`` of the expected error is left; NaN without a kernel."""
    if not all(map(math.isfinite, values)):
        return math.nan
    counts = range(1, _MAX_UPDATES)
    return float(counts[bisect_left(counts, True, key=lambda count: bool(expected(values, [count])[0] < LEFT))])


def _remaining(values: Sequence[float], updates: Sequence[float]) -> Errors:
    """Return the share (updates, eigenvalues) of the squared error that is left along each eigenvector."""
    factors = 1 - np.asarray(values, dtype=np.float64) / values[0]
    remaining: Errors = factors ** (2 * np.asarray(updates, dtype=np.float64)[:, None])
    return remaining
