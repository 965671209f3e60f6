"""Every branch of the rule, its borders, and random races against an oracle that shares no code with it."""

import math
import re
from dataclasses import replace
from itertools import product

import pytest

from engine.analysis.comparison import ComparedRun
from engine.analysis.interval import interval
from engine.analysis.statement import conclude
from engine.analysis.verdict import Finding, RaceErrors, Verdict, by_training, decide, judge

DEGRADATION, NO_DEGRADATION, NOT_RESOLVED = Verdict.DEGRADATION, Verdict.NO_DEGRADATION, Verdict.NOT_RESOLVED
#: A conclusion of degradation, and none of what one training error would say alone.
CLAIM = re.compile(r"Degradation| minus \S+: [^:]+ points[^:,]*, degradation")
#: A gap as the evidence has it.
GAP = re.compile(r"(\S+-\d+) minus (\S+-\d+): (−?[\d.]+) points(?: \((−?[\d.]+) to (−?[\d.]+)\))?")
#: A gap as the headline has it.
CLAUSE = re.compile(
    r"(\S+-\d+) learns(?: its training images)? (?:as well as|([\d.]+) points (worse|better) than) (\S+-\d+)"
)


def race(seeds=3, step=300, total=300, shortcuts=("none", "A"), state="finished", tuned=True, depths=(20, 56), **more):
    found = []
    for seed, shortcut, depth in product(range(seeds), shortcuts, depths):
        arm = f"{'plain' if shortcut == 'none' else shortcut}-{depth}"
        found.append(
            ComparedRun(len(found) + 1, arm, depth, shortcut, seed, 0.1, state, step, total, tuned=tuned, **more)
        )
    return found


def errors(runs, by_arm):
    """Errors of arms, given as one number or one per seed."""
    return {
        run.run: value[run.seed] if isinstance(value := by_arm[run.arm], tuple | list) else value
        for run in runs
        if run.arm in by_arm
    }


def concluded(runs, training, *, running=None, test=None, at_end=True):
    """The conclusion of a race; ``training`` is the error that counts, by arm."""
    counts = errors(runs, training)
    if at_end:
        return conclude(runs, RaceErrors(errors(runs, running or training), counts, errors(runs, test or {}), True))
    return conclude(runs, RaceErrors(counts))


def said(runs, training, **figures):
    return concluded(runs, training, **figures).text


APART = {
    "plain-20": (17.0, 18.0, 19.0), "plain-56": (49.0, 52.0, 52.0),
    "A-20": (15.0, 16.0, 17.0), "A-56": (15.5, 15.5, 15.5),
}  # fmt: skip
LEVEL = {
    "plain-20": (15.0, 15.1, 15.2), "plain-56": (15.1, 15.0, 15.2),
    "A-20": (15.0, 15.1, 15.2), "A-56": (15.1, 15.0, 15.2),
}  # fmt: skip
DEEPER_BELOW = {**APART, "plain-56": (3.0, 3.0, 4.0)}
#: On test images: 3, 3.1 and 2.9 points above.
WORSE_ON_TEST = {**LEVEL, "plain-56": (18.0, 18.2, 18.1)}

LEARNS = "plain-56 learns its training images"
WORSE_BY_33 = f"{LEARNS} 33.0 points worse than plain-20"
AS_WELL = f"{LEARNS} as well as plain-20"


def finding(**changes):
    """What is known of a type whose deeper nets are 33 points above, by both errors."""
    runs = race(shortcuts=("none",))
    gap = interval((32.0, 34.0, 33.0))
    pairs = judge(runs, RaceErrors(errors(runs, APART))).findings[0].pairs
    found = Finding(pairs, gap, gap, None, Verdict.PROVISIONAL, DEGRADATION, DEGRADATION)
    return replace(found, **changes)


ONE = interval((33.0,))
TEST = interval((3.0, 3.1, 2.9))


