"""Down-sampling that hides no spike and moves no kept point: min, max and last of every power-of-two bucket of steps.

Buckets are anchored at step 0 and their width is a power of two, so the buckets of a longer run are unions of those of
a shorter one: a point that is kept at one width was kept at every smaller width. Torch-free.
"""

from collections.abc import Sequence

import numpy as np


def keep_extremes(steps: np.ndarray, values: Sequence[np.ndarray], at_most: int) -> np.ndarray:
    """Return the sorted indices to keep: for every bucket its last point and each value's minimum and maximum.

    Shapes: ``steps`` and every value array (points,), steps ascending; result (kept,) int64, kept <= at_most
    except that a single bucket always keeps its 2 * len(values) + 1 points. The first and the last point are kept.
    Points whose value is not finite stand beside the extremes: a bucket keeps its first one.
    """
    count = len(steps)
    if count <= at_most:
        return np.arange(count)
    whole = steps.astype(np.int64)
    width = 1
    while True:
        kept = _kept(whole // width, values)
        if len(kept) <= at_most or width > whole[-1]:
            return kept
        width *= 2


def _kept(buckets: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    ends = np.r_[starts[1:], len(buckets)]
    kept = [starts[:1], ends - 1]
    bucket_of = np.repeat(np.arange(len(starts)), ends - starts)
    for value in values:
        finite = np.isfinite(value)
        for filled in (np.where(finite, value, np.inf), np.where(finite, -value, np.inf)):
            # lexsort is stable: within a bucket the earliest of equal extremes comes first.
            order = np.lexsort((filled, bucket_of))
            kept.append(order[starts])
        if not finite.all():
            order = np.lexsort((finite, bucket_of))
            first = order[starts]
            kept.append(first[~finite[first]])
    return np.unique(np.concatenate(kept))
