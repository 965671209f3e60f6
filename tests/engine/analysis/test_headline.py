"""The finding in words, how sure it is, and what stands in its place while it is early."""

from dataclasses import replace

import pytest

from engine.analysis.verdict import Verdict
from tests.engine.analysis.test_verdict import (
    APART,
    AS_WELL,
    DEEPER_BELOW,
    DEGRADATION,
    LEARNS,
    LEVEL,
    NO_DEGRADATION,
    NOT_RESOLVED,
    WORSE_BY_33,
    WORSE_ON_TEST,
    concluded,
    race,
    said,
)

AFTER_300 = "Training error measured at the end (clean), after 300 steps"


def early(runs):
    statement = concluded(runs, APART, at_end=False).statement
    return statement.headline, statement.certainty.label, len(statement.rows)


def test_before_a_third_of_the_race_no_words_compare_and_none_of_them_changes():
    begun = "Training has begun. The comparison starts at step 100.", "Still training", 0
    for step in (1, 49, 50, 99):
        assert early(race(1, step=step, state="running")) == begun
    assert early(race(1, step=0, state="queued"))[:2] == (
        "The race waits to start. The comparison starts at step 100.", "Waiting to start",
    )  # fmt: skip
    assert early(race(1, step=60, state="paused"))[:2] == (begun[0], "Paused")
    ended = [
        replace(run, step=300, state="finished") if run.arm == "plain-20" else run for run in race(1, state="running")
    ]
    uneven = [replace(run, step=99) if run.arm == "A-56" else run for run in ended]
    assert early(uneven) == begun
    headline, label, rows = early(race(1, step=100, state="running"))
    assert (headline.partition(" plain")[0], label, rows) == ("So far", "Still training", 3)
    assert early(race(1, step=59, total=90, state="running"))[0].startswith("So far ")
    assert early(race(1, step=49, total=90, state="running"))[0].endswith("starts at step 50.")


def test_an_extended_arm_takes_nothing_away_from_a_race_that_was_concluded():
    longer = [replace(run, step=1200, total_steps=1200) if run.arm.startswith("A") else run for run in race(1)]
    headline, label, rows = early(longer)
    assert "ended early" not in headline and "learns" in headline
    assert (label, rows > 0) != ("Too short to compare", False)


def test_a_seed_that_joins_does_not_bring_its_early_gap_into_the_words():
    runs = [
        replace(run, step=60) if run.seed else replace(run, step=300, state="finished")
        for run in race(2, state="running")
    ]
    assert early(runs)[0] == "Further runs have begun. The comparison goes on at step 100."
    waiting = [replace(run, step=min(run.step, 49) if run.seed else 300) for run in runs]
    assert early(waiting)[0].startswith("So far plain-56 learns its training images 32.0 points worse")


