"""AdamW and the linear warm-up: arithmetic by hand, resume and fork bit for bit, live edits, update-to-weight ratio."""

import numpy as np
import pytest
import torch

from engine.config import Change
from engine.events import Changed, Evaluating, LogEntry, Stepped
from engine.probes.online.hooks import find_layers
from engine.probes.online.probe import OnlineProbe
from engine.training import checkpoint
from engine.training import trainer as trainer_module
from engine.training.live_edits import LiveEdits
from engine.training.optim import OneCallAdamW
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.engine.training import tiny

ADAMW = {"optim__optimizer": "adamw", "optim__lr": 0.002, "optim__weight_decay": 0.1}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(run, rows=(), state=None, on_record=0):
    return Trainer(run, tiny.images(), tiny.device(), state, LiveEdits(run.optim, rows, on_record))


def rates(events):
    return {row.step: row.lr for row in tiny.rows(events)}


def test_updates_are_those_of_the_paper():
    """Loshchilov, Hutter 2017, Algorithm 2: decay of the weights beside the step, three times."""
    training = trainer(tiny.config(**ADAMW))
    events = training.events()
    parameters = dict(training.model.named_parameters())
    first, second = ({name: torch.zeros_like(parameter) for name, parameter in parameters.items()} for _ in range(2))
    for step in (1, 2, 3):
        before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        tiny.until(events, lambda event, step=step: event == Stepped(step))
        for name, parameter in parameters.items():
            first[name] = 0.9 * first[name] + 0.1 * parameter.grad
            second[name] = 0.999 * second[name] + 0.001 * parameter.grad**2
            divided = first[name] / (1 - 0.9**step) / ((second[name] / (1 - 0.999**step)).sqrt() + 1e-8)
            expected = before[name] - 0.002 * (divided + 0.1 * before[name])
            torch.testing.assert_close(parameter.detach(), expected, msg=name)


def test_one_call_is_pytorchs_adamw_bit_for_bit():
    """With a state of its own, with decay and without, for tensors of every size of a vector."""
    shapes = [(), (3,), (8,), (17,), (5, 7), (64, 64)]
    generator = torch.Generator().manual_seed(1)
    starts = [torch.randn(shape, generator=generator) for shape in shapes]
    for decay in (0.0, 0.1):
        ours, theirs = ([start.clone().requires_grad_() for start in starts] for _ in range(2))
        one = OneCallAdamW(ours, lr=0.01, weight_decay=decay, fused=True)
        other = torch.optim.AdamW(theirs, lr=0.01, weight_decay=decay, fused=True)
        for rate in (0.01, 0.03, 0.002):
            for optimizer in (one, other):
                optimizer.param_groups[0]["lr"] = rate
            for a, b in zip(ours, theirs, strict=True):
                a.grad = torch.randn(a.shape, generator=generator)
                b.grad = a.grad.clone()
            one.step()
            other.step()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
        for a, b in zip(ours, theirs, strict=True):
            assert all(torch.equal(one.state[a][key], other.state[b][key]) for key in ("exp_avg", "exp_avg_sq", "step"))


def test_pause_and_resume_equal_no_pause(tmp_path, monkeypatch):
    run = tiny.config(**ADAMW, optim__warmup_steps=15, optim__drops=[0.75])
    rows = [Change(1, "weight_decay", 0.01, 7), Change(2, "lr", 0.003, 16)]
    straight = trainer(run, rows)
    expected = list(straight.events())
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)
    for stop in (Stepped(6), Stepped(13), Evaluating(20, 1, 2)):
        first = trainer(run, rows)
        taken = tiny.until(first.events(), lambda event, stop=stop: event == stop)
        assert taken[-1] == stop
        checkpoint.save(first.state(), tmp_path / "state.pt")
        second = trainer(run, rows, checkpoint.load(tmp_path / "state.pt"), on_record=20)
        taken += list(second.events())
        assert tiny.rows(taken) == tiny.rows(expected)
        assert tiny.evaluations(taken) == tiny.evaluations(expected)
        assert tiny.same_weights(second, straight)


def test_a_fork_equals_its_parent_and_the_change_of_the_rate_acts():
    run = tiny.config(**ADAMW)
    parent = trainer(run)
    events = parent.events()
    tiny.until(events, lambda event: event == Stepped(10))
    parent.drain()
    state = parent.state()
    after = list(events)
    twin = trainer(run, state=ParentState(state), on_record=10)
    assert tiny.rows(list(twin.events())) == tiny.rows(after)
    assert tiny.same_weights(twin, parent)
    child = trainer(run, [Change(1, "lr", 0.01)], state=ParentState(state), on_record=10)
    list(child.events())
    assert not tiny.same_weights(child, parent)
    assert child.state()["updates"]["head.linear.weight"] == 24


def test_a_warm_up_is_logged_once_at_its_end():
    events = list(trainer(tiny.config(optim__warmup_steps=10)).events())
    assert rates(events) == pytest.approx({step: 0.1 * min(1, step / 10) for step in range(1, 25)})
    remarks = [event for event in events if isinstance(event, LogEntry)]
    assert remarks == [LogEntry(10, "warmup", "learning rate 0.1, after a warm-up of 10 steps")]


def test_a_rate_ends_the_warm_up():
    events = list(trainer(tiny.config(optim__warmup_steps=10), [Change(1, "lr", 0.3, 5)]).events())
    assert [rates(events)[step] for step in (1, 4, 5, 6, 24)] == pytest.approx([0.01, 0.04, 0.3, 0.3, 0.3])
    assert [event for event in events if isinstance(event, Changed | LogEntry)] == [
        Changed(5, 1, "learning rate 0.04 to 0.3")
    ]


def test_a_fork_that_ends_the_warm_up_trains_at_the_full_rate():
    first = trainer(tiny.config(optim__warmup_steps=10))
    tiny.until(first.events(), lambda event: event == Stepped(4))
    events = list(trainer(tiny.config(), state=ParentState(first.state()), on_record=4).events())
    assert rates(events)[5] == 0.1
    assert [event.text for event in events if isinstance(event, LogEntry)] == ["learning rate 0.04 to 0.1"]


@pytest.mark.parametrize("settings", [ADAMW, {"optim__weight_decay": 0.01}])
def test_the_update_ratio_is_the_size_of_the_last_change(settings):
    training = trainer(tiny.config(**settings, optim__warmup_steps=10))
    probe = OnlineProbe(tiny.config(probe__images=8), tiny.images(), training.model, tiny.device())
    weights = [layer.conv.weight for layer in find_layers(training.model)]
    events = training.events()
    tiny.until(events, lambda event: event == Stepped(5))
    before = [weight.detach().clone() for weight in weights]
    tiny.until(events, lambda event: event == Stepped(6))
    changes = [((now - old).norm() / now.norm()).item() for now, old in zip(weights, before, strict=True)]
    found = probe.measure(training.model, training.optimizer, 6, training.progress.lr)["update_ratio"]
    np.testing.assert_allclose(found, changes, rtol=1e-4)
