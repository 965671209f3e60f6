import pytest

from engine.labs.gradient_kinds import GAINS, KINDS, Curve, parse_curve


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gain", [None, 0.5, 0.841, 1.0, 1.05, 2.0, 0.123456789])
def test_a_name_tells_what_the_curve_shows(kind, gain):
    assert parse_curve(Curve(kind, gain).name) == (kind, gain)


def test_names_are_stable():
    assert Curve("with BN", 0.8).name == "with BN, gain 0.8"
    assert Curve("with BN", 1.0).name == "with BN, gain 1"
    assert Curve("residual with BN").name == "residual with BN"


@pytest.mark.parametrize("name", ["", "with bn", "gain 1", "with BN, gain", "with BN, gain high"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=".+"):
        parse_curve(name)


def test_gains_are_equal_ratios_around_one():
    assert (GAINS[0], GAINS[4], GAINS[-1]) == (0.5, 1.0, 2.0)
    ratios = [b / a for a, b in zip(GAINS, GAINS[1:], strict=False)]
    assert max(ratios) / min(ratios) == pytest.approx(1, abs=2e-3)
