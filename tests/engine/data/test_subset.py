"""Fixed subsets: classes in equal numbers, the smaller inside of the larger, decided by the labels alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.subset import balanced


def counts(labels, size):
    return np.bincount(labels[balanced(labels, size)], minlength=labels.max() + 1).tolist()


def test_classes_come_in_equal_numbers():
    labels = np.random.default_rng(3).integers(0, 10, 20_000)
    assert counts(labels, 1000) == [100] * 10
    assert counts(labels, 5000) == [500] * 10
    assert sorted(counts(labels, 1003)) == [100] * 7 + [101] * 3


def test_a_class_with_few_images_has_all_of_them_and_the_others_share_the_rest():
    labels = np.repeat([0, 1, 2], [100, 7, 100])
    assert counts(labels, 60) == [27, 7, 26] or counts(labels, 60) == [26, 7, 27]
    assert counts(labels, 9) == [3, 3, 3]
    assert counts(labels, 207) == counts(labels, 1000) == [100, 7, 100]


def test_it_is_no_row_of_first_images():
    labels = np.arange(1000) % 10
    assert balanced(labels, 100).max() > 500
    assert np.array_equal(balanced(labels, 100), balanced(labels.copy(), 100))


@pytest.mark.parametrize("labels", [[], [0], [5, 5, 5], [9, 0]])
def test_odd_sets(labels):
    labels = np.array(labels, np.int64)
    assert balanced(labels, 10).tolist() == list(range(len(labels)))
    assert len(balanced(labels, 1)) == min(1, len(labels))


@given(
    labels=st.lists(st.integers(0, 6), min_size=1, max_size=80).map(np.array),
    size=st.integers(1, 90),
    more=st.integers(0, 20),
)
def test_any_set(labels, size, more):
    chosen = balanced(labels, size)
    assert chosen.dtype == np.int64
    assert len(set(chosen.tolist())) == len(chosen) == min(size, len(labels))
    assert (np.diff(chosen) > 0).all()
    assert set(chosen.tolist()) <= set(balanced(labels, size + more).tolist())
    taken, there = np.bincount(labels[chosen], minlength=7), np.bincount(labels, minlength=7)
    most = taken.max()
    assert all(taken[each] >= min(there[each], most - 1) for each in range(7))
