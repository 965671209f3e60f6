"""Every shortcut: a fork equals its parent until its change takes effect, and live changes are exact after a resume."""

import pytest
import torch

from engine.config import Change
from engine.events import Stepped
from engine.models.registry import SHORTCUTS
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.contracts.variants import ROWS
from tests.engine.training import tiny

#: One without a shortcut, one without parameters, one that projects, one with a factor, one by chance.
OFTEN = {"none", "A", "B", "gated", "stochastic-depth"}


def rarely(names):
    """Leave the other rows to the slower tier."""
    return [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(run, rows=(), state=None, forked=False, on_record=0):
    changes = LiveEdits(run.optim, rows, on_record)
    return Trainer(run, tiny.images(), tiny.device(), ParentState(state) if forked else state, changes)


def parent_at(step, run, rows=()):
    """Return the state after ``step`` updates, the events that follow, and the trainer at its end."""
    parent = trainer(run, rows)
    events = parent.events()
    tiny.until(events, lambda event: event == Stepped(step))
    parent.drain()
    return parent.state(), list(events), parent


@pytest.mark.parametrize("shortcut", rarely(ROWS))
def test_a_fork_equals_its_parent_bit_for_bit_until_its_change_takes_effect(shortcut):
    run = tiny.config(model__shortcut=shortcut, optim__steps=12)
    state, after, parent = parent_at(6, run)
    child = trainer(run, state=state, forked=True, on_record=6)
    events = list(child.events())
    assert tiny.rows(events) == tiny.rows(after)
    assert tiny.evaluations(events) == tiny.evaluations(after)
    assert tiny.same_weights(child, parent)
    # One that differs in a drop after step 9.
    changed = tiny.config(model__shortcut=shortcut, optim__steps=12, optim__drops=[0.75])
    child = trainer(changed, state=state, forked=True, on_record=6)
    events = list(child.events())
    theirs, own = tiny.rows(after), tiny.rows(events)
    assert own[:3] == theirs[:3]
    assert own[4].loss != theirs[4].loss
    assert not tiny.same_weights(child, parent)


@pytest.mark.parametrize("shortcut", rarely(name for name in ROWS if SHORTCUTS[name].builder))
def test_strength_acts_at_its_step_and_is_kept_by_a_resume(shortcut):
    run, rows = tiny.config(model__shortcut=shortcut, optim__steps=8), [Change(1, "strength", 0.25, 3)]
    state, after, changed = parent_at(5, run, rows)
    resumed = trainer(run, rows, state)
    assert tiny.rows(list(resumed.events())) == tiny.rows(after)
    assert tiny.same_weights(resumed, changed)
    _, unchanged, plain = parent_at(5, run)
    assert tiny.rows(unchanged)[0].loss != tiny.rows(after)[0].loss
    _, at_one, same = parent_at(5, run, [Change(1, "strength", 1.0, 3)])
    assert tiny.rows(at_one) == tiny.rows(unchanged)
    assert tiny.same_weights(same, plain)
