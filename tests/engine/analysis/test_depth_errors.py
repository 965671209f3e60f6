"""The final errors over depth: which runs count, when an arm has a mean, and its interval."""

from dataclasses import replace

import pytest
from scipy import stats

from engine.analysis.comparison import ComparedRun
from engine.analysis.depth_errors import depth_errors, over_depth


def race(depths=(8, 20, 56), shortcuts=("none", "A"), seeds=3):
    arms = [(shortcut, depth, seed) for shortcut in shortcuts for depth in depths for seed in range(seeds)]
    return [
        ComparedRun(number, f"{shortcut}-{depth}", depth, shortcut, seed, 0.1, "finished", 300, 300)
        for number, (shortcut, depth, seed) in enumerate(arms)
    ]


def with_state(runs, run, **fields):
    return [replace(one, **fields) if one.run == run else one for one in runs]


def test_an_arm_has_the_mean_of_its_seeds_with_the_t_interval():
    runs = race()
    errors = {run.run: 10.0 + run.depth / 2 + 3 * run.seed**2 for run in runs}
    found = depth_errors(runs, errors)
    arms = [(one.shortcut, one.depth) for one in found]
    assert arms == [(kind, depth) for kind in ("A", "none") for depth in (8, 20, 56)]
    values = [10.0 + 8 / 2 + offset for offset in (0, 3, 12)]
    low, high = stats.t.interval(0.95, 2, loc=sum(values) / 3, scale=stats.sem(values))
    assert (found[0].error.mean, found[0].error.low, found[0].error.high) == pytest.approx((19.0, low, high))
    alone = depth_errors(race(seeds=1), errors)[0].error
    assert (alone.seeds, alone.low, alone.high) == (1, None, None)


def test_an_arm_waits_for_all_of_its_runs_and_leaves_out_those_that_broke():
    runs, errors = race(), {run: 20.0 + run for run in range(18)}
    waiting = depth_errors(with_state(runs, 0, state="queued", step=0), errors)
    assert ("none", 8) not in {(one.shortcut, one.depth) for one in waiting}
    assert len(waiting) == 5
    for state in ("diverged", "stopped", "failed"):
        broken = depth_errors(with_state(runs, 0, state=state), errors)
        assert [one.error.values for one in broken if (one.shortcut, one.depth) == ("none", 8)] == [(21.0, 22.0)]
    unmeasured = depth_errors(runs, {run: error for run, error in errors.items() if run > 2})
    assert len(unmeasured) == 5, "an arm without an error is no zero"


def test_the_spread_is_at_least_the_resolution_of_the_errors():
    runs = race()
    coarse = depth_errors(runs, dict.fromkeys(range(18), 25.0), resolution=0.1)[0].error
    assert coarse.high - coarse.mean == pytest.approx(stats.t.ppf(0.975, 2) * 0.1 / 3**0.5)


def test_three_depths_of_comparable_runs_make_a_curve():
    runs = race()
    assert over_depth(runs) == runs
    assert over_depth(race(depths=(20, 56))) == []
    changed = with_state(runs, 0, changed=("lr 0.01 from step 60",))
    assert [run.run for run in over_depth(changed)] == list(range(1, 18))
    third = [run for run in changed if run.depth != 8 or run.run == 0]
    assert over_depth(third) == [], "a changed run brings no depth"
