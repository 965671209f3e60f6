"""What a live run takes over: its keys, and both ends of their ranges."""

import math

import pytest

from engine.config.change import LIVE, check_change
from engine.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "value", "number"),
    [
        ("lr", "0.05", 0.05), ("lr", 100, 100), ("lr", math.ulp(0), math.ulp(0)),
        ("weight_decay", "0", 0), ("weight_decay", 1, 1), ("strength", 0, 0), ("strength", "1", 1),
    ],
)  # fmt: skip
def test_a_value_inside_of_its_range_becomes_a_number(key, value, number):
    assert check_change(key, value) == number


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lr", 0), ("lr", "0"), ("lr", -0.1), ("lr", 100.1), ("weight_decay", -1e-9), ("weight_decay", 1.01),
        ("strength", -0.01), ("strength", 1.01),
    ],
)  # fmt: skip
def test_a_value_outside_of_its_range_is_refused_with_the_range(key, value):
    with pytest.raises(ConfigError, match=LIVE[key].range):
        check_change(key, value)


@pytest.mark.parametrize("value", ["", "much", "nan", math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ConfigError, match="lr"):
        check_change("lr", value)


def test_an_unknown_key_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="lr, weight_decay, strength"):
        check_change("momentum", 0.5)
