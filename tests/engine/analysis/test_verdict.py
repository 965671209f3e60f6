"""Every branch of the rule, its borders, and random races against an oracle that shares no code with it."""

import math
import random
import re
from dataclasses import replace
from itertools import product

import pytest

from engine.analysis.comparison import ComparedRun
from engine.analysis.statement import conclude
from engine.analysis.verdict import Observation, RaceErrors, Relation, Verdict, decide, findings, needed_steps, relation

ABOVE, BELOW, OVERLAP, UNKNOWN = Relation.ABOVE, Relation.BELOW, Relation.OVERLAP, Relation.UNKNOWN
#: A claim of degradation, not "no degradation", "not degradation" or "no degradation gap".
CLAIM = re.compile(r"(?<!no )(?<!not )\bdegradation\b(?! gap)", re.IGNORECASE)
CLAUSE = re.compile(r"(\S+-\d+) is (?:level with|([\d.]+)(?: points)? (above|below)) (\S+-\d+)")


def race(seeds=3, step=300, total=300, shortcuts=("none", "A"), state="running", tuned=True, depths=(20, 56), **more):
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


def said(runs, training, *, clean=None, test=None, at_end=False, running=None):
    """The sentences for a race; ``training`` is the error that counts, by arm."""
    counts = errors(runs, training)
    if at_end:
        race = RaceErrors(errors(runs, running or training), counts, errors(runs, test or {}), True, 300)
        return conclude(runs, race).text
    race = RaceErrors(counts, errors(runs, clean or {}), errors(runs, test or {}), False, 266)
    return conclude(runs, race).text


APART = {
    "plain-20": (17.0, 18.0, 19.0), "plain-56": (40.0, 41.0, 50.0),
    "A-20": (15.0, 16.0, 17.0), "A-56": (15.5, 15.5, 15.5),
}  # fmt: skip
LEVEL = {arm: 15.0 for arm in APART}
DEEPER_BELOW = {**APART, "plain-56": 3.0}

ABOVE_BY_25_7 = "plain-56 is 25.7 points above plain-20 in training error"
ABOVE_BY_23 = "plain-56 is 23.0 points above plain-20 in training error"
BELOW_BY_15 = "plain-56 is 15.0 points below plain-20 in training error"
IS_LEVEL = "plain-56 is level with plain-20 in training error, less than 0.05 apart"
DO_NOT_OVERLAP = "bands of 3 seeds do not overlap"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Verdict.DEGRADATION),
        ({"enough_steps": False}, Verdict.TOO_FEW_STEPS),
        ({"enough_steps": False, "seeds": 1, "changed": True}, Verdict.TOO_FEW_STEPS),
        ({"changed": True}, Verdict.CHANGED),
        ({"changed": True, "seeds": 1}, Verdict.CHANGED),
        ({"seeds": 1}, Verdict.ADD_SEEDS),
        ({"seeds": 1, "tuned": False}, Verdict.ADD_SEEDS_AND_TUNE),
        ({"seeds": 1, "tuned": False, "gap": 0.04}, Verdict.ADD_SEEDS),
        ({"seeds": 1, "tuned": False, "gap": -3.0}, Verdict.ADD_SEEDS),
        ({"seeds": 2}, Verdict.DEGRADATION),
        ({"tuned": False}, Verdict.TUNE),
        ({"lost": True}, Verdict.DEGRADATION),
        ({"lost": True, "running": BELOW, "clean": BELOW}, Verdict.DEEPEST_LOST),
        ({"lost": True, "running": OVERLAP, "clean": OVERLAP, "test": ABOVE}, Verdict.DEEPEST_LOST),
        ({"lost": True, "running": BELOW, "seeds": 1}, Verdict.ADD_SEEDS),
        ({"running": OVERLAP}, Verdict.NO_DIFFERENCE),
        ({"running": OVERLAP, "clean": ABOVE, "test": ABOVE}, Verdict.NO_DIFFERENCE),
        ({"running": OVERLAP, "clean": UNKNOWN, "test": ABOVE}, Verdict.NO_DIFFERENCE),
        ({"running": OVERLAP, "clean": OVERLAP, "test": ABOVE}, Verdict.OVERFITTING),
        ({"running": BELOW, "clean": BELOW, "test": ABOVE}, Verdict.OVERFITTING),
        ({"running": BELOW, "clean": BELOW, "test": OVERLAP}, Verdict.NO_DEGRADATION),
        ({"running": BELOW, "clean": ABOVE, "test": ABOVE}, Verdict.NO_DEGRADATION),
        ({"running": ABOVE, "clean": OVERLAP, "test": ABOVE}, Verdict.DEGRADATION),
        ({"at_end": True, "clean": ABOVE}, Verdict.DEGRADATION),
        ({"at_end": True, "clean": ABOVE, "tuned": False}, Verdict.TUNE),
        ({"at_end": True, "clean": ABOVE, "running": OVERLAP}, Verdict.DISAGREE),
        ({"at_end": True, "clean": ABOVE, "running": BELOW, "test": ABOVE}, Verdict.DISAGREE),
        ({"at_end": True, "clean": BELOW, "running": ABOVE}, Verdict.DISAGREE),
        ({"at_end": True, "clean": OVERLAP, "running": ABOVE, "test": ABOVE}, Verdict.NO_DIFFERENCE),
        ({"at_end": True, "clean": OVERLAP, "running": OVERLAP, "test": ABOVE}, Verdict.OVERFITTING),
        ({"at_end": True, "clean": BELOW, "running": OVERLAP}, Verdict.NO_DEGRADATION),
    ],
)
def test_the_rule(changes, expected):
    facts = {
        "enough_steps": True, "changed": False, "seeds": 3, "gap": 9.0, "tuned": True, "at_end": False,
        "running": ABOVE, "clean": OVERLAP, "test": OVERLAP,
    }  # fmt: skip
    assert decide(Observation(**{**facts, **changes})) == expected


