"""The t interval against scipy and printed tables, Holm against a worked example, needed seeds against trials."""

import math

import numpy as np
import pytest
from scipy import stats

from engine.analysis.interval import MAX_SEEDS, POWER, RESOLUTION, holm, interval, needed_seeds, p_value

#: Two-sided quantiles of Student's t distribution as tables print them: by degrees of freedom, 95 % and 99 %.
TABLE = {1: (12.706, 63.657), 2: (4.303, 9.925), 4: (2.776, 4.604), 7: (2.365, 3.499), 30: (2.042, 2.750)}


@pytest.mark.parametrize("seeds", [2, 3, 5, 8, 40])
def test_interval_and_p_value_are_those_of_the_paired_t_test(seeds):
    rng = np.random.default_rng(seeds)
    deep, shallow = rng.normal(50, 5, seeds), rng.normal(20, 2, seeds)
    expected = stats.ttest_rel(deep, shallow)
    low, high = expected.confidence_interval(0.95)
    found = interval((deep - shallow).tolist())
    assert (found.seeds, found.mean, found.spread) == (
        seeds, pytest.approx((deep - shallow).mean()), pytest.approx((deep - shallow).std(ddof=1)),
    )  # fmt: skip
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert p_value(found) == pytest.approx(expected.pvalue)
    around_zero = interval((deep - shallow - 30.0).tolist())
    assert p_value(around_zero) == pytest.approx(stats.ttest_1samp(deep - shallow - 30.0, 0).pvalue)


@pytest.mark.parametrize(("freedom", "quantiles"), TABLE.items())
def test_half_of_an_interval_is_the_printed_quantile(freedom, quantiles):
    seeds = freedom + 1
    values = [math.sqrt(seeds) * value for value in _of_spread_one(seeds)]
    for confidence, quantile in zip((0.95, 0.99), quantiles, strict=True):
        found = interval(values, confidence=confidence)
        assert found.high - found.mean == pytest.approx(quantile, abs=6e-4)
        assert found.mean - found.low == pytest.approx(quantile, abs=6e-4)


def _of_spread_one(seeds):
    values = np.arange(seeds, dtype=float)
    return ((values - values.mean()) / values.std(ddof=1)).tolist()


def test_one_seed_has_no_interval_and_shows_nothing():
    found = interval([38.2])
    assert (found.mean, found.low, found.high, found.seeds) == (38.2, None, None, 1)
    assert math.isnan(found.spread)
    assert p_value(found) == 1.0
    assert not found.lies_above(-100)
    assert not found.lies_below(100)
    assert needed_seeds(found, 38.2) is None


def test_the_ends_of_an_interval_lie_above_or_below_a_margin():
    found = interval([1.0, 2.0, 3.0])
    assert (found.low, found.high) == (
        pytest.approx(2 - 4.303 / math.sqrt(3), abs=1e-3),
        pytest.approx(4.484, abs=1e-3),
    )
    assert found.lies_above(-0.49)
    assert not found.lies_above(-0.48)
    assert found.lies_below(4.49)
    assert not found.lies_below(4.48)


def test_seeds_that_agree_still_vary_by_an_image():
    found = interval([3.0, 3.0, 3.0])
    assert (found.spread, found.high - found.mean) == (
        RESOLUTION,
        pytest.approx(4.303 * RESOLUTION / math.sqrt(3), abs=1e-4),
    )
    assert 0 < p_value(found) < 0.001
    assert p_value(interval([0.0, 0.0])) == 1.0


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        # Five hypotheses at 5 %: 0.01, 0.0125, 0.0167, 0.025, 0.05 by rank. 0.03 stops at the third, 0.04 with it.
        ([0.04, 0.005, 0.011, 0.03, 0.2], [False, True, True, False, False]),
        ([0.01, 0.0125, 0.016, 0.025, 0.05], [True] * 5),
        ([0.011, 0.001, 0.001, 0.001, 0.001], [True] * 5),
        ([0.011] * 5, [False] * 5),
        ([0.049], [True]),
        ([0.03, 0.03], [False, False]),
        ([0.02, 0.04], [True, True]),
        ([], []),
    ],
)
def test_holm_rejects_from_the_smallest_on_until_one_is_kept(p_values, rejected):
    assert holm(p_values) == rejected


def test_holm_equals_the_adjusted_p_values_of_its_definition():
    rng = np.random.default_rng(5)
    for _ in range(300):
        p_values = rng.uniform(0, 0.08, rng.integers(1, 7)).tolist()
        order = np.argsort(p_values)
        adjusted = np.empty(len(p_values))
        adjusted[order] = np.maximum.accumulate((len(p_values) - np.arange(len(p_values))) * np.array(p_values)[order])
        assert holm(p_values) == (adjusted <= 0.05).tolist()


@pytest.mark.parametrize(("mean", "spread"), [(1.0, 1.0), (2.0, 1.0), (0.6, 1.2), (5.0, 4.0)])
def test_so_many_seeds_show_a_difference_in_four_of_five_trials_and_one_less_in_fewer(mean, spread):
    pilot = interval([mean + spread / math.sqrt(2), mean - spread / math.sqrt(2)])
    assert pilot.spread == pytest.approx(spread)
    seeds = needed_seeds(pilot, mean)
    rng = np.random.default_rng(1)

    def share(number):
        trials = rng.normal(mean, spread, (20_000, number))
        found = stats.ttest_1samp(trials, 0, axis=1)
        return ((found.pvalue < 0.05) & (found.statistic > 0)).mean()

    assert share(seeds) > POWER - 0.01
    assert share(seeds - 1) < POWER + 0.01


def test_a_stricter_confidence_needs_more_seeds_and_a_small_difference_too_many():
    pilot = interval([0.5, 1.5, 1.0, 2.0])
    assert needed_seeds(pilot, 0.6) < needed_seeds(pilot, 0.6, 1 - 0.05 / 3) < needed_seeds(pilot, 0.4, 1 - 0.05 / 3)
    assert needed_seeds(pilot, 0.01) is None
    assert needed_seeds(pilot, 0.0) is None
    assert needed_seeds(pilot, -1.0) is None
    assert needed_seeds(pilot, 50.0) == pilot.seeds + 1
    assert needed_seeds(pilot, 0.2) <= MAX_SEEDS
