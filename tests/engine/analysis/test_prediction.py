"""The question to a room, and the words that hold its prediction against the truth."""

from dataclasses import replace

import pytest

from engine.analysis.comparison import ComparedRun
from engine.analysis.prediction import CLEAN, answers, questions_for, taking_part


class Nets(dict):
    """Runs with their running training errors, ``{run: error}``."""

    def add(self, arm, error, *, step=300, state="finished", seed=0):
        kind, _, depth = arm.partition(" ")[0].rpartition("-")
        shortcut = "none" if kind == "plain" else kind
        run = ComparedRun(len(self) + 1, arm, int(depth), shortcut, seed, 0.1, state, step, 300)
        self[run] = error
        return self


def nets(**errors):
    found = Nets()
    for arm, error in errors.items():
        found.add(arm.replace("_", "-"), error)
    return found


def question_of(found, key=None):
    """The question that asks for something else than depth, or the one of this key."""
    return next((one for one in questions_for([*found]) if (one.key == key if key else one.key != "depth")), None)


def asked(found):
    question = question_of(found)
    return question and (question.text, [choice.label for choice in question.choices])


def held(found, key=None, **more):
    question = question_of(found, key)
    return question, answers(question, [*found], {run.run: at for run, at in found.items() if at is not None}, **more)


def said(found, key):
    """The line of the page that answers the prediction ``key``."""
    question, told = held(found)
    at = [choice.key for choice in question.choices].index(key)
    return f"The room said {question.choices[at].label}{told.fates[at]}. {told.truth}{told.rests[at]}"


PAIR = nets(plain_20=25, A_20=20)


def test_the_question_fits_the_race():
    assert asked(PAIR) == ("After 300 steps, which will have the lower training error?", ["plain-20", "A-20"])
    two_races = Nets().add("plain-20 (race 1)", 25).add("plain-20 (race 2)", 5)
    assert asked(two_races)[1] == ["plain-20 (race 1)", "plain-20 (race 2)"]
    both = nets(**{f"{kind}_{depth}": depth for kind in ("plain", "A") for depth in (8, 14, 20, 32)})
    text, choices = asked(both)
    assert "which kind of net" in text
    assert choices == ["plain", "with a shortcut"]
    text, choices = asked(nets(**{f"plain_{depth}": depth for depth in (8, 14, 20, 32, 44, 56, 110)}))
    assert text.endswith("the shallowest or the deepest?")
    assert choices == ["plain-8", "plain-110"]
    text, choices = asked(nets(**{f"{kind}_20": 20 for kind in "ABCDEFG"}))
    assert text.endswith("which will have the lowest training error?")
    assert len(choices) == 7
    assert len(asked(nets(A_20=20))[1]) == 4
    assert "how high" in asked(nets(A_20=20))[0]
    assert asked(Nets()) is None


def test_a_kind_of_net_stands_by_its_best_arm_and_one_arm_by_its_error():
    both = nets(**{f"{kind}_{depth}": depth for kind in ("plain", "A") for depth in (8, 14, 20, 32)})
    assert said(both, "plain").endswith(
        "it is too close to call in running training error: plain-8 (plain) 8.0 % and A-8 (with a shortcut) 8.0 %, "
        "with one seed."
    )
    assert said(nets(A_20=20), "low") == (
        "The room said below 10 %. After 300 steps the running training error of A-20 is 20.0 %."
    )


def test_the_answer_holds_the_prediction_against_the_errors_at_a_common_step():
    right = (
        "The room said plain-20. After 300 steps A-20 has the lower running training error, 20.0 %; plain-20 25.0 %."
    )
    assert said(PAIR, "plain-20") == right
    live = Nets().add("plain-20", 25, state="running").add("A-20", 20, step=120, state="running")
    assert said(live, "A-20") == (
        "The room said A-20. So far (step 120 of 300) A-20 has the lower running training error, 20.0 %; "
        "plain-20 25.0 %."
    )
    halted = Nets().add("plain-20", 25, step=120, state="paused").add("A-20", 20, step=130, state="stopped")
    assert "As it stands (step 120 of 300)" in said(halted, "A-20")
    early = Nets().add("plain-20", 25).add("A-20", 20, step=49, state="running")
    assert "Too early to tell: step 49 of 300, which takes 100 steps of every run." in said(early, "A-20")
    assert said(nets(plain_20=None, A_20=None), "A-20").endswith("No figures to compare yet.")


