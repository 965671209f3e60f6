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
CLAIM = re.compile(r"^Degradation|: degradation")
CLAUSE = re.compile(
    r"(\S+-\d+) is (?:level with|([\d.]+)(?: points)? (above|below)) (\S+-\d+)"
    r"(?: in training error)?(?: \((−?[\d.]+) to (−?[\d.]+)\))?"
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

ABOVE_BY_33 = "plain-56 is 33.0 points above plain-20 in training error (30.5 to 35.5)"
A_DEMONSTRATION = "One seed, a demonstration: plain-56 is 32.0 points above plain-20 in training error"
IS_LEVEL = "plain-56 is level with plain-20 in training error (−0.2 to 0.2)"


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


@pytest.mark.parametrize(
    ("runs", "figures", "kind", "headline"),
    [
        (
            race(), {}, DEGRADATION,
            f"Degradation: {ABOVE_BY_33}; shortcuts take away 33.5 of 33.0 points (29.2 to 37.8)",
        ),
        (race(1), {}, Verdict.ONE_SEED, A_DEMONSTRATION),
        (race(1, tuned=False), {}, Verdict.ONE_SEED, A_DEMONSTRATION),
        (
            race(shortcuts=("none",), tuned=False), {}, Verdict.DEGRADATION_AT_RATE,
            f"Degradation at one learning rate: {ABOVE_BY_33}",
        ),
        (race(shortcuts=("none",), at_edge=True), {}, DEGRADATION, f"Degradation at the rates tried: {ABOVE_BY_33}"),
        (
            race(step=199, total=199), {}, Verdict.TOO_FEW_STEPS,
            f"Too few steps to conclude, which takes 200: {ABOVE_BY_33}",
        ),
        (
            race(step=199, state="running"), {"at_end": False}, Verdict.PROVISIONAL,
            f"So far {ABOVE_BY_33} at step 199, where all are",
        ),
        (
            race(step=250, state="stopped"), {"at_end": False}, Verdict.PROVISIONAL,
            f"No conclusion, the compared runs did not all finish the same steps: {ABOVE_BY_33}",
        ),
        (race(), {"training": LEVEL}, NO_DEGRADATION, f"No degradation beyond 1 point: {IS_LEVEL}"),
        (
            race(tuned=False), {"training": LEVEL}, NO_DEGRADATION,
            f"No degradation beyond 1 point at one learning rate: {IS_LEVEL}",
        ),
        (
            race(), {"training": DEEPER_BELOW}, NO_DEGRADATION,
            "No degradation beyond 1 point: plain-56 is 14.7 points below plain-20 in training error (−16.1 to −13.2)",
        ),
        (
            race(), {"training": {**LEVEL, "plain-56": (16.1, 15.0, 17.2)}}, NOT_RESOLVED,
            "Not resolved yet: plain-56 is 1.0 points above plain-20 in training error (−1.6 to 3.6); about 15 seeds "
            "would probably do",
        ),
        (
            race(), {"training": {**LEVEL, "plain-56": (16.0, 16.2, 16.9)}}, NOT_RESOLVED,
            "Not resolved yet: plain-56 is 1.3 points above plain-20 in training error (0.3 to 2.2), not enough after "
            "Holm's correction; about 4 seeds would probably do",
        ),
        (
            race(), {"training": LEVEL, "test": WORSE_ON_TEST}, Verdict.OVERFITTING,
            f"Overfitting, not degradation: {IS_LEVEL}, but 3.0 above on the full test set (2.8 to 3.2)",
        ),
        (
            race(shortcuts=("none",)), {"training": APART, "running": LEVEL}, Verdict.DISAGREE,
            f"No conclusion, the training errors disagree: {ABOVE_BY_33}, degradation by the clean error, but 0.0 "
            "(−0.2 to 0.2), no degradation beyond 1 point, by the running one",
        ),
        (
            race(shortcuts=("none",)), {"training": APART, "running": {**APART, "plain-56": (18.0, 38.0, 99.0)}},
            Verdict.DISAGREE,
            f"No conclusion, the training errors disagree: {ABOVE_BY_33}, degradation by the clean error, but 33.7 "
            "(−68.8 to 136.1), not resolved, by the running one; about 14 seeds would probably do",
        ),
        (
            race(shortcuts=("none",)), {"training": LEVEL, "running": APART}, Verdict.DISAGREE,
            f"No conclusion, the training errors disagree: {IS_LEVEL}, no degradation beyond 1 point by the clean "
            "error, but 33.0 (30.5 to 35.5), degradation, by the running one",
        ),
        (
            race(shortcuts=("none",)), {"training": LEVEL, "running": {**LEVEL, "plain-56": (15.0, 15.0, 16.6)}},
            NOT_RESOLVED,
            f"Not resolved yet: {IS_LEVEL}, no degradation beyond 1 point by the clean error, but 0.4 (−1.6 to 2.5), "
            "not resolved, by the running one; about 20 seeds would probably do",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_conclusion(runs, figures, kind, headline):
    conclusion = concluded(runs, **{"training": APART, **figures})
    assert (conclusion.text.partition(". ")[0], conclusion.kind) == (headline, kind)


def test_while_a_run_of_the_race_trains_no_class_is_named():
    for state, seed in product(("queued", "running", "paused"), (0, 2)):
        runs = [replace(run, state=state) if (run.arm, run.seed) == ("A-20", seed) else run for run in race()]
        runs = [replace(run, step=0) if run.state == "queued" else run for run in runs]
        conclusion = concluded(runs, APART, at_end=False)
        assert (conclusion.kind, conclusion.provisional) == (Verdict.PROVISIONAL, True)
        assert conclusion.text.startswith("So far plain-56 is 33.0 points above plain-20 in training error")
        assert not re.search("degradation|overfitting|take away|resolved", conclusion.text, re.IGNORECASE)


def test_a_run_that_was_changed_is_no_seed_and_no_part_of_the_verdict():
    runs = race(4)
    training = {**{arm: (*errors_, 20.0) for arm, errors_ in APART.items()}, "plain-56": (49.0, 52.0, 52.0, 1.0)}
    changed = [replace(run, changed=("strength",), state="running") if run.seed == 3 else run for run in runs]
    untouched = concluded(race(), APART)
    conclusion = concluded(changed, training)
    assert (conclusion.kind, conclusion.provisional) == (DEGRADATION, False)
    assert (conclusion.comparisons, conclusion.cure) == (untouched.comparisons, untouched.cure)
    assert conclusion.text.startswith(untouched.text.partition(". ")[0])
    assert "Changed while training: plain-20 (seed 3), plain-56 (seed 3)" in conclusion.text
    deeper = [*race(), replace(runs[1], run=99, arm="plain-110", depth=110, changed=("lr",))]
    assert concluded(deeper, APART).kind == DEGRADATION, "an arm that was changed is not one that was lost"


def test_residual_nets_are_set_against_plain_ones():
    gone = said(race(), APART)
    assert (
        "; shortcuts take away 33.5 of 33.0 points (29.2 to 37.8). With shortcuts: A-56 is 0.5 below A-20 "
        "(−3.0 to 2.0): not resolved yet, about 6 seeds would probably do. "
    ) in gone
    assert "After 300 steps, 3 seeds, 95 % intervals (Holm over 3 comparisons), learning rates tuned per arm" in gone
    smaller = said(race(), {**APART, "A-56": (19.0, 20.0, 21.1)})
    assert "; shortcuts take away 29.0 of 33.0 points (26.5 to 31.5). With shortcuts: A-56 is 4.0 above" in smaller
    assert "A-20 (3.9 to 4.2): degradation. " in smaller
    as_large = said(race(), {**APART, "A-56": (48.0, 49.0, 51.0)})
    assert "; shortcuts add 0.3 to 33.0 points (−2.5 to 3.2), not resolved yet. " in as_large
    larger = said(race(), {**APART, "A-56": (99.0, 99.0, 99.0)})
    assert "; shortcuts add 50.0 to 33.0 points (45.7 to 54.3). " in larger
    below = said(race(tuned=False), {**APART, "A-56": 3.0})
    assert "A-56 is 13.0 below A-20 (−15.5 to −10.5): no degradation beyond 1 point at one learning rate. " in below
    no_gap = said(race(), {**LEVEL, "A-56": 3.0})
    assert "take away" not in no_gap, "where plain nets show no gap there is nothing to take away"


def test_a_cure_takes_both_training_errors_and_every_type_has_its_own():
    spread = {**APART, "A-56": (0.0, 15.5, 60.0)}
    by_both = " not resolved yet by both errors after Holm's correction"
    unresolved = said(race(), APART, running=spread)
    assert f"; shortcuts take away 33.5 of 33.0 points (29.2 to 37.8),{by_both}. " in unresolved
    opposite = said(race(), APART, running={**APART, "A-56": (75.0, 76.0, 77.1)})
    assert f"; shortcuts take away 33.5 of 33.0 points (29.2 to 37.8),{by_both}. " in opposite
    wide = said(race(), {**APART, "A-56": (0.0, 15.5, 60.0)})
    assert "33.0 points (−50.6 to 98.3), not resolved yet. " in wide
    three = race(shortcuts=("none", "A", "B"))
    words = said(three, {**APART, "B-20": 15.0, "B-56": (20.0, 21.0, 22.0)})
    assert (
        "; shortcuts A take away 33.5 of 33.0 points (29.2 to 37.8); shortcuts B take away 27.0 of 33.0 points" in words
    )
    assert "(Holm over 5 comparisons)" in words


def test_the_other_types_say_what_is_true_of_them():
    runs = race(shortcuts=("A", "none", "B"))
    changed = [replace(run, changed=("lr",)) if run.shortcut == "A" else run for run in runs]
    table = {**APART, "B-20": 10.0, "B-56": (29.0, 30.0, 31.0)}
    words = said(changed, table)
    assert words.startswith("Degradation: plain-56 is")
    assert "With shortcuts: B-56 is 20.0 above B-20 (17.5 to 22.5): degradation. " in words
    assert "A-56 is" not in words
    alone = said(race(shortcuts=("A",)), {**APART, "A-56": (30.0, 31.0, 32.1)})
    assert alone.startswith("Degradation: A-56 is 15.0 points above A-20")
    two = said(race(shortcuts=("A", "B")), table)
    assert two.startswith("Not resolved yet: A-56 is 0.5 points below A-20")
    assert "Others: B-56 is 20.0 above B-20 (17.5 to 22.5): degradation. " in two
    plain = {"plain-20": APART["plain-20"], "plain-56": APART["plain-56"]}
    fitted = said(race(), {**LEVEL, **plain}, test={**LEVEL, "A-56": (18.0, 18.2, 18.1)})
    assert (
        "With shortcuts: A-56 is level with A-20 (−0.2 to 0.2), but 3.0 above on the full test set (2.8 to 3.2): "
        "overfitting. "
    ) in fitted
    split = said(race(), {**LEVEL, **plain, "A-56": (20.0, 20.2, 20.1)}, running={**LEVEL, **plain})
    assert (
        "With shortcuts: A-56 is 5.0 above A-20 (4.8 to 5.2), degradation by the clean error, but 0.0 (−0.2 to 0.2), "
        "no degradation beyond 1 point, by the running one: no conclusion. "
    ) in split


def test_a_rate_at_the_edge_of_the_grid_is_named():
    runs = [replace(run, at_edge=run.arm == "plain-20") for run in race()]
    words = said(runs, APART)
    assert words.startswith("Degradation at the rates tried: ")
    assert words.endswith(" plain-20 is best at the edge of the rates tried: a better one may lie outside.")
    both = said(runs, {**APART, "A-56": (89.0, 90.0, 91.1)})
    assert "A-56 is 74.0 above A-20 (73.9 to 74.2): degradation. " in both, "A's own rates lie inside"
    untuned = [replace(run, tuned=False) for run in runs]
    assert "edge" not in said(untuned, APART)


def test_a_rate_for_each_depth_that_nobody_tuned_is_no_tuned_rate():
    runs = [replace(run, tuned=False, lr=0.1 if run.depth == 20 else 0.01) for run in race()]
    conclusion = concluded(runs, APART)
    assert conclusion.kind == Verdict.DEGRADATION_AT_RATE
    assert conclusion.text.startswith("Degradation at these learning rates: plain-56 is 33.0 points")


def test_survivors_are_counted_and_named():
    runs = [replace(run, state="diverged") if (run.arm, run.seed) == ("plain-56", 2) else run for run in race()]
    words = said(runs, APART)
    assert words.startswith(
        "Not resolved yet: plain-56 is 33.0 points above plain-20 in training error (20.3 to 45.7), "
    )
    assert (
        "not enough after Holm's correction; about 3 seeds would probably do. Shortcuts take away 33.0 of 33.0 "
        in words
    )
    assert "After 300 steps, 3 seeds (2 for plain-56), 95 % intervals (Holm over 3 comparisons)" in words
    assert words.endswith("; runs that broke or halted early are left out. plain-56 (seed 2) diverged at step 300.")


def test_the_deepest_is_set_against_the_shallowest():
    runs = race(depths=(20, 32, 56))
    words = said(runs, {**APART, "plain-32": 1.0, "A-32": 99.0})
    assert "plain-56 is 33.0 points above plain-20" in words
    assert "-32" not in words


@pytest.mark.parametrize("step", [0, 90])
def test_a_deepest_arm_that_is_lost_on_every_seed_is_named_and_nothing_is_concluded_without_it(step):
    runs = race(depths=(20, 44, 56))
    runs = [replace(run, state="diverged", step=step) if run.arm == "plain-56" else run for run in runs]
    training = {**APART, "plain-44": (14.0, 14.5, 16.0), "A-44": (14.9, 15.0, 15.1)}
    words = said(runs, training)
    assert words.startswith(
        "No conclusion, no run of plain-56 is left to compare: plain-44 is 3.2 points below plain-20 in training error "
    )
    assert "With shortcuts: A-56 is 0.5 below A-20" in words
    above = said(runs, {**training, "plain-44": (60.0, 60.0, 62.0)})
    assert above.startswith("Degradation: plain-44 is 42.7 points above plain-20 in training error"), "true without it"
    one_left = [replace(run, state="finished", step=300) if run.run == runs[2].run else run for run in runs]
    assert said(one_left, training).startswith("One seed, a demonstration: plain-56 is 32.0 points above plain-20")
    residual = [replace(run, state="failed") if run.arm == "A-56" else run for run in race(depths=(20, 44, 56))]
    words = said(residual, training)
    assert "A-44 is 1.0 below A-20 (−3.2 to 1.2), but no run of A-56 is left to compare: no conclusion. " in words


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
    assert "degradation by the clean error, but not measured, not resolved, by the running one" in conclusion.text