def test_a_race_that_ended_early_compares_nothing():
    assert early(race(1, step=60, state="stopped")) == (
        "The race ended early: a comparison takes 100 steps.", "Too short to compare", 4,
    )  # fmt: skip
    assert early(race(1, step=40, total=40)) == (
        "Runs of fewer than 50 steps are not compared.", "Too short to compare", 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "figures", "kind", "headline", "label", "why"),
    [
        (
            race(), {}, DEGRADATION, f"{WORSE_BY_33}. With shortcuts the deeper net is 0.5 points better.",
            "3 seeds: resolved",
            f"Degradation. {AFTER_300}, 95 % interval 30.5 to 35.5 points. "
            "Shortcuts take away 33.5 points (29.2 to 37.8). Not resolved: whether A-56 is worse than "
            "A-20.",
        ),
        (
            race(1), {}, Verdict.ONE_SEED,
            f"{LEARNS} 32.0 points worse than plain-20. With shortcuts the difference is 0.5.",
            "One seed: a demonstration", f"{AFTER_300}. Other seeds may differ.",
        ),
        (
            race(1, shortcuts=("none",), tuned=False), {}, Verdict.ONE_SEED,
            f"{LEARNS} 32.0 points worse than plain-20.", "One seed: a demonstration",
            f"{AFTER_300} at one learning rate. Other seeds and rates may differ.",
        ),
        (
            race(shortcuts=("none",), tuned=False), {}, Verdict.DEGRADATION_AT_RATE, f"{WORSE_BY_33}.",
            "3 seeds: resolved", f"Degradation at one learning rate. {AFTER_300}, 95 % interval 30.5 to 35.5 points.",
        ),
        (
            race(shortcuts=("none",), at_edge=True), {}, DEGRADATION, f"{WORSE_BY_33}.",
            "3 seeds: resolved", f"Degradation at the rates tried. {AFTER_300}, 95 % interval 30.5 to 35.5 points.",
        ),
        (
            race(shortcuts=("none",), step=199, total=199), {}, Verdict.TOO_FEW_STEPS,
            f"After 199 steps {WORSE_BY_33}.", "Too short to conclude",
            "Training error measured at the end (clean), 95 % interval 30.5 to 35.5 points. "
            "A conclusion takes 200 steps.",
        ),
        (
            race(shortcuts=("none",), step=199, state="running"), {"at_end": False}, Verdict.PROVISIONAL,
            f"So far {WORSE_BY_33}.", "Still training",
            "Running training error at step 199 of 300, 95 % interval 30.5 to 35.5 points. "
            "Conclusions come at the end.",
        ),
        (
            race(shortcuts=("none",), step=250, state="stopped"), {"at_end": False}, Verdict.PROVISIONAL,
            f"After 250 steps {WORSE_BY_33}.", "No conclusion: runs ended early",
            "Running training error, 95 % interval 30.5 to 35.5 points. "
            "The compared runs did not all finish the same steps.",
        ),
        (
            race(), {"training": LEVEL}, NO_DEGRADATION, f"{AS_WELL}. With shortcuts both depths learn equally well.",
            "3 seeds: resolved", f"No degradation beyond 1 point. {AFTER_300}, 95 % interval −0.2 to 0.2 points.",
        ),
        (
            race(shortcuts=("none",), tuned=False), {"training": DEEPER_BELOW}, NO_DEGRADATION,
            f"{LEARNS} 14.7 points better than plain-20.", "3 seeds: resolved",
            f"No degradation beyond 1 point at one learning rate. {AFTER_300}, 95 % interval −16.1 to −13.2 points.",
        ),
        (
            race(shortcuts=("none",)), {"training": {**LEVEL, "plain-56": (15.5, 15.6, 15.6)}}, DEGRADATION,
            f"{LEARNS} 0.5 points worse than plain-20.", "3 seeds: resolved",
            f"Degradation. {AFTER_300}, 95 % interval 0.3 to 0.6 points.",
        ),
        (
            race(shortcuts=("none",)), {"training": {**LEVEL, "plain-56": (15.1, 15.5, 15.6)}}, NO_DEGRADATION,
            f"{LEARNS} 0.3 points worse than plain-20, less than the 1 point that counts.", "3 seeds: resolved",
            f"No degradation beyond 1 point. {AFTER_300}, 95 % interval −0.1 to 0.7 points.",
        ),
        (
            race(shortcuts=("none",)), {"training": {**LEVEL, "plain-56": (16.1, 15.0, 17.2)}}, NOT_RESOLVED,
            f"{LEARNS} 1.0 points worse than plain-20, but 3 seeds are too few to be sure.", "3 seeds: not resolved",
            "The seeds disagree (−0.1 to 2.0 points): the 95 % interval, −1.6 to 3.6, still holds 0. "
            "About 11 seeds would probably do.",
        ),
        (
            race(), {"training": {**LEVEL, "plain-56": (16.0, 16.2, 16.9)}}, NOT_RESOLVED,
            f"{LEARNS} 1.3 points worse than plain-20, but 3 seeds are too few to be sure. "
            "With shortcuts both depths learn equally well.", "3 seeds: not resolved",
            "Worse in each seed (1.0 to 1.7 points), but the 95 % interval, 0.3 to 2.2, "
            "is not enough after Holm's correction. "
            "About 4 seeds would probably do.",
        ),
        (
            race(shortcuts=("none",)), {"training": LEVEL, "test": WORSE_ON_TEST}, Verdict.OVERFITTING,
            f"{AS_WELL}, but does 3.0 points worse on test images.", "3 seeds: resolved",
            "Overfitting, not degradation: 95 % intervals −0.2 to 0.2 in training, 2.8 to 3.2 on the full test set.",
        ),
        (
            race(shortcuts=("none",)), {"training": APART, "running": LEVEL}, Verdict.DISAGREE,
            f"{WORSE_BY_33} when measured at the end, but as well by the last training steps.",
            "No conclusion: the errors disagree",
            "At the end: degradation (30.5 to 35.5). In the last steps: no degradation beyond 1 point (−0.2 to 0.2).",
        ),
        (
            race(shortcuts=("none",)), {"training": APART, "running": {**APART, "plain-56": (18.0, 38.0, 99.0)}},
            Verdict.DISAGREE,
            f"{WORSE_BY_33} when measured at the end, and 33.7 points worse by the last training steps.",
            "No conclusion: the errors disagree",
            "At the end: degradation (30.5 to 35.5). In the last steps: not resolved (−68.8 to 136.1). "
            "About 14 seeds would probably do.",
        ),
        (
            race(shortcuts=("none",)), {"training": LEVEL, "running": APART}, Verdict.DISAGREE,
            f"{AS_WELL} when measured at the end, but 33.0 points worse by the last training steps.",
            "No conclusion: the errors disagree",
            "At the end: no degradation beyond 1 point (−0.2 to 0.2). In the last steps: degradation (30.5 to 35.5).",
        ),
        (
            race(shortcuts=("none",)), {"training": LEVEL, "running": {**LEVEL, "plain-56": (15.0, 15.0, 16.6)}},
            NOT_RESOLVED, f"{AS_WELL}, as far as 3 seeds show.", "3 seeds: not resolved",
            "At the end: no degradation beyond 1 point (−0.2 to 0.2). In the last steps: not resolved (−1.6 to 2.5). "
            "About 20 seeds would probably do.",
        ),
    ],
)  # fmt: skip
def test_the_finding_comes_first_then_how_sure_it_is(runs, figures, kind, headline, label, why):
    conclusion = concluded(runs, **{"training": APART, **figures})
    sure = conclusion.statement.certainty
    assert (conclusion.kind, conclusion.statement.headline) == (kind, headline)
    assert (sure.label, sure.why) == (label, why)