@pytest.mark.parametrize(
    ("changes", "worse_on_test", "expected"),
    [
        ({}, False, DEGRADATION),
        ({"training": ONE}, False, Verdict.ONE_SEED),
        ({"training": ONE, "lost": ("plain-110",)}, False, Verdict.ONE_SEED),
        ({"by_running": NOT_RESOLVED}, False, Verdict.DISAGREE),
        ({"by_running": NO_DEGRADATION}, True, Verdict.DISAGREE),
        ({"by_clean": NOT_RESOLVED}, False, Verdict.DISAGREE),
        ({"by_clean": NO_DEGRADATION, "test": TEST}, True, Verdict.DISAGREE),
        ({"by_clean": NO_DEGRADATION, "lost": ("plain-110",)}, False, Verdict.DISAGREE),
        ({"lost": ("plain-110",)}, False, DEGRADATION),
        ({"by_clean": NO_DEGRADATION, "by_running": NOT_RESOLVED}, False, NOT_RESOLVED),
        ({"by_clean": NOT_RESOLVED, "by_running": NO_DEGRADATION, "test": TEST}, True, NOT_RESOLVED),
    ],
)
def test_the_rule(changes, worse_on_test, expected):
    ended = RaceErrors(at_end=True)
    assert decide(finding(**changes), ended, worse_on_test) == expected
    assert decide(finding(**changes), RaceErrors(), worse_on_test) == Verdict.PROVISIONAL


@pytest.mark.parametrize(
    ("changes", "worse_on_test", "expected"),
    [
        ({}, False, NO_DEGRADATION),
        ({"test": TEST}, False, NO_DEGRADATION),
        ({"test": TEST}, True, Verdict.OVERFITTING),
        ({"test": interval((-3.0, -3.1, -2.9))}, True, NO_DEGRADATION),
        ({"test": interval((0.04, 0.04, 0.04))}, True, NO_DEGRADATION),
        ({"test": TEST, "lost": ("plain-110",)}, True, Verdict.DEEPEST_LOST),
        ({"by_clean": NOT_RESOLVED, "by_running": NOT_RESOLVED, "test": TEST}, True, NOT_RESOLVED),
    ],
)
def test_overfitting_takes_a_training_gap_that_is_bounded_and_a_test_gap_that_is_shown(
    changes, worse_on_test, expected
):
    both = {"by_clean": NO_DEGRADATION, "by_running": NO_DEGRADATION}
    assert decide(finding(**both | changes), RaceErrors(at_end=True), worse_on_test) == expected


@pytest.mark.parametrize(
    ("gaps", "different", "expected"),
    [
        ((5.0, 6.0, 7.0), True, DEGRADATION),
        ((5.0, 6.0, 7.0), False, NOT_RESOLVED),
        ((0.5, 0.5, 0.5), True, DEGRADATION),
        ((0.5, 0.5, 0.5), False, NO_DEGRADATION),
        ((0.04, 0.04, 0.04), True, NO_DEGRADATION),
        ((-5.0, -6.0, -7.0), True, NO_DEGRADATION),
        ((0.9, 0.9, 0.9), False, NO_DEGRADATION),
        ((0.97, 0.97, 0.97), False, NOT_RESOLVED),
        ((-5.0, 6.0, 7.0), False, NOT_RESOLVED),
        ((9.0,), False, NOT_RESOLVED),
        ((-9.0,), False, NOT_RESOLVED),
    ],
)
def test_what_one_training_error_says_alone(gaps, different, expected):
    assert by_training(interval(gaps), different) == expected
    assert by_training(None, different) == NOT_RESOLVED


def test_while_a_run_of_the_race_trains_no_class_is_named():
    for state, seed in product(("queued", "running", "paused"), (0, 2)):
        runs = [replace(run, state=state) if (run.arm, run.seed) == ("A-20", seed) else run for run in race()]
        runs = [replace(run, step=0) if run.state == "queued" else run for run in runs]
        conclusion = concluded(runs, APART, at_end=False)
        assert (conclusion.kind, conclusion.provisional) == (Verdict.PROVISIONAL, True)
        assert conclusion.statement.headline.startswith(f"So far {WORSE_BY_33}.")
        assert not re.search("degradation|overfitting|take away|resolved", conclusion.text, re.IGNORECASE)


