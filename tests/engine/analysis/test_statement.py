from dataclasses import replace

import pytest

from engine.analysis.comparison import ComparedRun, at_the_end, common_step, compared
from engine.analysis.statement import Comparison, Cure, GapFacts, conclude
from engine.analysis.statement import statement as stated
from engine.analysis.verdict import RaceErrors, Verdict


def standing(run, depth, shortcut="none", seed=0, lr=0.1, state="running", step=200, total=300, warmup_lr=None):
    arm = f"{'plain' if shortcut == 'none' else shortcut}-{depth}"
    return ComparedRun(run, arm, depth, shortcut, seed, lr, state, step, total, warmup_lr)


def statement(runs, errors, *, clean, test=None):
    """The sentences of a race that trains, or of one that has ended with the same figures in both training errors."""
    return stated(runs, RaceErrors(errors, errors if clean else {}, test or {}, at_end=clean))


FOUR = [standing(1, 20), standing(2, 56), standing(3, 20, "A"), standing(4, 56, "A")]
ERRORS = {1: 17.2, 2: 55.4, 3: 15.0, 4: 21.1}


def test_runs_that_were_changed_while_they_trained_are_named():
    changed = replace(FOUR[3], changed=("lr", "strength"))
    words = statement([*FOUR[:3], changed], ERRORS, clean=False)
    assert words.endswith(" Changed while training: A-56 (lr, strength).")
    assert words.startswith(
        "So far plain-56 is 38.2 points above plain-20 in training error at step 200, where both are. After 200 steps, "
    )
    rates = [replace(run, changed=("lr",)) for run in FOUR]
    assert statement(rates, ERRORS, clean=False) == (
        "No shortcut type has two depths left to compare. Changed while training: all runs (lr)."
    )
    both = [replace(run, changed=("lr", "strength") if run.shortcut == "A" else ("lr",)) for run in FOUR]
    assert statement(both, ERRORS, clean=False).endswith(
        " Changed while training: plain-20, plain-56 (lr); A-20, A-56 (lr, strength)."
    )


def test_the_sentence_of_a_race_that_trains():
    assert statement(FOUR, ERRORS, clean=False) == (
        "So far plain-56 is 38.2 points above plain-20 in training error at step 200, where all are. "
        "With shortcuts: A-56 is 6.1 above A-20. "
        "After 200 steps, 1 seed, one learning rate (0.1) for all; running training error (dashed)."
    )


def test_the_compared_step_is_one_that_every_compared_run_has_reached():
    runs = [*FOUR[:3], standing(4, 56, "A", step=123)]
    assert common_step(runs) == 123
    words = statement(runs, ERRORS, clean=False)
    assert words.startswith(
        "So far plain-56 is 38.2 points above plain-20 in training error at step 123, where all are. "
    )
    assert " After 123 steps, " in words


def test_middle_depths_and_single_depths_hold_nobody_back():
    runs = [*FOUR, standing(5, 32, step=60), standing(6, 20, "B", step=55)]
    assert {run.run for run in compared(runs)} == {1, 2, 3, 4}
    assert common_step(runs) == 200


def test_clean_error_counts_only_when_every_compared_run_has_finished_the_same_steps():
    done = [standing(r.run, r.depth, r.shortcut, state="finished", step=300) for r in FOUR]
    assert at_the_end(done)
    assert "; clean training error (open marks)." in statement(done, ERRORS, clean=True)
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
    assert statement(runs, errors, clean=False) == (
        "So far plain-56 is 25.0 points above plain-20 in training error (12.6 to 37.4) at step 200, where both are. "
        "After 200 steps, 3 seeds, 95 % intervals, one learning rate (0.1) for all; running training error (dashed)."
    )


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_broken_runs_are_named_and_take_no_part(state):
    runs = [FOUR[0], standing(2, 56, state=state, step=70), *FOUR[2:]]
    text = statement(runs, ERRORS, clean=False)
    assert text.startswith("So far A-56 is 6.1 points above A-20 in training error at step 200, where both are.")
    assert "plain-56 is" not in text
    assert text.endswith(f"plain-56 {state} at step 70.")


def test_a_missing_seed_is_counted_where_it_is_missing():
    runs = [*FOUR, *(standing(10 + r.run, r.depth, r.shortcut, seed=1) for r in FOUR)]
    runs[1] = standing(2, 56, state="diverged", step=9)
    text = statement(runs, {**ERRORS, **{10 + run: error for run, error in ERRORS.items()}}, clean=False)
    assert "2 seeds (1 for plain-56), 95 % intervals (Holm over 3 comparisons)" in text
    assert text.startswith(
        "So far plain-56 is 38.2 points above plain-20 in training error at step 200, where all are. With shortcuts: "
        "A-56 is 6.1"
    )
    assert "above A-20 (5.9 to 6.3). After" in text
    assert "; runs that broke or halted early are left out." in text
    assert "plain-56 (seed 0) diverged at step 9" in text