@pytest.mark.parametrize(
    ("deep", "shallow", "expected"),
    [
        ([5.0, 6.0], [3.0, 4.0], ABOVE),
        ([1.0, 2.0], [3.0, 4.0], BELOW),
        ([4.0, 6.0], [3.0, 4.0], OVERLAP),
        ([2.0, 3.0], [3.0, 4.0], OVERLAP),
        ([1.0, 9.0], [3.0, 4.0], OVERLAP),
        ([3.04, 3.04], [3.0, 3.0], OVERLAP),
        ([3.06, 3.06], [3.0, 3.0], ABOVE),
        ([3.0, 3.0], [3.0, 3.0], OVERLAP),
        ([9.0], [1.0], UNKNOWN),
        ([], [], UNKNOWN),
    ],
)
def test_bands_that_touch_overlap_and_one_seed_has_none(deep, shallow, expected):
    assert relation(deep, shallow) == expected


@pytest.mark.parametrize(
    ("total", "needed"), [(60, 200), (300, 200), (400, 200), (401, 201), (600, 300), (64_000, 32_000)]
)
def test_a_conclusion_takes_half_of_the_plan_and_at_least_200_steps(total, needed):
    runs = race(step=min(total, needed), total=total)
    assert needed_steps(runs) == needed
    for step, enough in ((needed - 1, False), (needed, True)):
        if step <= total:
            words = said(race(step=step, total=total), APART)
            assert bool(CLAIM.search(words)) is enough
    longer = [replace(run, total_steps=99_000) if run.arm == "plain-20" else run for run in runs]
    assert needed_steps(longer) == needed, "the fewest of the compared runs"


