"""A difference over seeds: its mean, its interval, and what may be concluded from several of them. Pure: no I/O.

Two runs of one seed see the same batches and start from the same weights, so the differences of pairs are what varies.
Sources: Student's t interval of paired differences; Holm (1979), "A simple sequentially rejective multiple test
procedure".
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

#: Two-sided confidence of an interval.
CONFIDENCE = 0.95
#: A conclusion that is resolved with this probability is called probable.
POWER = 0.8
#: More seeds than these are not promised to resolve anything.
MAX_SEEDS = 100
#: Errors are counts of images. Seeds that agree to an image still vary by one image: 0.02 points of 5,000 images.
RESOLUTION = 0.02


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean of paired differences in points, and their standard deviation ``spread``, nan with one seed.

    ``low`` and ``high`` end the 95 % t interval of the mean, None with one seed.
    """

    mean: float
    spread: float
    low: float | None
    high: float | None
    values: tuple[float, ...]

    @property
    def seeds(self) -> int:
        """The number of pairs."""
        return len(self.values)

    def lies_above(self, margin: float) -> bool:
        """Return whether the whole interval lies above a margin."""
        return self.low is not None and self.low > margin

    def lies_below(self, margin: float) -> bool:
        """Return whether the whole interval lies below a margin."""
        return self.high is not None and self.high < margin


def interval(differences: Sequence[float], resolution: float = RESOLUTION, confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of paired differences with its t interval; their spread is at least ``resolution`` points.

    Raises StatisticsError without a difference.
    """
    mean, seeds = fmean(differences), len(differences)
    if seeds < 2:
        return Interval(mean, math.nan, None, None, tuple(differences))
    spread = max(stdev(differences), resolution)
    half = _quantile(seeds, confidence) * spread / math.sqrt(seeds)
    return Interval(mean, spread, mean - half, mean + half, tuple(differences))


def p_value(found: Interval) -> float:
    """Return the two-sided p value of the hypothesis that there is no difference; 1 with one seed."""
    if found.seeds < 2:
        return 1.0
    from scipy.special import stdtr

    return 2 * float(stdtr(found.seeds - 1, -abs(found.mean) / found.spread * math.sqrt(found.seeds)))


def holm(p_values: Sequence[float], confidence: float = CONFIDENCE) -> list[bool]:
    """Return which hypotheses are rejected together: a false rejection among them all stays below 1 - ``confidence``.

    By hand: scipy corrects for false discovery rates only, and these are four lines.
    """
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > (1 - confidence) / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected


def needed_seeds(found: Interval, distance: float, confidence: float = CONFIDENCE) -> int | None:
    """Return how many seeds would probably show that the mean is so many points away; None for more than 100.

    Probably: with a probability of 0.8, if mean and spread stay as they are.
    """
    if found.seeds < 2 or distance <= 0:
        return None
    from scipy.special import nctdtr

    for seeds in range(found.seeds + 1, MAX_SEEDS + 1):
        if 1 - nctdtr(seeds - 1, distance / found.spread * math.sqrt(seeds), _quantile(seeds, confidence)) >= POWER:
            return seeds
    return None


@functools.cache
def _quantile(seeds: int, confidence: float) -> float:
    # Imported where it is needed: it takes a tenth of a second, and a race of one seed never needs it.
    from scipy.special import stdtrit

    return float(stdtrit(seeds - 1, (1 + confidence) / 2))
