"""Wide values become 8 bits: which range is stretched, and where the upper 8 of 16 bits stay."""

import numpy as np
import pytest

from engine.data.files.value_range import ValueRange, joined, range_of, upper_eight


@pytest.mark.parametrize(("low", "high"), [(0, 249), (0, 4095), (-1000, 3000), (30_000, 34_000), (0, 2**31 - 1)])
def test_a_part_of_the_range_is_stretched_over_all_of_it(low, high):
    found = ValueRange(low, high)
    assert not found.upper_bits
    values = np.array([low, (low + high) / 2, high]).astype(np.int64)
    assert found.to_bytes(values).tolist() == pytest.approx([0, 128, 255], abs=1)
    assert f"values {low:,.6g} to {high:,.6g}, scaled to 0 to 255" in found.in_words()


def test_sixteen_bits_that_fill_their_type_keep_the_upper_eight():
    found = ValueRange(0, 65_535)
    values = np.arange(0, 65_536, 257)
    assert found.upper_bits
    assert np.array_equal(found.to_bytes(values), upper_eight(values))
    assert "upper 8 are kept" in found.in_words()
    assert ValueRange(100, 100 + 2**15).upper_bits
    assert not ValueRange(100, 99 + 2**15).upper_bits
    assert not ValueRange(0.0, 50_000.0, whole=False).upper_bits


def test_what_is_no_number_is_the_lowest_value():
    values = np.array([np.nan, -np.inf, 0.0, 1.0, np.inf])
    found = range_of(values)
    assert found == ValueRange(0.0, 1.0, whole=False)
    assert found.to_bytes(values).tolist() == [0, 0, 0, 255, 255]
    assert range_of(np.array([np.nan])) is None


def test_ranges_join():
    assert joined([]) is None
    assert joined([ValueRange(3, 5), ValueRange(-1, 4, whole=False)]) == ValueRange(-1, 5, whole=False)


def test_one_value_alone_does_not_divide_by_nothing():
    assert ValueRange(7, 7).to_bytes(np.full(3, 7)).tolist() == [0, 0, 0]