def test_a_run_that_was_changed_is_no_seed_and_no_part_of_the_verdict():
    runs = race(4)
    training = {**{arm: (*errors_, 20.0) for arm, errors_ in APART.items()}, "plain-56": (49.0, 52.0, 52.0, 1.0)}
    changed = [replace(run, changed=("strength",), state="running") if run.seed == 3 else run for run in runs]
    untouched = concluded(race(), APART)
    conclusion = concluded(changed, training)
    assert (conclusion.kind, conclusion.provisional) == (DEGRADATION, False)
    assert (conclusion.comparisons, conclusion.cure) == (untouched.comparisons, untouched.cure)
    assert conclusion.statement.headline == untouched.statement.headline
    assert conclusion.text.endswith(
        "plain-20 seed 3, plain-56 seed 3, A-20 seed 3, A-56 seed 3 changed while training: strength."
    )
    deeper = [*race(), replace(runs[1], run=99, arm="plain-110", depth=110, changed=("lr",))]
    assert concluded(deeper, APART).kind == DEGRADATION, "an arm that was changed is not one that was lost"


def test_a_cure_takes_both_training_errors_and_every_type_has_its_own():
    def cures(runs, *figures, **more):
        rows = concluded(runs, *figures, **more).statement.rows
        return [(row.arms, row.gap, row.interval, row.note) for row in rows if row.arms.startswith("Cure")]

    spread = {**APART, "A-56": (0.0, 15.5, 60.0)}
    assert cures(race(), APART, running=spread) == [("Cure by A", "33.5", "29.2 to 37.8", "not resolved")]
    opposite = {**APART, "A-56": (75.0, 76.0, 77.1)}
    assert cures(race(), APART, running=opposite) == [("Cure by A", "33.5", "29.2 to 37.8", "not resolved")]
    assert cures(race(), spread) == [("Cure by A", "23.8", "−50.6 to 98.3", "not resolved")]
    three = race(shortcuts=("none", "A", "B"))
    table = {**APART, "B-20": 15.0, "B-56": (20.0, 21.0, 22.0)}
    assert cures(three, table) == [
        ("Cure by A", "33.5", "29.2 to 37.8", "resolved"), ("Cure by B", "27.0", "24.5 to 29.5", "resolved"),
    ]  # fmt: skip
    statement = concluded(three, table).statement
    assert statement.headline.endswith(" With shortcuts: A 0.5 better, B 6.0.")
    assert "Holm's correction covers 5 comparisons." in statement.protocol
    assert "Shortcuts" not in statement.certainty.why, "the table has what each takes away"


def test_a_rate_at_the_edge_of_the_grid_is_named():
    runs = [replace(run, at_edge=run.arm == "plain-20") for run in race()]
    statement = concluded(runs, APART).statement
    assert statement.certainty.why.startswith("Degradation at the rates tried. ")
    assert statement.protocol[-1] == "plain-20 is best at the edge of the rates tried: a better one may lie outside."
    both = said(runs, {**APART, "A-56": (89.0, 90.0, 91.1)})
    assert "A-56 minus A-20: 74.0 points (73.9 to 74.2), degradation. " in both, "A's own rates lie inside"
    untuned = [replace(run, tuned=False) for run in runs]
    assert "edge" not in said(untuned, APART)


def test_a_rate_for_each_depth_that_nobody_tuned_is_no_tuned_rate():
    runs = [replace(run, tuned=False, lr=0.1 if run.depth == 20 else 0.01) for run in race()]
    conclusion = concluded(runs, APART)
    assert conclusion.kind == Verdict.DEGRADATION_AT_RATE
    assert conclusion.statement.certainty.why.startswith("Degradation at these learning rates. ")


