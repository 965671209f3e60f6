"""What makes a run an arm of its own, in words."""

import pytest

from engine.analysis.difference import RecordedRun, difference
from engine.config import STEPS, Change, RunConfig, leaves, replace

PLAN = leaves(RunConfig())


def changes(*rows):
    return [Change(number, *row) for number, row in enumerate(rows, start=1)]


def run(*rows, settings=PLAN, parent=None, parent_step=0, planned=PLAN):
    return RecordedRun(9, settings, planned, changes(*rows), parent, parent_step)


def other(**settings):
    return leaves(replace(RunConfig(), {key.replace("__", "."): value for key, value in settings.items()}))


def said(*rows, **more):
    found = difference(run(*rows, **more))
    return found and (found.text, found.name)


@pytest.mark.parametrize(
    ("rows", "text", "name"),
    [
        ([("strength", 0.0, 169)], "shortcuts cut at step 169", "shortcuts cut at 169"),
        ([("strength", 0.5, 1200)], "shortcut strength 0.5 from step 1,200", "shortcut strength 0.5 from 1,200"),
        ([("lr", 0.01, 60)], "learning rate 0.01 from step 60", "learning rate 0.01 from 60"),
        ([("weight_decay", 0.001, 7)], "weight decay 0.001 from step 7", "weight decay 0.001 from 7"),
        ([("strength", 0.0, 5), ("strength", 1.0, 9)], "shortcuts cut at step 5, shortcuts whole again from step 9",
         "shortcuts cut at 5, shortcuts whole again from 9"),
        ([("lr", 0.01, 9), ("lr", 0.02, 10), ("lr", 0.03, 11)], "learning rate 0.01 from step 9, learning rate 0.02 "
         "from step 10, learning rate 0.03 from step 11", "learning rate 0.01 from 9, learning rate 0.02 from 10 and 1 "
         "more"),
    ],
)  # fmt: skip
def test_a_change_of_a_live_run_says_from_which_step_on(rows, text, name):
    assert said(*rows) == (text, name)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(STEPS, 600, 300)],
        [("strength", 1.0, 9)],
        [("lr", 0.1, 9)],
        [("weight_decay", 0.0001, 9)],
        [("strength", 0.0, None)],
        [("strength", 0.0, 9), ("strength", 1.0, 9)],
    ],
)
def test_extensions_and_what_changes_nothing_are_no_difference(rows):
    assert said(*rows) is None


def test_a_rate_that_a_schedule_changes_is_a_difference_whatever_it_began_with():
    dropping = other(optim__drops=[0.5])
    assert said(("lr", 0.1, 150), settings=dropping, planned=dropping)[0] == "learning rate 0.1 from step 150"
    rising = other(optim__warmup_steps=50)
    assert said(("lr", 0.1, 9), settings=rising, planned=rising)[0] == "learning rate 0.1 from step 9"
    assert said(("strength", 0.0, 9), ("strength", 0.0, 12))[0] == "shortcuts cut at step 9"


def test_a_fork_is_an_arm_of_its_own_with_or_without_a_difference():
    assert said(parent=4, parent_step=60) == ("fork of run 4 at step 60", "fork at 60")
    for step in (None, 61):
        cut = said(("strength", 0.0, step), parent=4, parent_step=60)
        assert cut == ("fork of run 4 at step 60, shortcuts cut", "shortcuts cut at 60")
    later = said(("lr", 0.05, 30), ("lr", 0.01, 90), parent=4, parent_step=60)
    assert later[0] == "fork of run 4 at step 60, learning rate 0.05 from step 30, learning rate 0.01 from step 90"
    slower = {"settings": other(optim__lr=0.01, optim__batch_size=64), "parent": 4, "parent_step": 60}
    assert said(("lr", 0.01, None), **slower) == (
        "fork of run 4 at step 60, batch size 64, learning rate 0.01",
        "batch size 64 from 60, learning rate 0.01 from 60",
    )
    assert said(**slower | {"planned": {}})[0] == "fork of run 4 at step 60", "its parent was deleted"


def test_another_recipe_than_was_planned_is_a_difference_and_the_machine_is_none():
    heavy = other(optim__weight_decay=0.001, data__flip=False)
    assert said(settings=heavy) == ("flip off, weight decay 0.001", "flip off, weight decay 0.001")
    assert said(settings=other(optim__drops=[0.5, 0.75]))[0] == "drops 0.5, 0.75"
    same = other(seed=3, device="cpu", threads=2, probe__images=0, eval_every=7, optim__tune_steps=9, model__depth=56)
    assert said(settings=same) is None
    tuned = other(optim__lr="tuned")
    assert said(settings=other(optim__lr=0.03), planned=tuned) is None
    assert difference(run(settings=heavy)).recipe and not difference(run(settings=heavy)).changed