def test_residual_nets_are_set_against_plain_ones():
    def parts(training, **more):
        statement = concluded(race(**more), training).statement
        return statement.headline.partition(". ")[2], statement.certainty.why, statement.text

    gone, _, text = parts(APART)
    assert gone == "With shortcuts the deeper net is 0.5 points better."
    assert "A-56 minus A-20: −0.5 points (−3.0 to 2.0), not resolved: about 6 seeds would probably do. " in text
    assert text.endswith(" Cure by A: 33.5 points (29.2 to 37.8), resolved.")
    assert "Holm's correction covers 3 comparisons." in text
    smaller, why, text = parts({**APART, "A-56": (19.0, 20.0, 21.1)})
    assert smaller == "With shortcuts the difference is 4.0."
    assert "Shortcuts take away 29.0 points (26.5 to 31.5)." in why
    assert "A-56 minus A-20: 4.0 points (3.9 to 4.2), degradation. " in text
    as_large, why, _ = parts({**APART, "A-56": (48.0, 49.0, 51.0)})
    assert as_large == "With shortcuts the difference grows to 33.3."
    assert "Shortcuts add 0.3 points (−2.5 to 3.2), not resolved." in why
    larger, why, _ = parts({**APART, "A-56": (99.0, 99.0, 99.0)})
    assert larger == "With shortcuts the difference grows to 83.0."
    assert "Shortcuts add 50.0 points (45.7 to 54.3)." in why
    below, _, text = parts({**APART, "A-56": 3.0}, tuned=False)
    assert below == "With shortcuts the deeper net is 13.0 points better."
    assert "A-56 minus A-20: −13.0 points (−15.5 to −10.5), no degradation beyond 1 point at one learning rate." in text
    beside_level, why, _ = parts({**LEVEL, "A-56": (17.0, 17.1, 17.2)})
    assert beside_level == "With shortcuts the deeper net is 2.0 points worse."
    assert "take away" not in why, "where plain nets show no gap there is nothing to take away"


