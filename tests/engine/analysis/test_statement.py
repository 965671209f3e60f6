"""What is said of a race as a whole: which runs count, at which step, what stands apart, and the figures behind it."""

from dataclasses import replace

import pytest

from engine.analysis.certainty import Certainty
from engine.analysis.comparison import ComparedRun, at_the_end, common_step, compared
from engine.analysis.evidence import EvidenceRow
from engine.analysis.statement import Comparison, Cure, GapFacts, conclude
from engine.analysis.verdict import RaceErrors, Verdict
from engine.config import OptimConfig


def standing(run, depth, shortcut="none", seed=0, lr=0.1, state="running", step=200, total=300, warmup_lr=None):
    arm = f"{'plain' if shortcut == 'none' else shortcut}-{depth}"
    return ComparedRun(run, arm, depth, shortcut, seed, lr, state, step, total, warmup_lr)


def said(runs, errors, *, clean=False):
    """The statement on a race that trains, or on one that has ended with the same figures in both training errors."""
    return conclude(runs, RaceErrors(errors, errors if clean else {}, {}, at_end=clean)).statement


FOUR = [standing(1, 20), standing(2, 56), standing(3, 20, "A"), standing(4, 56, "A")]
ERRORS = {1: 17.2, 2: 55.4, 3: 15.0, 4: 21.1}
SO_FAR = "So far plain-56 learns its training images 38.2 points worse than plain-20."
SO_FAR_BOTH = f"{SO_FAR} With shortcuts the difference is 6.1."


def test_the_statement_of_a_race_that_trains():
    statement = said(FOUR, ERRORS)
    assert statement.headline == SO_FAR_BOTH
    assert statement.certainty == Certainty(
        "Still training", "training", "Running training error at step 200 of 300. Conclusions come at the end."
    )
    assert statement.protocol == (
        "1 seed, compared at the last step that all runs have reached.",
        "The errors are running training errors: means of the last 50 steps.",
        "One seed has no interval: nothing is known of how much seeds differ.",
        "One learning rate for all: 0.1.",
    )
    assert statement.rows == (
        EvidenceRow("plain-56 minus plain-20", "1 seed", "38.2"),
        EvidenceRow("A-56 minus A-20", "1 seed", "6.1"),
        EvidenceRow("Cure by A", "1 seed", "32.1"),
    )
    assert statement.text == (
        f"{SO_FAR_BOTH} Still training. Running training error at step 200 of 300. Conclusions come at the end. "
        f"{' '.join(statement.protocol)} plain-56 minus plain-20: 38.2 points. A-56 minus A-20: 6.1 points. "
        "Cure by A: 32.1 points."
    )


def test_runs_that_were_changed_while_they_trained_are_named():
    changed = replace(FOUR[3], changed=("lr", "strength"))
    statement = said([*FOUR[:3], changed], ERRORS)
    assert statement.headline == SO_FAR
    assert statement.rows[-1] == EvidenceRow("A-56", "", note="changed while training: lr, strength")
    assert statement.text.endswith(" A-56 changed while training: lr, strength.")
    one = said([FOUR[0], replace(FOUR[1], changed=("lr",))], ERRORS)
    assert one.certainty.label == "No conclusion: a run was changed"
    every = said([replace(run, changed=("lr",)) for run in FOUR], ERRORS)
    assert (every.headline, every.certainty.label) == (
        "No two depths are left to compare.", "No conclusion: runs were changed",
    )  # fmt: skip
    assert every.text.endswith(" plain-20, plain-56, A-20, A-56 changed while training: lr.")
    recipes = [replace(run, recipe=("lr 0.05",) if run.shortcut == "A" else ()) for run in FOUR]
    assert said(recipes, ERRORS).text.endswith(" A-20, A-56 of another recipe: lr 0.05.")


def test_the_compared_step_is_one_that_every_compared_run_has_reached():
    runs = [*FOUR[:3], standing(4, 56, "A", step=123)]
    assert common_step(runs) == 123
    statement = said(runs, ERRORS)
    assert statement.headline == SO_FAR_BOTH
    assert statement.certainty.why.startswith("Running training error at step 123 of 300.")