def test_a_stopped_run_takes_part_with_what_it_has_unless_that_is_too_little():
    late = [*FOUR[:3], standing(4, 56, "A", state="stopped", step=220, total=440)]
    assert compared(late)[-1] == late[-1]
    assert statement(late, ERRORS, clean=False).endswith("A-56 stopped at step 220.")
    all_of_them = [replace(run, state="stopped", step=150) for run in FOUR]
    assert common_step(all_of_them) == 150
    assert statement(all_of_them, ERRORS, clean=False).startswith(
        "No conclusion, the compared runs did not all finish the same steps: plain-56 is 38.2 points above plain-20"
    )
    early = [*FOUR[:3], standing(4, 56, "A", state="stopped", step=12)]
    assert common_step(early) == 200
    assert statement(early, ERRORS, clean=False).endswith("A-56 stopped at step 12.")


def test_a_seed_that_halted_before_the_end_of_waiting_does_not_withhold_the_conclusion_of_the_others():
    seeds = [standing(10 * seed + depth, depth, seed=seed, step=300) for seed in range(3) for depth in (20, 56)]
    runs = [replace(run, state="stopped", step=60) if run.run == 56 else run for run in seeds]
    text = statement(runs, {run.run: float(run.depth) for run in runs}, clean=False)
    assert text.startswith("So far plain-56 is 36.0 points above plain-20")
    assert " After 300 steps, 2 of 3 seeds, 95 % intervals, " in text
    assert text.endswith("; runs that broke or halted early are left out. plain-56 (seed 0) stopped at step 60.")
    on_the_way = [replace(run, step=100) if run.state == "running" else run for run in runs]
    assert " After 100 steps, 2 of 3 seeds, " in statement(on_the_way, {run.run: 1.0 for run in runs}, clean=False)
    short = [replace(run, total_steps=150, step=min(run.step, 150)) for run in runs]
    assert common_step(short) == 60, "nobody gets far enough: all that there is counts"


def test_too_early_and_nothing_to_compare():
    assert "no degradation gap" in statement([standing(1, 20), standing(2, 20, "A")], {}, clean=False)
    assert statement([], {}, clean=False) == ""
    assert statement(FOUR, {}, clean=False) == "No figures to compare yet."


def test_different_learning_rates_below_and_level():
    runs = [*FOUR[:3], standing(4, 56, "A", lr=0.05)]
    text = statement(runs, {1: 20.0, 2: 18.0, 3: 15.0, 4: 15.02}, clean=False)
    assert "learning rates 0.05 to 0.1" in text
    assert "plain-56 is 2.0 points below plain-20" in text
    assert "A-56 is level with A-20" in text


def test_a_queued_or_paused_seed_or_type_does_not_silence_the_others():
    late = [standing(10 + r.run, r.depth, r.shortcut, seed=1, state="queued", step=0) for r in FOUR]
    late[0] = standing(11, 20, seed=1, state="paused", step=30)
    runs = [*FOUR, *late]
    assert {run.run for run in compared(runs)} == {1, 2, 3, 4}
    text = statement(runs, ERRORS, clean=False)
    assert text.startswith("So far plain-56 is 38.2 points")
    assert " After 200 steps, 1 of 2 seeds, one learning rate (0.1) for all;" in text
    assert "A-56 is 6.1 above A-20." in text
    one_type = [*FOUR[:3], standing(4, 56, "A", state="queued", step=0)]
    text = statement(one_type, ERRORS, clean=False)
    assert " After 200 steps, 1 seed, " in text
    assert "A-56" not in text


def test_a_seed_that_is_ready_takes_part_at_the_step_that_all_pairs_reached():
    runs = [*FOUR[:2], standing(5, 20, seed=1, step=80), standing(6, 56, seed=1, step=50)]
    assert common_step(runs) == 50
    text = statement(runs, {1: 40.0, 2: 60.0, 5: 40.0, 6: 61.0}, clean=False)
    assert text.startswith(
        "So far plain-56 is 20.5 points above plain-20 in training error (14.1 to 26.9) at step 50, where both are. "
        "After 50 steps, 2 seeds, 95 %"
    )


