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


def one_arm(runs, errors):
    """Return what is said of plain-8, whose runs are 0, 1 and 2."""
    return next(one for one in depth_errors(runs, errors) if (one.shortcut, one.depth) == ("none", 8))


def test_the_mean_is_of_the_finished_runs_and_every_other_one_that_ended_is_named():
    runs, errors = race(), {run: 20.0 + run for run in range(18)}
    for state in ("diverged", "stopped", "failed", "lost"):
        broken = one_arm(with_state(runs, 0, state=state, step=12), errors)
        assert (broken.error.values, broken.counted, broken.seeds) == ((21.0, 22.0), (1, 2), 3)
        assert (broken.final, broken.missing) == (True, {0: state})
    unmeasured = one_arm(runs, {run: error for run, error in errors.items() if run != 1})
    assert (unmeasured.counted, unmeasured.missing) == ((0, 2), {1: "not measured"})
    alone = with_state(with_state(race(seeds=1), 0, state="diverged"), 1, state="stopped")
    nothing = depth_errors(alone, errors)[3:5]
    assert [(one.error, one.counted, one.final) for one in nothing] == [(None, (), True)] * 2, "no error is no zero"
    assert [one.missing for one in nothing] == [{0: "diverged"}, {1: "stopped"}]


def test_an_arm_is_provisional_while_one_of_its_runs_goes_on():
    runs, errors = race(), {run: 20.0 + run for run in range(18)}
    for state in ("queued", "running", "paused"):
        waiting = one_arm(with_state(runs, 0, state=state, step=200), errors)
        assert (waiting.final, waiting.error, waiting.counted, waiting.missing) == (False, None, (1, 2), {})
    others = depth_errors(with_state(runs, 0, state="running"), errors)
    assert sum(one.final and one.error is not None for one in others) == 5
    going = [replace(run, state="running", step=50 * run.seed) for run in runs]
    assert one_arm(going, errors).counted == (1, 2), "a mean of fewer than 50 steps is none"
    assert one_arm([replace(run, total_steps=10, step=10) for run in going], errors).counted == (0, 1, 2)
    lost = one_arm(with_state(going, 2, state="diverged"), errors)
    assert (lost.final, lost.counted, lost.missing) == (False, (1,), {2: "diverged"})


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
