import numpy as np
import pytest

from engine.store.decimate import keep_extremes


def spiky(count, seed=0):
    rng = np.random.default_rng(seed)
    values = np.exp(-np.arange(count) / 2000) + 0.02 * rng.standard_normal(count)
    values[rng.integers(0, count, 5)] += 3
    return np.arange(1, count + 1, dtype=np.float64), values


def test_short_series_are_left_alone():
    steps, values = spiky(100)
    assert keep_extremes(steps, [values], 100).tolist() == list(range(100))


@pytest.mark.parametrize("at_most", [50, 333, 2000])
def test_spikes_ends_and_bounds(at_most):
    steps, values = spiky(20_000)
    kept = keep_extremes(steps, [values], at_most)
    assert len(kept) <= at_most
    assert (np.diff(kept) > 0).all()
    assert {0, len(steps) - 1, int(values.argmax()), int(values.argmin())} <= set(kept.tolist())


def test_every_bucket_keeps_its_extremes_of_both_values():
    steps, loss = spiky(5000, 1)
    _, error = spiky(5000, 2)
    kept = keep_extremes(steps, [loss, error], 600)
    # Five points of every bucket of 64 steps fit into 600, so the buckets chosen are no wider; wider ones are unions.
    buckets = steps.astype(int) // 64
    for value in (loss, error):
        for bucket in np.unique(buckets):
            inside = np.flatnonzero(buckets == bucket)
            assert value[inside].max() == value[np.intersect1d(inside, kept)].max()


def test_kept_points_never_move_while_a_run_grows():
    steps, values = spiky(30_000)
    before, last = None, 0
    for count in (3_000, 5_000, 9_000, 20_000, 30_000):
        now = set(keep_extremes(steps[:count], [values[:count]], 500).tolist())
        if before is not None:
            assert {index for index in now if index < last} <= before, "a point appeared later"
        before, last = now, count


def test_values_that_are_not_finite_are_shown():
    steps, values = spiky(4_000)
    values[1234] = np.nan
    kept = keep_extremes(steps, [values], 200)
    assert 1234 in kept
    assert len(kept) <= 200