@pytest.mark.parametrize(
    ("runs", "figures", "headline"),
    [
        (race(), {}, f"Degradation: {ABOVE_BY_25_7}, {DO_NOT_OVERLAP}"),
        (race(2), {}, f"Degradation: {ABOVE_BY_23}, bands of 2 seeds, which are few, do not overlap"),
        (race(1), {}, f"Add seeds before you conclude: {ABOVE_BY_23}"),
        (race(1, tuned=False), {}, f"Add seeds and tune before you conclude: {ABOVE_BY_23}"),
        (
            race(tuned=False), {},
            f"Tune before you conclude, one learning rate for all: {ABOVE_BY_25_7}, {DO_NOT_OVERLAP}",
        ),
        (race(step=199), {}, "Not yet: too few steps (199 of 300, a conclusion takes 200)"),
        (race(step=150, total=150), {}, "Too few steps to conclude (150 of 150, a conclusion takes 200)"),
        (race(step=150, state="stopped"), {}, "Too few steps to conclude (150 of 300, a conclusion takes 200)"),
        (race(at_edge=True), {}, f"Degradation at the rates tried: {ABOVE_BY_25_7}, {DO_NOT_OVERLAP}"),
        (
            race(changed=("strength",)), {},
            f"No conclusion, runs were changed while they trained: {ABOVE_BY_25_7}",
        ),
        (race(), {"training": LEVEL}, f"No difference shown: {IS_LEVEL}"),
        (
            race(tuned=False), {"training": {**APART, "plain-56": (16.0, 18.5, 19.0)}},
            "No difference shown at this learning rate: plain-56 is 0.2 points below plain-20 in training error, "
            "bands of 3 seeds overlap",
        ),
        (race(), {"training": DEEPER_BELOW}, f"No degradation: {BELOW_BY_15}, {DO_NOT_OVERLAP}"),
        (
            race(tuned=False), {"training": DEEPER_BELOW},
            f"No degradation at this learning rate: {BELOW_BY_15}, {DO_NOT_OVERLAP}",
        ),
        (
            race(), {"training": LEVEL, "clean": LEVEL, "test": APART},
            f"Overfitting, not degradation: {IS_LEVEL}, but 25.7 above on the test subset at step 266, "
            "where bands do not overlap",
        ),
        (
            race(), {"training": LEVEL, "test": APART, "at_end": True},
            f"Overfitting, not degradation: {IS_LEVEL}, but 25.7 above on the full test set, "
            "where bands do not overlap",
        ),
        (
            race(), {"training": APART, "running": LEVEL, "at_end": True},
            "No conclusion, the training errors disagree: plain-56 is 25.7 points above plain-20 in the clean one, "
            "not shown in the running one (batch-norm statistics, augmentation and images differ)",
        ),
        (
            race(), {"training": DEEPER_BELOW, "running": APART, "at_end": True},
            "No conclusion, the training errors disagree: plain-56 is 15.0 points below plain-20 in the clean one, "
            "above in the running one (batch-norm statistics, augmentation and images differ)",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_conclusion(runs, figures, headline):
    words = said(runs, **{"training": APART, **figures})
    assert words.partition(". ")[0] == headline


def test_residual_nets_are_set_against_plain_ones():
    gone = said(race(), APART)
    assert "With shortcuts: A-56 is 0.5 below A-20, bands overlap: no difference shown, a smaller gap. " in gone
    smaller = said(race(), {**APART, "A-56": (19.0, 20.0, 21.0)})
    assert "With shortcuts: A-56 is 4.0 above A-20, likewise, but a smaller gap. " in smaller
    as_large = said(race(), {**APART, "A-56": (39.0, 40.0, 41.0)})
    assert "A-56 is 24.0 above A-20, likewise, not shown to be smaller. " in as_large
    larger = said(race(), {**APART, "A-56": (99.0, 99.0, 99.0)})
    assert "A-56 is 83.0 above A-20, likewise. " in larger
    below = said(race(tuned=False), {**APART, "A-56": 3.0})
    assert "A-56 is 13.0 below A-20, bands do not overlap: no degradation at this learning rate, a smaller gap" in below
    no_plain_gap = said(race(), {**APART, "plain-56": 18.0, "A-56": 3.0})
    assert "A-56 is 13.0 below A-20, bands do not overlap: no degradation. " in no_plain_gap
    assert "a smaller gap" not in no_plain_gap, "where plain nets show no gap there is nothing to be smaller than"


def test_the_other_types_say_what_is_true_of_them():
    runs = race(shortcuts=("A", "none", "B"))
    changed = [replace(run, changed=("lr",)) if run.shortcut == "A" else run for run in runs]
    table = {**APART, "B-20": 10.0, "B-56": (20.0, 30.0, 40.0)}
    words = said(changed, table)
    assert words.startswith("Degradation: plain-56 is")
    assert (
        "With shortcuts: A-56 is 0.5 below A-20, no conclusion after a change; B-56 is 20.0 above B-20, likewise"
        in words
    )
    assert said(race(shortcuts=("A",)), {**APART, "A-56": 30.0}).startswith(
        "Degradation: A-56 is 14.0 points above A-20"
    )
    two = said(race(shortcuts=("A", "B")), table)
    assert two.startswith("No difference shown: A-56 is 0.5 points below A-20")
    assert "Others: B-56 is 20.0 above B-20, bands do not overlap: degradation. " in two
    fitted = said(race(), {**LEVEL, "plain-56": 40.0}, clean=LEVEL, test={**LEVEL, "A-56": 30.0})
    assert "A-56 is level with A-20, less than 0.05 apart, but 15.0 above on the test subset at step 266" in fitted
    assert "bands do not overlap: overfitting" in fitted


def test_a_rate_at_the_edge_of_the_grid_is_named():
    runs = [replace(run, at_edge=run.arm == "plain-20") for run in race()]
    words = said(runs, APART)
    assert words.startswith("Degradation at the rates tried: ")
    assert words.endswith(" plain-20 is best at the edge of the rates tried: a better one may lie outside.")
    assert "A-56 is 0.5 below A-20, bands overlap: no difference shown, " in words, "A's own rates lie inside"
    both = said(runs, {**APART, "A-56": 90.0})
    assert "A-56 is 74.0 above A-20, bands do not overlap: degradation. " in both, "not likewise: without that limit"
    untuned = [replace(run, tuned=False) for run in runs]
    assert "edge" not in said(untuned, APART)


def test_a_rate_for_each_depth_that_nobody_tuned_is_no_tuned_rate():
    runs = [replace(run, tuned=False, lr=0.1 if run.depth == 20 else 0.01) for run in race()]
    assert said(runs, APART).startswith(
        "Tune before you conclude, rates are not tuned per arm: plain-56 is 25.7 points"
    )


def test_survivors_are_counted_and_named():
    runs = [replace(run, state="diverged") if (run.arm, run.seed) == ("plain-56", 2) else run for run in race()]
    words = said(runs, APART)
    assert "bands of 2 seeds, which are few, do not overlap" in words
    assert "means of 3 seeds (gaps 23.0 to 23.0, −1.5 to 0.5) (2 for plain-56)" in words
    assert words.endswith("; runs that broke or halted early are left out. plain-56 (seed 2) diverged at step 300.")


def test_the_deepest_is_set_against_the_shallowest():
    runs = race(depths=(20, 32, 56))
    words = said(runs, {**APART, "plain-32": 1.0, "A-32": 99.0})
    assert "plain-56 is 25.7 points above plain-20" in words
    assert "-32" not in words


@pytest.mark.parametrize("step", [0, 90])
def test_a_deepest_arm_that_is_lost_on_every_seed_is_named_and_nothing_is_concluded_without_it(step):
    runs = race(depths=(20, 44, 56))
    runs = [replace(run, state="diverged", step=step) if run.arm == "plain-56" else run for run in runs]
    training = {**APART, "plain-44": 14.0, "A-44": 15.0}
    words = said(runs, training)
    assert words.startswith(
        "No conclusion, no run of plain-56 is left to compare: plain-44 is 4.0 points below plain-20 in training error,"
    )
    assert "With shortcuts: A-56 is 0.5 below A-20, bands overlap: no difference shown. " in words
    above = said(runs, {**training, "plain-44": 60.0})
    assert above.startswith("Degradation: plain-44 is 42.0 points above plain-20 in training error"), "true without it"
    one_left = [replace(run, state="running", step=300) if run.run == runs[2].run else run for run in runs]
    assert said(one_left, training).startswith("Add seeds before you conclude: plain-56 is 23.0 points above plain-20")
    residual = [replace(run, state="failed") if run.arm == "A-56" else run for run in race(depths=(20, 44, 56))]
    assert "A-44 is 1.0 below A-20, bands overlap, but no run of A-56 is left to compare: no conclusion. " in said(
        residual, training
    )


@pytest.mark.parametrize("hole", [math.nan, math.inf, None])
def test_a_figure_that_is_not_finite_takes_its_seed_out(hole):
    runs = race()
    figures = errors(runs, APART)
    lost = next(run.run for run in runs if (run.arm, run.seed) == ("plain-56", 1))
    figures[lost] = hole
    if hole is None:
        del figures[lost]
    [plain, _] = findings(runs, RaceErrors(figures))
    assert [pair.deep.seed for pair in plain.pairs] == [0, 2]
    assert plain.gaps == (23.0, 31.0)
    assert "nan" not in conclude(runs, RaceErrors(figures)).text


def test_test_errors_of_only_some_seeds_say_nothing():
    runs = race()
    some = {run.run: 90.0 if run.depth == 56 else 10.0 for run in runs if run.seed < 2}
    [plain, _] = findings(runs, RaceErrors(errors(runs, LEVEL), errors(runs, LEVEL), some))
    assert (plain.test_gaps, plain.verdict) == ((), Verdict.NO_DIFFERENCE)


# --- random races ---------------------------------------------------------------------------------------------------


def random_race(chance):
    total = chance.choice([100, 300, 600])
    tuned = chance.random() < 0.6
    at_end = chance.random() < 0.4
    step = total if at_end else chance.randint(50, total)
    runs = race(
        chance.randint(1, 4), step, total, chance.sample(["none", "A", "B"], chance.randint(1, 3)),
        "finished" if at_end else "running", tuned, chance.choice([(20, 56), (8, 20, 56)]),
    )  # fmt: skip
    for index, run in enumerate(runs):
        if chance.random() < 0.02:
            runs[index] = replace(run, state=chance.choice(["diverged", "failed"]))
        elif chance.random() < 0.02:
            runs[index] = replace(run, changed=("lr",))
        elif chance.random() < 0.02:
            runs[index] = replace(run, tuned=False)
    centre = {run.arm: chance.choice([0.0, 5.0, 20.0, 60.0]) for run in runs}

    def draw():
        wide = chance.choice([0.0, 1.0, 10.0])
        return {run.run: centre[run.arm] + round(chance.uniform(0, wide), 2) for run in runs if chance.random() < 0.99}

    return runs, RaceErrors(draw(), draw(), draw(), at_end, step)


def oracle(runs, figures, shortcut):
    """Return (mean gap, whether degradation may be claimed) of one type, None without figures."""
    mine = [run for run in runs if run.shortcut == shortcut and run.state not in ("diverged", "failed")]
    if len({run.depth for run in mine}) < 2:
        return None
    training = figures.clean if figures.at_end else figures.running
    low, high = min(run.depth for run in mine), max(run.depth for run in mine)
    deep = {run.seed: run for run in mine if run.depth == high}
    shallow = {run.seed: run for run in mine if run.depth == low}
    seeds = [s for s in deep if s in shallow and deep[s].run in training and shallow[s].run in training]
    if not seeds:
        return None
    tops, bottoms = [training[deep[s].run] for s in seeds], [training[shallow[s].run] for s in seeds]
    taken = [run for s in seeds for run in (deep[s], shallow[s])]
    mean = sum(tops) / len(seeds) - sum(bottoms) / len(seeds)
    running = [figures.running.get(run.run) for run in taken]
    step = runs[0].step
    may = (
        len(seeds) >= 2
        and min(tops) > max(bottoms)
        and mean >= 0.05
        and all(run.tuned and not run.changed for run in taken)
        and step >= 200
        and 2 * step >= runs[0].total_steps
    )
    if figures.at_end:
        may = may and None not in running and min(running[::2]) > max(running[1::2])
        may = may and sum(running[::2]) - sum(running[1::2]) >= 0.05 * len(seeds)
    return mean, may


@pytest.mark.parametrize("races", [600, pytest.param(3000, marks=pytest.mark.slow)])
def test_random_races_never_claim_what_an_oracle_forbids_and_quote_its_figures(races):
    chance = random.Random(20151210)
    claims = quoted = 0
    for _ in range(races):
        runs, figures = random_race(chance)
        words = conclude(runs, figures).text
        assert "nan" not in words
        known = {shortcut: oracle(runs, figures, shortcut) for shortcut in {run.shortcut for run in runs}}
        means = {shortcut: found[0] for shortcut, found in known.items() if found}
        for deep, points, side, shallow in CLAUSE.findall(words):
            shortcut = "none" if deep.startswith("plain") else deep.partition("-")[0]
            assert shallow.partition("-")[0] == deep.partition("-")[0]
            mean = means[shortcut]
            quoted += 1
            if not points:
                assert abs(mean) < 0.0501
            else:
                assert abs(float(points) * (1 if side == "above" else -1) - mean) < 0.0501
        assert bool(CLAIM.search(words)) == any(found and found[1] for found in known.values()), words
        for shortcut, found in known.items():
            alone = [run for run in runs if run.shortcut == shortcut]
            claimed = bool(CLAIM.search(conclude(alone, figures).text))
            assert claimed == bool(found and found[1])
            claims += claimed
    assert claims > races // 30, "the random races reach the claim"
    assert quoted > races