def test_a_pair_needs_step_50_of_both_and_until_then_the_waited_for_are_named():
    assert common_step([standing(1, 20, step=50), standing(2, 56, step=50)]) == 50
    early = [standing(1, 20, step=49), standing(2, 56, state="queued", step=0)]
    assert common_step(early) == 0
    assert statement(early, {}, clean=False) == (
        "Warming up: the comparison starts at step 50 of both depths. Waiting for plain-20 (step 49), plain-56"
        " (queued)."
    )
    paused = [standing(1, 20, step=90), standing(2, 56, state="paused", step=10)]
    assert statement(paused, {}, clean=False).endswith("of both depths. plain-56 paused at step 10.")


def test_of_several_seeds_the_pair_nearest_to_a_comparison_is_waited_for():
    runs = [
        standing(1, 20, step=60), standing(2, 56, state="paused", step=40),
        standing(3, 20, seed=1, step=60), standing(4, 56, seed=1, state="starting", step=0),
    ]  # fmt: skip
    text = statement(runs, {}, clean=False)
    assert text.endswith("Waiting for plain-56 (seed 1, starting).")


@pytest.mark.parametrize("state", ["queued", "starting", "running", "paused"])
def test_it_is_never_said_that_every_run_made_no_step(state):
    text = statement([standing(r.run, r.depth, r.shortcut, state=state, step=0) for r in FOUR], {}, clean=False)
    assert "by every run" not in text
    assert "step 0 of" not in text
    assert "plain-56" in text


def test_runs_that_end_before_step_50_are_not_waited_for():
    runs = [standing(1, 20, state="finished", step=40, total=40), standing(2, 56, step=30, total=40)]
    assert statement(runs, {}, clean=False) == "Runs of fewer than 50 steps are not compared."
    runs = [FOUR[0], standing(2, 56, state="stopped", step=12)]
    assert statement(runs, {}, clean=False).startswith("No shortcut type has two depths left to compare.")


def test_a_warm_up_is_said_and_is_not_one_learning_rate_for_all():
    runs = [standing(1, 20), standing(2, 110, warmup_lr=0.01)]
    text = statement(runs, ERRORS, clean=False)
    assert "1 seed, learning rate 0.1 (110 layers start at 0.01);" in text
    both = [standing(1, 20, warmup_lr=0.01), standing(2, 110, warmup_lr=0.01)]
    assert "learning rate 0.1 (all arms start at 0.01);" in statement(both, ERRORS, clean=False)
    # A warm-up of an arm that is not in the sentence does not concern it.
    assert "one learning rate (0.1) for all" in statement([*FOUR, standing(9, 32, warmup_lr=0.01)], ERRORS, clean=False)


def test_rates_that_were_tuned_per_arm_are_said_to_be():
    runs = [replace(standing(1, 20), tuned=True), replace(standing(2, 56, lr=0.03), tuned=True)]
    assert "1 seed, learning rates tuned per arm (0.03 to 0.1);" in statement(runs, ERRORS, clean=False)
    same = [replace(run, lr=0.1) for run in runs]
    assert "learning rates tuned per arm (0.1);" in statement(same, ERRORS, clean=False)


def test_the_figures_behind_the_sentences():
    conclusion = conclude(FOUR, RaceErrors(ERRORS))
    assert (conclusion.kind, conclusion.provisional) == (Verdict.PROVISIONAL, True)
    assert conclusion.text == statement(FOUR, ERRORS, clean=False)
    plain, residual = conclusion.comparisons
    assert plain == Comparison("none", 56, 20, 1, pytest.approx(38.2))
    assert residual == Comparison("A", 56, 20, 1, pytest.approx(6.1))
    assert conclusion.cure == Cure(pytest.approx(32.1), None, None, 1)
    assert conclusion.facts == GapFacts(200, False, "cure 32.1 points, one seed", conclusion.comparisons)


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
    ("runs", "kind", "provisional"),
    [
        ([], Verdict.NOTHING_TO_COMPARE, False),
        ([FOUR[0]], Verdict.NOTHING_TO_COMPARE, True),
        ([FOUR[0], standing(2, 56, state="failed")], Verdict.NOTHING_TO_COMPARE, True),
        ([FOUR[0], standing(2, 56, step=3)], Verdict.TOO_EARLY, True),
        ([standing(1, 20, state="finished"), standing(2, 56, state="stopped")], Verdict.NO_FIGURES, False),
    ],
)
def test_what_cannot_be_compared_has_a_kind_of_its_own(runs, kind, provisional):
    conclusion = conclude(runs, RaceErrors())
    assert (conclusion.kind, conclusion.provisional) == (kind, provisional)
    assert not conclusion.comparisons
    assert bool(conclusion.text) == bool(runs)