def test_middle_depths_and_single_depths_hold_nobody_back():
    runs = [*FOUR, standing(5, 32, step=60), standing(6, 20, "B", step=55)]
    assert {run.run for run in compared(runs)} == {1, 2, 3, 4}
    assert common_step(runs) == 200


def test_clean_error_counts_only_when_every_compared_run_has_finished_the_same_steps():
    done = [standing(r.run, r.depth, r.shortcut, state="finished", step=300) for r in FOUR]
    assert at_the_end(done)
    statement = said(done, ERRORS, clean=True)
    assert statement.protocol[:2] == (
        "1 seed, compared at step 300.",
        "The errors are clean training errors: fixed images without augmentation, in evaluation mode.",
    )
    assert not at_the_end([*done[:3], FOUR[3]])
    assert not at_the_end([*done[:3], standing(4, 56, "A", state="finished", step=400, total=400)])
    assert not at_the_end([])


def test_the_race_has_not_ended_while_a_seed_of_it_is_still_to_come():
    done = [replace(run, state="finished", step=300) for run in FOUR]
    for state, step in (("queued", 0), ("running", 299), ("paused", 40)):
        later = [standing(10 + run.run, run.depth, run.shortcut, 1, state=state, step=step) for run in FOUR]
        assert not at_the_end([*done, *later])
        assert at_the_end([*done, *(replace(run, changed=("lr",)) for run in later)]), "a changed run is no seed of it"
        assert at_the_end([*done, *(replace(run, state="diverged", step=9) for run in later)])


