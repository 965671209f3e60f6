"""The bins of the response histograms: log-spaced, both signs, one bin around zero. Torch-free numbers.

... | -e1 .. -e0 | -e0 .. e0 | e0 .. e1 | ...     e_k = 10^(-2 + k / 12), up to 100; beyond: the end bins
"""

import math

import numpy as np
import numpy.typing as npt

#: Smallest and largest edge, and bins per factor of ten.
SMALLEST, LARGEST, PER_DECADE = 1e-2, 1e2, 12
#: Bins of one sign between the edges, and a last bin for larger values.
PER_SIGN = round(PER_DECADE * np.log10(LARGEST / SMALLEST)) + 1
#: Bins of a layer; its row has one entry more, for values that are not finite.
BINS = 2 * PER_SIGN + 1
#: Larger layers are sampled on a fixed grid: about so many values are sorted into bins.
SAMPLE = 16_384


def edges() -> npt.NDArray[np.float64]:
    """Return the inner edges of the bins, ascending, float64 (BINS - 1,); the end bins are open."""
    positive = SMALLEST * 10.0 ** (np.arange(PER_SIGN) / PER_DECADE)
    return np.concatenate([-positive[::-1], positive])


def stride(size: int) -> int:
    """Return the distance between sampled values: no common factor with the size, so that no channel is preferred."""
    step = -(-size // SAMPLE)
    while math.gcd(step, size) > 1:
        step += 1
    return step