def test_a_shortcut_of_strength_0_is_said_to_be_one():
    off = [replace(run, shortcut="scaled:shortcut=0") if run.shortcut == "A" else run for run in race()]
    words = concluded(off, {**APART, "A-56": (48.0, 49.0, 51.0)}).statement.headline
    assert words.endswith(". With shortcuts of strength 0 the difference grows to 33.3.")


def test_the_other_types_say_what_is_true_of_them():
    runs = race(shortcuts=("A", "none", "B"))
    changed = [replace(run, changed=("lr",)) if run.shortcut == "A" else run for run in runs]
    table = {**APART, "B-20": 10.0, "B-56": (29.0, 30.0, 31.0)}
    statement = concluded(changed, table).statement
    assert statement.headline == f"{WORSE_BY_33}. With shortcuts the difference is 20.0."
    assert "B-56 minus B-20: 20.0 points (17.5 to 22.5), degradation. " in statement.text
    assert "A-56 minus" not in statement.text
    alone = concluded(race(shortcuts=("A",)), {**APART, "A-56": (30.0, 31.0, 32.1)}).statement
    assert alone.headline == "A-56 learns its training images 15.0 points worse than A-20."
    two = concluded(race(shortcuts=("A", "B")), table).statement
    assert two.headline == (
        "A-56 learns its training images 0.5 points better than A-20, but 3 seeds are too few to be sure. "
        "B-56 learns 20.0 points worse than B-20."
    )
    plain = {"plain-20": APART["plain-20"], "plain-56": APART["plain-56"]}
    fitted = said(race(), {**LEVEL, **plain}, test={**LEVEL, "A-56": (18.0, 18.2, 18.1)})
    assert "A-56 minus A-20: 0.0 points (−0.2 to 0.2), no degradation beyond 1 point. " in fitted
    assert "The same on the full test set: 3.0 points (2.8 to 3.2), overfitting. " in fitted
    split = said(race(), {**LEVEL, **plain, "A-56": (20.0, 20.2, 20.1)}, running={**LEVEL, **plain})
    assert (
        "A-56 minus A-20: 5.0 points (4.8 to 5.2), no conclusion: degradation by the clean error alone. "
        "The same by the running error: 0.0 points (−0.2 to 0.2), no degradation beyond 1 point. "
    ) in split


def test_plain_nets_of_another_start_are_no_shortcuts():
    runs = race(shortcuts=("none", "A", "dirac"))
    table = {**APART, "dirac-20": 20.0, "dirac-56": (39.0, 40.0, 41.0)}
    assert concluded(runs, table).statement.headline == (
        f"{WORSE_BY_33}. With shortcuts the deeper net is 0.5 points better. dirac-56 learns 20.0 points worse than "
        "dirac-20."
    )
    residual = race(shortcuts=("A", "B", "C"))
    table = {**APART, "B-20": 10.0, "B-56": 90.0, "C-20": 10.0, "C-56": 10.1}
    assert concluded(residual, table).statement.headline.endswith(" Others: B 80.0 worse, C level.")
    larger = race(shortcuts=("none", "B", "C"))
    assert concluded(larger, table).statement.headline.endswith(" With shortcuts: B 80.0 (larger), C level.")


def test_a_headline_names_depths_by_blocks_alone():
    names = {20: "plain 9 blocks (20 layers)", 56: "plain 27 blocks (56 layers)"}
    runs = [replace(run, family="mlp", arm=names[run.depth]) for run in race(1, shortcuts=("none",))]
    headline = concluded(runs, {names[20]: 17.0, names[56]: 50.0}).statement.headline
    assert headline == "plain 27 blocks learns its training images 33.0 points worse than plain 9 blocks."
