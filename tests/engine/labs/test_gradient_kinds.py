import pytest

from engine.labs.gradient_kinds import GAINS


def test_gains_are_equal_ratios_around_one():
    assert (GAINS[0], GAINS[4], GAINS[-1]) == (0.5, 1.0, 2.0)
    ratios = [b / a for a, b in zip(GAINS, GAINS[1:], strict=False)]
    assert max(ratios) / min(ratios) == pytest.approx(1, abs=2e-3)