def test_the_choice_of_the_room_stands_beside_the_best():
    three = nets(plain_20=25, A_20=20, B_20=30)
    assert said(three, "B-20").endswith("A-20 has the lowest running training error, 20.0 %; B-20 30.0 %.")
    assert said(three, "A-20").endswith("; plain-20 25.0 %.")


def seeds(**errors):
    found = Nets()
    for arm, values in errors.items():
        for seed, error in enumerate(values):
            found.add(arm.replace("_", "-"), error, seed=seed)
    return found


def test_what_the_seeds_do_not_settle_is_too_close_to_call():
    assert said(nets(plain_20=17.9, A_20=17.6), "A-20").endswith(
        "it is too close to call in running training error: A-20 17.6 % and plain-20 17.9 %, with one seed."
    )
    over = said(seeds(plain_20=[25, 31], A_20=[24, 26]), "A-20")
    assert (
        "too close to call in running training error: A-20 25.0 % (2 seeds, 24.0 to 26.0) and plain-20 28.0 %" in over
    )
    apart = seeds(plain_20=[25.2, 27.21], A_20=[25.0, 27.0])
    assert "mean of 2 seeds" in asked(apart)[0]
    assert "A-20 has the lower running training error, 26.0 % (2 seeds, 25.0 to 27.0)" in said(apart, "A-20")
    level = seeds(plain_20=[25.03, 25.04], A_20=[25.0, 25.02])
    assert "too close to call" in said(level, "A-20"), "the interval of 0.03 and 0.02 reaches zero"


def test_what_varies_from_seed_to_seed_for_both_arms_settles_nothing_against_their_difference():
    paired = seeds(plain_20=[20.5, 30.4, 40.6], A_20=[20.0, 30.0, 40.0])
    assert "A-20 has the lower running training error" in said(paired, "A-20"), "0.4 to 0.6 points at every seed"
    crossed = seeds(plain_20=[20.5, 30.4, 40.6], A_20=[40.0, 20.0, 30.0])
    assert "too close to call" in said(crossed, "A-20")


def test_differences_are_those_of_one_seed_in_whatever_order_the_runs_stand():
    found = Nets()
    for arm, seed, error in (("plain-20", 0, 20.5), ("plain-20", 1, 30.4), ("plain-20", 2, 40.6), ("A-20", 2, 40.0)):
        found.add(arm, error, seed=seed)
    found.add("A-20", 20.0, seed=0).add("A-20", 30.0, seed=1)
    assert "A-20 has the lower running training error, 30.0 %" in said(found, "A-20")


def test_only_seeds_that_all_arms_have_are_compared():
    found = seeds(plain_20=[25, 27], A_20=[20, 22]).add("A-20", 99, seed=2)
    assert "A-20 has the lower running training error, 21.0 % (2 seeds, 20.0 to 22.0)" in said(found, "A-20")
    assert {run.seed for run in taking_part(question_of(found), [*found])} == {0, 1}


@pytest.mark.parametrize(("state", "fate"), [("diverged", "diverged"), ("failed", "failed"), ("lost", "was lost")])
def test_a_run_that_broke_takes_no_part_and_is_named(state, fate):
    found = Nets().add("plain-20", 25).add("A-20", 5, step=30, state=state).add("B-20", 30)
    assert said(found, "A-20") == (
        f"The room said A-20, which {fate} at step 30. After 300 steps plain-20 has the lowest running training error, "
        "25.0 %; B-20 30.0 %."
    )
    none = Nets({replace(run, state=state, step=30): error for run, error in PAIR.items()})
    assert said(none, "A-20") == (
        f"The room said A-20, which {fate} at step 30. No run is left to compare. plain-20 {fate} at step 30."
    )


