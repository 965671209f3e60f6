"""Down-sampling that hides no spike and moves no kept point: min, max and last of every power-of-two bucket of steps.

Buckets are anchored at step 0 and their width is a power of two, so the buckets of a longer run are unions of those of
a shorter one: a point that is kept at one width was kept at every smaller width. Torch-free.
"""

from collections.abc import Sequence

import numpy as np


def keep_extremes(steps: np.ndarray, values: Sequence[np.ndarray], at_most: int) -> np.ndarray:
    """Return the sorted indices to keep: for every bucket its last point and each value's minimum and maximum.

    Shapes: ``steps`` and every value array (points,), steps ascending; result (kept,) int64, kept <= at_most
    except that a single bucket always keeps its 2 * len(values) + 1 points. ``at_most`` below 1 is read as 1. The first
    and the last point are kept. Points whose value is not finite stand beside the extremes: a bucket keeps its first
    one.
    """
    at_most = max(1, at_most)
    kept: np.ndarray = np.arange(len(steps))
    if len(steps) <= at_most:
        return kept
    whole = steps.astype(np.int64)
    width = 1
    while True:
        buckets = whole[kept] // width
        # Every bucket keeps its last point, so more buckets than ``at_most`` need not be looked into.
        if np.count_nonzero(buckets[1:] != buckets[:-1]) < at_most:
            # What a bucket keeps is among what its halves keep: the next width has only those to look at.
            kept = kept[_kept(buckets, [value[kept] for value in values])]
            if len(kept) <= at_most or width > whole[-1]:
                return kept
        width *= 2


def _kept(buckets: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    ends = np.r_[starts[1:], len(buckets)]
    bucket_of = np.repeat(np.arange(len(starts)), ends - starts)

    def first_of(chosen: np.ndarray) -> np.ndarray:
        found = np.flatnonzero(chosen)
        first = np.r_[True, np.diff(bucket_of[found]) > 0][: len(found)]
        return np.compress(first, found)

    kept = [starts[:1], ends - 1]
    for value in values:
        finite = np.isfinite(value)
        for filled in (np.where(finite, value, np.inf), np.where(finite, -value, np.inf)):
            # Of equal extremes of a bucket the earliest is kept.
            kept.append(first_of(filled == np.minimum.reduceat(filled, starts)[bucket_of]))
        kept.append(first_of(~finite))
    return np.unique(np.concatenate(kept))
