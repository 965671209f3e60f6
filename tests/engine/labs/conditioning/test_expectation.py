"""Expected errors over random targets against gradient descent itself, and against the published counts."""

import math

import numpy as np
import pytest

from engine.labs.conditioning import expectation
from engine.labs.conditioning.arms import ARMS
from engine.labs.conditioning.kernel import inputs, net_kernel
from engine.labs.conditioning.nets import draw

BY_NAME = {arm.name: arm for arm in ARMS}
VALUES = [5.0, 2.0, 1.0, 0.3, 0.01]
UPDATES = [1, 2, 5, 40, 300]


def test_the_expectation_is_that_of_gradient_descent_on_random_targets():
    generator = np.random.default_rng(0)
    turned = np.linalg.qr(generator.standard_normal((5, 5)))[0]
    kernel = turned * VALUES @ turned.T
    errors = generator.standard_normal((5, 20_000))
    shares, begin = [], np.square(errors).sum()
    for _ in range(max(UPDATES)):
        errors = errors - kernel @ errors / VALUES[0]
        shares.append(np.square(errors).sum() / begin)
    assert [shares[count - 1] for count in UPDATES] == pytest.approx(expectation.expected(VALUES, UPDATES), rel=0.03)


def test_single_targets_have_the_expectation_as_their_mean():
    shares = expectation.drawn(VALUES, [0, *UPDATES], 3)
    assert shares.shape == (expectation.DRAWS, 6)
    assert shares[:, 0] == pytest.approx(1)
    assert (np.diff(shares) <= 0).all()
    sampling = shares.std(0) / math.sqrt(expectation.DRAWS)
    assert (np.abs(shares.mean(0) - expectation.expected(VALUES, [0, *UPDATES])) <= 4 * sampling + 1e-12).all()
    assert not np.array_equal(shares, expectation.drawn(VALUES, [0, *UPDATES], 4))


@pytest.mark.parametrize("values", [VALUES, [1.0, 0.9], [3.0] * 4, [1.0, *[1e-7] * 9]])
def test_needed_updates_are_the_first_after_which_less_than_a_tenth_is_left(values):
    needed = expectation.updates_needed(values)
    before, after = expectation.expected(values, [needed - 1, needed])
    assert after < expectation.LEFT <= before


def test_a_kernel_that_is_not_finite_needs_no_number_of_updates():
    assert math.isnan(expectation.updates_needed([math.nan] * 3))


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("plain", (96, 10_233)), ("residual", (58, 612)), ("residual over L", (80, 92)),
        ("plain from identity", (60, 88)), ("plain with BN", (16, 26_982)), ("residual with BN", (18, 31)),
    ],
)  # fmt: skip
def test_needed_updates_of_nets_are_the_published_ones(name, published):
    """Measured before by other code on a grid of counts 5 % apart: medians of three seeds with 2 and 16 blocks."""
    arm = BY_NAME[name]
    measured = [
        np.median(
            [expectation.updates_needed(net_kernel(arm, draw(arm, blocks, [s]), inputs(s)).values) for s in range(3)]
        )
        for blocks in (2, 16)
    ]
    assert measured == pytest.approx(published, rel=0.1)
