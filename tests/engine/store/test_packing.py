"""Columns of points as bytes: no digit is lost, whatever the numbers, and few bytes for usual ones."""

import numpy as np
import pytest

from engine.store.packing import MAX_ROWS, pack, unpack, value_at


def unpacked(blocks, column):
    stored = [block.columns[column] for block in blocks]
    return unpack([value for value, _ in stored], [unit for _, unit in stored], [b.last - b.first for b in blocks])


def numbers(random, kind, count):
    usual = np.abs(random.normal(1.0, 0.5, count))
    return {
        "float32": usual.astype(np.float32).astype(np.float64),
        "double": usual,
        "hundredths": np.round(usual, 2),
        "tiny": usual * 1e-300,
        "subnormal": 5e-324 * random.integers(0, 9, count),
        "huge": usual * 1e300,
        "of every size": usual * 10.0 ** random.integers(-200, 200, count),
        "with zeros": usual * random.integers(0, 2, count),
        "negative": random.normal(0.0, 1.0, count),
        "missing": np.where(random.random(count) < 0.1, np.nan, usual),
        "constant": np.full(count, 0.1),
        "nothing": np.full(count, np.nan),
    }[kind]


@pytest.mark.parametrize("count", [1, 2, 31, 33, 100])
@pytest.mark.parametrize(
    "kind",
    ["float32", "double", "hundredths", "tiny", "subnormal", "huge", "of every size", "with zeros", "negative",
     "missing", "constant", "nothing"],
)  # fmt: skip
def test_no_digit_is_lost(kind, count):
    random = np.random.default_rng((count, len(kind)))
    table = np.stack([numbers(random, kind, count), numbers(random, "float32", count)])
    blocks = pack(table)
    assert [block.first for block in blocks] == [0, *(block.last for block in blocks[:-1])]
    assert max(block.last - block.first for block in blocks) <= MAX_ROWS
    for column in (0, 1):
        assert np.array_equal(unpacked(blocks, column), table[column], equal_nan=True)


def test_one_value_is_that_of_the_whole_column():
    table = np.stack([numbers(np.random.default_rng(3), kind, 20) for kind in ("double", "constant", "nothing")])
    (block,) = pack(table)
    for column, values in zip(block.columns, table, strict=True):
        read = [value_at(*column, 20, row) for row in range(20)]
        assert np.array_equal(np.array(read, dtype=float), values, equal_nan=True)
        assert value_at(*column, 20, 99) == read[-1], "rows behind the last are the last"


def test_usual_points_take_few_bytes():
    random = np.random.default_rng(0)
    error = 100 * random.integers(20, 90, MAX_ROWS) / 128
    loss = numbers(random, "float32", MAX_ROWS)
    (block,) = pack(np.stack([error, loss, np.full(MAX_ROWS, 0.1), 10 + np.cumsum(loss / 7)]))
    sizes = [len(value) / MAX_ROWS if isinstance(value, bytes) else 0 for value, _ in block.columns]
    assert sizes == [2, 4, 0, 7]