def test_several_seeds_give_mean_and_interval():
    runs = [standing(10 * seed + depth, depth, seed=seed) for seed in range(3) for depth in (20, 56)]
    errors = {run.run: (10.0 if run.depth == 20 else 30.0 + 5 * run.seed) for run in runs}
    statement = said(runs, errors)
    assert statement.headline == "So far plain-56 learns its training images 25.0 points worse than plain-20."
    assert statement.certainty.why == (
        "Running training error at step 200 of 300, 95 % interval 12.6 to 37.4 points. Conclusions come at the end."
    )
    assert statement.protocol[0].startswith("3 seeds, ")
    assert "Intervals are 95 % t intervals of the per-seed differences." in statement.protocol
    assert statement.rows == (EvidenceRow("plain-56 minus plain-20", "3 seeds", "25.0", "12.6 to 37.4"),)
    done = said([replace(run, state="finished", step=300) for run in runs], errors, clean=True)
    assert [(row.arms, row.seed, row.gap) for row in done.rows[1:]] == [
        ("", "0", "20.0"), ("", "1", "25.0"), ("", "2", "30.0"),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_broken_runs_are_named_and_take_no_part(state):
    runs = [FOUR[0], standing(2, 56, state=state, step=70), *FOUR[2:]]
    statement = said(runs, ERRORS)
    assert statement.headline == "So far A-56 learns its training images 6.1 points worse than A-20."
    assert "plain-56 minus" not in statement.text
    assert statement.text.endswith(f" plain-56 {state} at step 70.")


def test_a_missing_seed_is_counted_where_it_is_missing():
    runs = [*FOUR, *(standing(10 + r.run, r.depth, r.shortcut, seed=1) for r in FOUR)]
    runs[1] = standing(2, 56, state="diverged", step=9)
    statement = said(runs, {**ERRORS, **{10 + run: error for run, error in ERRORS.items()}})
    assert {
        "Fewer seeds: plain-56 has 1.", "Holm's correction covers 3 comparisons.",
        "Runs that broke or halted early are left out.",
    } < {*statement.protocol}  # fmt: skip
    assert statement.headline == SO_FAR_BOTH
    assert [row.interval for row in statement.rows] == ["", "5.9 to 6.3", "", ""]
    assert statement.rows[-1] == EvidenceRow("plain-56", "0", note="diverged at step 9")


def test_a_stopped_run_takes_part_with_what_it_has_unless_that_is_too_little():
    late = [*FOUR[:3], standing(4, 56, "A", state="stopped", step=220, total=440)]
    assert compared(late)[-1] == late[-1]
    assert said(late, ERRORS).text.endswith(" A-56 stopped at step 220.")
    all_of_them = [replace(run, state="stopped", step=150) for run in FOUR]
    assert common_step(all_of_them) == 150
    statement = said(all_of_them, ERRORS)
    assert statement.headline.startswith("After 150 steps plain-56 learns its training images 38.2 points worse")
    assert statement.certainty == Certainty(
        "No conclusion: runs ended early", "open",
        "Running training error. The compared runs did not all finish the same steps.",
    )  # fmt: skip
    early = [*FOUR[:3], standing(4, 56, "A", state="stopped", step=12)]
    assert common_step(early) == 200
    assert said(early, ERRORS).text.endswith(" A-56 stopped at step 12.")


def test_a_seed_that_halted_before_the_end_of_waiting_does_not_withhold_the_conclusion_of_the_others():
    seeds = [standing(10 * seed + depth, depth, seed=seed, step=300) for seed in range(3) for depth in (20, 56)]
    runs = [replace(run, state="stopped", step=60) if run.run == 56 else run for run in seeds]
    statement = said(runs, {run.run: float(run.depth) for run in runs})
    assert statement.headline.startswith("So far plain-56 learns its training images 36.0 points worse")
    assert statement.protocol[0].startswith("2 of 3 seeds, ")
    assert "Runs that broke or halted early are left out." in statement.protocol
    assert statement.rows[-1] == EvidenceRow("plain-56", "0", note="stopped at step 60")
    on_the_way = [replace(run, step=100) if run.state == "running" else run for run in runs]
    assert "at step 100 of 300" in said(on_the_way, {run.run: 1.0 for run in runs}).text
    short = [replace(run, total_steps=150, step=min(run.step, 150)) for run in runs]
    assert common_step(short) == 60, "nobody gets far enough: all that there is counts"


def test_a_queued_or_paused_seed_or_type_does_not_silence_the_others():
    late = [standing(10 + r.run, r.depth, r.shortcut, seed=1, state="queued", step=0) for r in FOUR]
    late[0] = standing(11, 20, seed=1, state="paused", step=30)
    runs = [*FOUR, *late]
    assert {run.run for run in compared(runs)} == {1, 2, 3, 4}
    statement = said(runs, ERRORS)
    assert statement.headline == SO_FAR_BOTH
    assert statement.protocol[0].startswith("1 of 2 seeds, ")
    assert statement.rows[-1] == EvidenceRow("plain-20", "1", note="paused at step 30")
    one_type = [*FOUR[:3], standing(4, 56, "A", state="queued", step=0)]
    statement = said(one_type, ERRORS)
    assert (statement.headline, statement.protocol[0][:7]) == (SO_FAR, "1 seed,")
    assert "A-56" not in statement.text


def test_rates_and_warm_ups_are_said():
    def rates(*runs):
        return [text for text in said(runs, ERRORS).protocol if "rate" in text or "start at" in text]

    assert rates(*FOUR[:2]) == ["One learning rate for all: 0.1."]
    assert rates(FOUR[0], standing(2, 56, lr=0.05)) == ["Learning rates: 0.05 to 0.1."]
    deep = standing(2, 110, warmup_lr=0.01)
    assert rates(FOUR[0], deep) == ["One learning rate for all: 0.1.", "110 layers start at 0.01."]
    shaped = [replace(run, family="vit") for run in (standing(1, 18), standing(2, 50, warmup_lr=0.01))]
    assert rates(*shaped)[1:] == ["12 blocks (50 layers) start at 0.01."]
    assert rates(standing(1, 20, warmup_lr=0.01), deep)[1:] == ["All arms start at 0.01."]
    assert rates(*FOUR, standing(9, 32, warmup_lr=0.01)) == ["One learning rate for all: 0.1."], "32 is not compared"
    tuned = [replace(standing(1, 20), tuned=True), replace(standing(2, 56, lr=0.03), tuned=True)]
    assert rates(*tuned) == ["Learning rates are tuned per arm: 0.03 to 0.1."]
    words = OptimConfig(optimizer="adamw").optimizer_in_words
    adamw = [replace(run, optimizer=words, warmup_steps=100) for run in FOUR[:2]]
    assert rates(*adamw)[1:] == ["The rate rises linearly over the first 100 steps."]
    assert "The optimizer is AdamW, betas 0.9 and 0.999, eps 1e-08." in said(adamw, ERRORS).protocol


def test_the_figures_behind_the_sentences():
    conclusion = conclude(FOUR, RaceErrors(ERRORS))
    assert (conclusion.kind, conclusion.provisional) == (Verdict.PROVISIONAL, True)
    assert conclusion.text == conclusion.statement.text
    plain, residual = conclusion.comparisons
    assert plain == Comparison("none", 56, 20, 1, pytest.approx(38.2))
    assert residual == Comparison("A", 56, 20, 1, pytest.approx(6.1))
    assert conclusion.cure == Cure(pytest.approx(32.1), None, None, 1)
    assert conclusion.facts == GapFacts(200, False, "cure 32.1 points, one seed", conclusion.comparisons)


def test_the_chart_has_facts_from_the_step_on_at_which_the_headline_compares():
    at = {step: conclude([replace(run, step=step) for run in FOUR], RaceErrors(ERRORS)) for step in (60, 99, 100)}
    assert {step: found.facts and found.facts.step for step, found in at.items()} == {60: None, 99: None, 100: 100}
    for step, found in at.items():
        assert ("The comparison starts at step 100." in found.statement.headline) == (step < 100)


def test_the_cure_is_that_of_the_seeds_that_both_families_have():
    arms = ((20, "none"), (56, "none"), (20, "A"), (56, "A"))
    runs = [
        standing(10 * seed + at, depth, kind, seed=seed) for seed in range(3) for at, (depth, kind) in enumerate(arms)
    ]
    errors = {run.run: 10.0 + (run.depth == 56) * (30.0 if run.plain else 5.0) * (1 + run.seed) for run in runs}
    # Differences of the two gaps: 25, 50 and 75; the t quantiles are 4.303 and 12.706.
    half = 4.3027 * 25 / 3**0.5
    assert conclude(runs, RaceErrors(errors)).cure == Cure(
        pytest.approx(50.0), pytest.approx(50 - half, abs=1e-3), pytest.approx(50 + half, abs=1e-3), 3
    )
    assert conclude(runs, RaceErrors(errors)).facts.cure == "cure 50.0 points (−12.1 to 112.1), not resolved"
    one = [run for run in runs if run.seed == 0]
    assert conclude(one, RaceErrors(errors)).facts.cure == "cure 25.0 points, one seed"
    del errors[3]  # A-56 of the first seed
    assert conclude(runs, RaceErrors(errors)).cure == Cure(
        pytest.approx(62.5), pytest.approx(62.5 - 12.7062 * 12.5, abs=1e-3), pytest.approx(221.33, abs=0.01), 2
    )
    assert conclude([run for run in runs if run.plain], RaceErrors(errors)).cure is None
    other_depth = [replace(run, depth=32) if (run.shortcut, run.depth) == ("A", 20) else run for run in runs]
    assert conclude(other_depth, RaceErrors(errors)).cure is None


@pytest.mark.parametrize(
    ("runs", "kind", "provisional", "headline"),
    [
        ([], Verdict.NOTHING_TO_COMPARE, False, ""),
        ([FOUR[0]], Verdict.NOTHING_TO_COMPARE, True, "Each shortcut type has one depth: nothing to compare."),
        (
            [FOUR[0], standing(2, 56, state="failed")], Verdict.NOTHING_TO_COMPARE, True,
            "No two depths are left to compare.",
        ),
        (
            [FOUR[0], standing(2, 56, step=3)], Verdict.TOO_EARLY, True,
            "Training has begun. The comparison starts at step 100.",
        ),
        (
            [standing(1, 20, state="finished"), standing(2, 56, state="stopped")], Verdict.NO_FIGURES, False,
            "No figures to compare yet.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_has_a_kind_of_its_own(runs, kind, provisional, headline):
    conclusion = conclude(runs, RaceErrors())
    assert (conclusion.kind, conclusion.provisional) == (kind, provisional)
    assert not conclusion.comparisons
    assert conclusion.statement.headline == headline
    assert bool(conclusion.text) == bool(runs)
