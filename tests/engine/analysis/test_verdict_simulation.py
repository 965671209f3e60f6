"""How often the rule is right, over seeded races with a known truth, through ``judge``."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from engine.analysis.comparison import ComparedRun
from engine.analysis.statement import conclude
from engine.analysis.verdict import MARGIN, RaceErrors, Verdict, judge

SEEDS = (2, 3, 5, 8)
#: The errors of a race have these standard deviations between seeds, in points; the two arms of a seed share a part.
BETWEEN, SHARED = 1.0, 0.6
#: Clean, running and test error of one run differ by this much on their own.
OWN = 0.3


def race(seeds, shortcuts):
    return [
        ComparedRun(index, f"{kind}-{depth}", depth, kind, seed, 0.1, "finished", 600, 600, tuned=True)
        for index, (kind, depth, seed) in enumerate(product(shortcuts, (20, 56), range(seeds)))
    ]


def errors(runs, rng, gap=0.0, test_gap=None):
    """Errors of a race whose nets of depth 56 lie so many points above the others; ``test_gap`` on test images."""
    test_gap = gap if test_gap is None else test_gap
    batches = {run.seed: rng.normal(0, BETWEEN) for run in runs}
    own = {run.run: np.sqrt(SHARED) * batches[run.seed] + np.sqrt(1 - SHARED) * rng.normal(0, BETWEEN) for run in runs}

    def kind(gap):
        return {run.run: 20 + own[run.run] + rng.normal(0, OWN) + gap * (run.depth == 56) for run in runs}

    return RaceErrors(kind(gap), kind(gap), kind(test_gap), at_end=True)


#: Of the difference of two arms of a seed.
PAIRED = np.sqrt(2 * (1 - SHARED) * BETWEEN**2 + 2 * OWN**2)


def called_different(runs, found):
    """Return whether a race of equal arms is called anything but equal or unresolved."""
    judgement = judge(runs, found)
    wrong = {Verdict.DEGRADATION, Verdict.OVERFITTING}
    return any(one.verdict in wrong for one in judgement.findings) or any(cure.resolved for cure in judgement.cures)


@pytest.mark.parametrize("races", [500, pytest.param(3000, marks=pytest.mark.long)])
@pytest.mark.parametrize("seeds", SEEDS)
def test_equal_arms_are_called_different_in_few_races_of_two_families(seeds, races):
    rng, runs = np.random.default_rng(seeds), race(seeds, ("none", "A"))
    wrong = sum(called_different(runs, errors(runs, rng)) for _ in range(races))
    assert wrong / races <= 0.06


@pytest.mark.parametrize("races", [500, pytest.param(3000, marks=pytest.mark.long)])
@pytest.mark.parametrize("seeds", SEEDS)
def test_equal_arms_with_one_training_error_for_both_are_called_different_in_few_races(seeds, races):
    """Nothing is won by two errors that differ: here the running one is the clean one."""
    rng, runs = np.random.default_rng(10 + seeds), race(seeds, ("none", "A"))
    wrong = 0
    for _ in range(races):
        found = errors(runs, rng)
        wrong += called_different(runs, RaceErrors(found.clean, found.clean, found.test, at_end=True))
    assert 0.02 <= wrong / races <= 0.06, "the level is used, and not passed"


def concluded(seeds, gap, races):
    """The share of races of plain nets alone in which a true gap, in sd of the paired difference, is called so."""
    rng, runs = np.random.default_rng(100 + seeds), race(seeds, ("none",))
    found = Counter()
    for _ in range(races):
        drawn = errors(runs, rng, gap * PAIRED)
        one = RaceErrors(drawn.clean, drawn.clean, drawn.test, at_end=True)
        found[judge(runs, one).findings[0].verdict] += 1
    return found[Verdict.DEGRADATION] / races


@pytest.mark.parametrize("races", [500, pytest.param(3000, marks=pytest.mark.long)])
def test_a_true_gap_is_concluded_more_often_with_every_seed(races):
    two = {seeds: concluded(seeds, 2.0, races) for seeds in SEEDS}
    one = {seeds: concluded(seeds, 1.0, races) for seeds in SEEDS}
    assert two[5] >= 0.85
    assert two[8] >= 0.98
    assert one[8] >= 0.6
    for shares in (one, two):
        assert sorted(shares.values()) == [*shares.values()], shares


@pytest.mark.parametrize("races", [300, pytest.param(2000, marks=pytest.mark.long)])
def test_running_and_clean_error_of_their_own_cost_little(races):
    rng, runs = np.random.default_rng(7), race(5, ("none",))
    found = Counter(judge(runs, errors(runs, rng, 2 * PAIRED)).findings[0].verdict for _ in range(races))
    assert found[Verdict.DEGRADATION] / races >= 0.8
    assert found[Verdict.DEGRADATION] + found[Verdict.DISAGREE] + found[Verdict.NOT_RESOLVED] == races


@pytest.mark.parametrize("races", [500, pytest.param(3000, marks=pytest.mark.long)])
@pytest.mark.parametrize(("seeds", "test_gap"), [(2, 5.0), (3, 2.0), (5, 2.0), (8, 5.0)])
def test_overfitting_is_seldom_said_where_the_training_gap_is_at_the_margin(seeds, test_gap, races):
    rng, runs = np.random.default_rng(1000 + seeds), race(seeds, ("none",))
    found = Counter()
    for _ in range(races):
        drawn = errors(runs, rng, MARGIN, test_gap)
        one = RaceErrors(drawn.clean, drawn.clean, drawn.test, at_end=True)
        found[judge(runs, one).findings[0].verdict] += 1
    assert found[Verdict.OVERFITTING] / races <= 0.05
    assert found[Verdict.OVERFITTING] + found[Verdict.NO_DEGRADATION] <= 0.05 * races


def test_overfitting_is_found_where_it_is():
    rng, runs = np.random.default_rng(1), race(8, ("none",))
    found = Counter(judge(runs, errors(runs, rng, -0.5, 4.0)).findings[0].verdict for _ in range(100))
    assert found[Verdict.OVERFITTING] >= 90


def test_the_cure_of_the_paper_is_resolved_with_three_seeds():
    """Plain gaps and residual gaps of the quick race as recorded, five seeds; then with the first three alone."""
    plain, residual = (33.0, 43.8, 36.3, 39.4, 32.7), (5.9, 2.1, 2.2, 0.0, 3.6)
    for seeds in (3, 5):
        runs = race(seeds, ("none", "A"))
        gaps = {"none": plain, "A": residual}
        found = {run.run: 20 + (gaps[run.shortcut][run.seed] if run.depth == 56 else 0) for run in runs}
        conclusion = conclude(runs, RaceErrors(found, found, {}, at_end=True))
        assert conclusion.kind == Verdict.DEGRADATION
        interval = "26.4 to 42.1" if seeds == 5 else "16.2 to 52.4"
        assert f"Shortcuts take away 34.3 points ({interval})." in conclusion.statement.certainty.why
