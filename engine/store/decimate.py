"""Decimation that hides no spike and moves no kept point: min, max and last of every bucket of steps. Torch-free.

Buckets start at step 0 and their width is a power of two: a wider bucket is a union of narrower ones, so a point that
is kept at one width is kept at every smaller width.
"""

from collections.abc import Sequence

import numpy as np


def keep_extremes(steps: np.ndarray, values: Sequence[np.ndarray], at_most: int) -> np.ndarray:
    """Return the sorted indices of the first point and of each bucket's last, extreme and first not finite points.

    Shapes: ``steps`` (ascending) and each of ``values`` (points,); result (kept,) int64, kept <= ``at_most`` unless one
    bucket alone keeps more.
    """
    at_most = max(1, at_most)
    kept: np.ndarray = np.arange(len(steps))
    if len(steps) <= at_most:
        return kept
    whole = steps.astype(np.int64)
    width = 1
    while True:
        buckets = whole[kept] // width
        # Every bucket keeps its last point: more buckets than ``at_most`` are too many already.
        if np.count_nonzero(buckets[1:] != buckets[:-1]) < at_most:
            # A bucket keeps a subset of the points of its halves: the next width inspects those alone.
            kept = kept[_kept(buckets, [value[kept] for value in values])]
            if len(kept) <= at_most or width > whole[-1]:
                return kept
        width *= 2


def _kept(buckets: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    ends = np.r_[starts[1:], len(buckets)]
    bucket_of = np.repeat(np.arange(len(starts)), ends - starts)

    def first_of(chosen: np.ndarray) -> np.ndarray:
        indices = np.flatnonzero(chosen)
        first = np.r_[True, np.diff(bucket_of[indices]) > 0][: len(indices)]
        return np.compress(first, indices)

    kept = [starts[:1], ends - 1]
    for value in values:
        finite = np.isfinite(value)
        for filled in (np.where(finite, value, np.inf), np.where(finite, -value, np.inf)):
            # Equal extremes of a bucket: the earliest stays.
            kept.append(first_of(filled == np.minimum.reduceat(filled, starts)[bucket_of]))
        kept.append(first_of(~finite))
    return np.unique(np.concatenate(kept))