def test_survivors_are_counted_and_named():
    runs = [replace(run, state="diverged") if (run.arm, run.seed) == ("plain-56", 2) else run for run in race()]
    statement = concluded(runs, APART).statement
    assert statement.headline.startswith(f"{WORSE_BY_33}, but 2 seeds are too few to be sure. ")
    assert statement.certainty.label == "2 seeds: not resolved"
    assert statement.certainty.why.endswith(
        "the 95 % interval, 20.3 to 45.7, is not enough after Holm's correction. About 3 seeds would probably do."
    )
    assert statement.protocol[:2] == ("3 seeds, compared at step 300.", "Fewer seeds: plain-56 has 2.")
    assert "Runs that broke or halted early are left out." in statement.protocol
    assert statement.text.endswith(" plain-56 seed 2 diverged at step 300.")


def test_the_deepest_is_set_against_the_shallowest():
    runs = race(depths=(20, 32, 56))
    words = said(runs, {**APART, "plain-32": 1.0, "A-32": 99.0})
    assert words.startswith(f"{WORSE_BY_33}.")
    assert "-32" not in words


@pytest.mark.parametrize("step", [0, 90])
def test_a_deepest_arm_that_is_lost_on_every_seed_is_named_and_nothing_is_concluded_without_it(step):
    runs = race(depths=(20, 44, 56))
    runs = [replace(run, state="diverged", step=step) if run.arm == "plain-56" else run for run in runs]
    training = {**APART, "plain-44": (14.0, 14.5, 16.0), "A-44": (14.9, 15.0, 15.1)}
    statement = concluded(runs, training).statement
    assert statement.headline == (
        "plain-44 learns its training images 3.2 points better than plain-20, but no run of plain-56 is left. "
        "With shortcuts A-56 learns 0.5 points better than A-20."
    )
    assert statement.certainty.label == "No conclusion: the deepest net was lost"
    above = concluded(runs, {**training, "plain-44": (60.0, 60.0, 62.0)}).statement
    assert above.headline.startswith("plain-44 learns its training images 42.7 points worse than plain-20. ")
    assert above.certainty.why.startswith("Degradation. "), "true without it"
    one_left = [replace(run, state="finished", step=300) if run.run == runs[2].run else run for run in runs]
    assert concluded(one_left, training).statement.certainty.label == "One seed: a demonstration"
    residual = [replace(run, state="failed") if run.arm == "A-56" else run for run in race(depths=(20, 44, 56))]
    words = said(residual, training)
    assert "A-44 minus A-20: −1.0 points (−3.2 to 1.2), no conclusion: no run of A-56 is left. " in words


@pytest.mark.parametrize("hole", [math.nan, math.inf, None])
def test_a_figure_that_is_not_finite_takes_its_seed_out(hole):
    runs = race()
    figures = errors(runs, APART)
    lost = next(run.run for run in runs if (run.arm, run.seed) == ("plain-56", 1))
    figures[lost] = hole
    if hole is None:
        del figures[lost]
    judgement = judge(runs, RaceErrors(figures))
    plain, _ = judgement.findings
    assert [pair.deep.seed for pair in plain.pairs] == [0, 2]
    assert plain.training.values == (32.0, 33.0)
    assert judgement.cures[0].difference.values == (31.5, 34.5), "the cure is that of the shared seeds"
    assert "nan" not in conclude(runs, RaceErrors(figures)).text


def test_test_errors_of_only_some_seeds_say_nothing():
    runs = race()
    some = {run.run: 90.0 if run.depth == 56 else 10.0 for run in runs if run.seed < 2}
    plain, _ = judge(runs, RaceErrors(errors(runs, LEVEL), errors(runs, LEVEL), some, True)).findings
    assert (plain.test, plain.verdict) == (None, NO_DEGRADATION)


def test_a_running_error_that_is_missing_bears_nothing_out():
    runs = race(shortcuts=("none",))
    running = errors(runs, APART)
    del running[1]
    conclusion = conclude(runs, RaceErrors(running, errors(runs, APART), {}, True))
    assert conclusion.kind == Verdict.DISAGREE
    assert (
        conclusion.statement.headline == f"{WORSE_BY_33} when measured at the end. The running error was not recorded."
    )
    assert "In the last steps: not resolved, not measured." in conclusion.text