def outcome(found, key=None, **more):
    """The large words of the reveal, and which predictions were right."""
    question, told = held(found, key, **more)
    return told.outcome, dict(zip([choice.key for choice in question.choices], told.right, strict=True))


def test_the_question_of_depth_comes_first_and_is_about_plain_nets():
    four = nets(A_20=18, A_56=21, plain_20=22, plain_56=59)
    depth, arms = questions_for([*four])
    assert (depth.key, depth.text) == ("depth", "56 layers: better or worse than 20?")
    assert depth.detail == "Plain nets, training error after 300 steps."
    assert [choice.label for choice in depth.choices] == ["better", "the same", "worse"]
    assert arms.text == "After 300 steps, which will have the lowest training error?"
    transformers = [replace(run, family="vit", depth=run.depth - 6 if run.depth == 56 else 18) for run in four]
    assert questions_for(transformers)[0].text == "12 blocks (50 layers): better or worse than 4 blocks (18 layers)?"
    # Nets of different families are no pair, and nobody asks which is lowest; two of one family are still a pair.
    mixed = [replace(run, family="vit") if run.depth == 56 else run for run in four]
    assert questions_for(mixed) == []
    assert [question.key for question in questions_for([*four, *transformers])] == ["depth"]
    (residual, _) = questions_for([*nets(A_20=18, A_56=21)])
    assert residual.detail.startswith("Nets with shortcut A, ")
    assert [question.key for question in questions_for([*PAIR])] == ["arms"], "one depth"
    assert [question.key for question in questions_for([*nets(A_20=20)])] == ["range"]
    races = Nets().add("plain-20 (race 1)", 25).add("plain-20 (race 2)", 5).add("plain-56 (race 2)", 5)
    assert [question.key for question in questions_for([*races])] == ["arms"], "two nets of one depth"
    assert questions_for([]) == []


def test_the_reveal_says_in_few_words_which_predictions_were_right():
    four = nets(plain_20=22.2, plain_56=59.1, A_20=17.6, A_56=20.9)
    assert outcome(four, "depth") == (
        "Worse: plain-56 has 59 %, plain-20 22 %",
        {"better": False, "same": False, "worse": True},
    )
    better = outcome(nets(plain_20=22.2, plain_56=20.4), "depth")
    assert better == ("Better: plain-56 has 20 %, plain-20 22 %", {"better": True, "same": False, "worse": False})
    close = outcome(nets(plain_20=22.2, plain_56=22.4), "depth")
    assert close == ("About the same: plain-56 22.4 %, plain-20 22.2 %", {"better": None, "same": True, "worse": None})
    assert outcome(four) == (
        "Lowest: A-20 18 %, A-56 21 %",
        {"plain-20": False, "plain-56": False, "A-20": True, "A-56": False},
    )
    level = outcome(nets(plain_20=17.9, A_20=17.6, B_20=40))
    assert level == ("Too close to call: A-20 17.6 %, plain-20 17.9 %", {"plain-20": None, "A-20": None, "B-20": False})
    assert outcome(nets(A_20=30)) == ("A-20 has 30.0 %", {"low": False, "mid": False, "high": True, "top": False})


def test_the_reveal_of_depth_names_its_measure_and_what_broke():
    two = nets(plain_20=22.2, plain_56=59.1)
    _, told = held(two, "depth", measure=CLEAN)
    assert told.truth == "After 300 steps the clean training error of plain-56 is 59.1 %, that of plain-20 22.2 %"
    broken = Nets().add("plain-20", 25).add("plain-56", 90, step=30, state="diverged")
    question, told = held(broken, "depth")
    assert (told.outcome, set(told.right)) == ("Nothing to compare, only plain-20 is left", {None})
    assert told.rests[0] == ". plain-56 diverged at step 30."
    seeded = seeds(plain_20=[22, 24], plain_56=[50, 60])
    assert "plain-56 is 55.0 % (2 seeds, 50.0 to 60.0), that of plain-20 23.0 %" in held(seeded, "depth")[1].truth
