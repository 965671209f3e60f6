"""Changes of a live run: when they come into force, what follows from them, and that resumes repeat them exactly."""

from itertools import pairwise

import pytest
import torch

from engine.config import Change, check_change
from engine.errors import CheckpointError, ConfigError
from engine.events import Changed, Evaluated, Evaluating, Finished, LogEntry, Probed, Split, Started, Stepped
from engine.models.shortcuts.strength import set_strength
from engine.probes.online.probe import OnlineProbe
from engine.training import checkpoint
from engine.training import trainer as trainer_module
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.engine.training import tiny


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(run, rows=(), on_record=0, state=None, forked=False, precision="fp32"):
    changes = LiveEdits(run.optim, rows, on_record)
    return Trainer(run, tiny.images(), tiny.device(precision), ParentState(state) if forked else state, changes)


def strengths(model):
    return {module.strength for module in model.modules() if hasattr(module, "strength")}


def rates(events):
    return {row.step: row.lr for row in tiny.rows(events)}


def changed(events):
    return [(event.step, event.change, event.text) for event in events if isinstance(event, Changed)]


ALL = (Change(1, "lr", 0.03, 7), Change(2, "strength", 0.25, 9), Change(3, "weight_decay", 0.01, 9))


def test_a_change_holds_from_the_next_update_on_and_says_so_before_it():
    run = tiny.config()
    training = trainer(run)
    events = training.events()
    taken = tiny.until(events, lambda event: event == Stepped(6))
    training.live_edits.add([Change(4, "lr", 0.03)])
    taken += [next(events) for _ in range(2)]
    assert [event for event in taken if isinstance(event, Changed)] == [Changed(7, 4, "learning rate 0.1 to 0.03")]
    training.live_edits.add([Change(4, "lr", 0.03), Change(5, "strength", 0.25), Change(6, "lr", 0.01)])
    taken += list(events)
    assert changed(taken) == [
        (7, 4, "learning rate 0.1 to 0.03"),
        (8, 5, "shortcut strength 1 to 0.25"),
        (8, 6, "learning rate 0.03 to 0.01"),
    ]
    assert not [event for event in taken if isinstance(event, LogEntry)]
    assert [rates(taken)[step] for step in (6, 7, 8, 24)] == [0.1, 0.03, 0.01, 0.01]
    assert strengths(training.model) == {0.25}
    assert training.state()["progress"]["changes"] == [[4, "lr", 0.03, 7], [5, "strength", 0.25, 8], [6, "lr", 0.01, 8]]


def test_every_change_changes_the_weights():
    run = tiny.config()
    plain = trainer(run)
    list(plain.events())
    for key, value in (("lr", 0.03), ("strength", 0.25), ("weight_decay", 0.01)):
        other = trainer(run, [Change(1, key, value, 7)])
        list(other.events())
        assert not tiny.same_weights(plain, other)
    same = trainer(run, [Change(1, "lr", 0.1, 7), Change(2, "strength", 1.0, 7), Change(3, "weight_decay", 1e-4, 7)])
    list(same.events())
    assert tiny.same_weights(plain, same)


def test_drops_that_come_after_a_change_divide_it():
    run = tiny.config(optim__drops=[0.5, 0.75])  # after steps 12 and 18
    events = list(trainer(run, [Change(1, "lr", 0.5, 14)]).events())
    assert [rates(events)[step] for step in (12, 13, 14, 18, 19)] == pytest.approx([0.1, 0.01, 0.5, 0.5, 0.05])
    at_a_drop = list(trainer(run, [Change(1, "lr", 0.5, 13)]).events())
    assert [rates(at_a_drop)[step] for step in (12, 13, 19)] == pytest.approx([0.1, 0.5, 0.05])
    assert changed(at_a_drop) == [(13, 1, "learning rate 0.1 to 0.5")]
    remarks = [(event.step, event.text) for event in at_a_drop if isinstance(event, LogEntry)]
    assert remarks == [(19, "learning rate 0.5 to 0.05")]


def test_a_rate_ends_the_warm_up():
    run = tiny.config(optim__warmup_lr=0.001, optim__warmup_error=0.5)
    events = list(trainer(run, [Change(1, "lr", 0.2, 5)]).events())
    assert [rates(events)[step] for step in (1, 4, 5, 24)] == [0.001, 0.001, 0.2, 0.2]
    assert changed(events) == [(5, 1, "learning rate 0.001 to 0.2")]
    assert not [event for event in events if isinstance(event, LogEntry)]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_resumes_take_changes_over_at_the_same_steps(tmp_path, precision, monkeypatch):
    run = tiny.config(optim__drops=[0.5])
    straight = trainer(run, ALL, precision=precision)
    expected = list(straight.events())
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)
    for stop in (
        lambda event: event == Stepped(5),  # before: as after kill -9 with an older checkpoint
        lambda event: event == Stepped(8),  # between
        lambda event: isinstance(event, Changed) and event.change == 2,  # taken over, not gone by yet
        lambda event: isinstance(event, Evaluating) and event.step == 10,
        lambda event: event == Stepped(17),
    ):
        first = trainer(run, ALL, precision=precision)
        taken = tiny.until(first.events(), stop)
        checkpoint.save(first.state(), tmp_path / "state.pt")
        second = trainer(run, ALL, on_record=20, state=checkpoint.load(tmp_path / "state.pt"), precision=precision)
        taken += list(second.events())
        assert tiny.rows(taken) == tiny.rows(expected)
        assert tiny.evaluations(taken) == tiny.evaluations(expected)
        assert tiny.same_weights(second, straight)
        assert sorted(set(changed(taken))) == sorted(changed(expected))


def test_a_new_change_waits_until_what_is_on_record_is_done_again():
    run = tiny.config()
    first = trainer(run)
    tiny.until(first.events(), lambda event: event == Stepped(5))
    # The worker was killed at step 12; then somebody changed the rate.
    second = trainer(run, [Change(1, "lr", 0.03)], on_record=12, state=first.state())
    events = list(second.events())
    assert changed(events) == [(13, 1, "learning rate 0.1 to 0.03")]
    assert {rates(events)[step] for step in range(6, 13)} == {0.1}
    straight = trainer(run, [Change(1, "lr", 0.03, 13)])
    list(straight.events())
    assert tiny.same_weights(second, straight)


def test_what_a_worker_took_over_but_could_not_write_down_is_told_again():
    run = tiny.config()
    first = trainer(run, [Change(1, "lr", 0.03)])
    tiny.until(first.events(), lambda event: event == Stepped(5))
    second = trainer(run, [Change(1, "lr", 0.03)], on_record=3, state=first.state())
    events = list(second.events())
    assert changed(events) == [(1, 1, "learning rate to 0.03")]
    assert set(rates(events).values()) == {0.03}


def test_without_strength_a_residual_net_is_its_plain_twin():
    plain, residual = (
        trainer(tiny.config(model__shortcut="none")),
        trainer(tiny.config(), [Change(1, "strength", 0, 1)]),
    )
    expected, found = list(plain.events()), list(residual.events())
    assert tiny.same_weights(plain, residual)
    assert tiny.rows(found) == tiny.rows(expected)
    assert tiny.evaluations(found) == tiny.evaluations(expected)


@pytest.mark.parametrize("recalibrate", [False, True])
def test_evaluation_and_probes_see_the_strength(recalibrate):
    """A net at strength 0 is evaluated like its plain twin, also when it trained with its shortcuts before."""
    run = tiny.config(recalibrate_bn=recalibrate, probe__every=12)
    training = trainer(run, [Change(1, "strength", 0.0, 12)])
    training.probe = OnlineProbe(run, training.images, training.model, training.device)
    events = training.events()
    taken = tiny.until(events, lambda event: isinstance(event, Evaluated) and event.step == 20)
    twin = trainer(tiny.config(model__shortcut="none", recalibrate_bn=recalibrate))
    twin.model.load_state_dict(training.model.state_dict())
    scores = [part for part in twin._evaluator.run(twin.model, [Split.TRAIN_CLEAN]) if hasattr(part, "loss")]
    assert (scores[0].loss, scores[0].error) == (taken[-1].loss, taken[-1].error)
    probed = next(event for event in events if isinstance(event, Probed))
    twin.model.load_state_dict(training.model.state_dict())
    same = OnlineProbe(run, twin.images, twin.model, twin.device).measure(twin.model, twin.optimizer, probed.step, 0.1)
    assert (same["response_std"] == probed.arrays["response_std"]).all()
    assert (same["gradient_weight"] == probed.arrays["gradient_weight"]).all()


def test_strength_is_one_number_for_all_blocks_and_no_weight():
    model = trainer(tiny.config()).model
    names = set(model.state_dict())
    set_strength(model, 0.5)
    assert strengths(model) == {0.5}
    assert set(model.state_dict()) == names


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("momentum", "0.5", "'momentum' cannot be changed in a live run; choose from lr, weight_decay, strength"),
        ("lr", "0", "lr (learning rate) is a number above 0 and at most 100 (got 0)"),
        ("lr", "fast", "lr (learning rate) is a number above 0 and at most 100 (got fast)"),
        ("lr", "nan", "lr (learning rate) is a number above 0 and at most 100 (got nan)"),
        ("weight_decay", "-1", "weight_decay (weight decay) is a number from 0 to 1 (got -1)"),
        ("strength", "1.5", "strength (shortcut strength) is a number from 0 to 1 (got 1.5)"),
    ],
)
def test_wrong_changes_name_keys_or_range(key, value, words):
    with pytest.raises(ConfigError) as caught:
        check_change(key, value)
    assert str(caught.value) == words


# --- longer than planned --------------------------------------------------------------------------------------------


def extended(run, *totals):
    ends = (run.optim.steps, *totals)
    return [Change(10 + index, "steps", end, before) for index, (before, end) in enumerate(pairwise(ends))]


def test_an_extended_run_keeps_its_first_steps_and_goes_on_as_one():
    run = tiny.config(optim__drops=[0.5], eval_every=0)
    first = trainer(run)
    short = list(first.events())
    second = trainer(run, extended(run, 60), on_record=24, state=first.state())
    longer = list(second.events())
    assert isinstance(longer[0], Started)
    assert (longer[0].step, longer[0].total_steps, longer[-1].step) == (24, 60, 60)
    assert [row.step for row in tiny.rows(longer)] == list(range(25, 61))
    assert set(rates(longer).values()) == {0.1 * 0.1}
    assert {(event[0], event[1]) for event in tiny.evaluations(longer)} == {
        (60, Split.TRAIN_CLEAN), (60, Split.TEST_SUBSET), (60, Split.TEST),
    }  # fmt: skip
    whole = trainer(run, extended(run, 60))
    events = list(whole.events())
    assert tiny.rows(events) == tiny.rows(short) + tiny.rows(longer)
    assert tiny.evaluations(events) == tiny.evaluations(short) + tiny.evaluations(longer)
    assert tiny.same_weights(whole, second)
    third = trainer(run, extended(run, 60, 70), on_record=60, state=second.state())
    assert list(third.events())[-1].step == 70


def test_an_extension_survives_a_kill_before_the_old_end():
    run = tiny.config()
    whole = trainer(run, extended(run, 40))
    expected = list(whole.events())
    first = trainer(run)
    taken = tiny.until(first.events(), lambda event: event == Stepped(20))
    second = trainer(run, extended(run, 40), on_record=24, state=first.state())
    taken += list(second.events())
    assert tiny.rows(taken) == tiny.rows(expected)
    assert tiny.evaluations(taken) == tiny.evaluations(expected)
    assert tiny.same_weights(whole, second)


# --- forks ----------------------------------------------------------------------------------------------------------


def parent_at(step, run=None, rows=()):
    parent = trainer(run or tiny.config(), rows)
    events = parent.events()
    before = tiny.until(events, lambda event: event == Stepped(step))
    before += [drained] if (drained := parent.drain()) else []
    return parent.state(), before, [*events], parent


@pytest.mark.parametrize("shortcut", ["none", "B"])
def test_a_fork_without_changes_equals_its_parent(shortcut):
    run = tiny.config(model__shortcut=shortcut, optim__drops=[0.75])
    state, _, after, parent = parent_at(10, run, [Change(1, "lr", 0.05, 4)])
    child = trainer(run, [Change(2, "lr", 0.05, 4)], on_record=10, state=state, forked=True)
    events = list(child.events())
    assert tiny.rows(events) == tiny.rows(after)
    assert tiny.evaluations(events) == tiny.evaluations(after)
    assert tiny.same_weights(child, parent)
    assert child.state()["progress"]["changes"] == [[2, "lr", 0.05, 4]]


def test_a_fork_equals_its_parent_until_its_change_takes_effect():
    run = tiny.config()
    state, _, after, parent = parent_at(10)
    child = trainer(tiny.config(optim__drops=[0.75]), on_record=10, state=state, forked=True)  # a drop after step 18
    events = list(child.events())
    theirs, own = tiny.rows(after), tiny.rows(events)
    assert [row for row in own if row.step <= 18] == [row for row in theirs if row.step <= 18]
    assert own[9].loss != theirs[9].loss
    assert not tiny.same_weights(child, parent)
    assert run.optim.drops == ()


def test_a_rate_given_to_a_fork_holds_at_its_first_step():
    state, before, _, _ = parent_at(10)
    run = tiny.config(optim__lr=0.02)
    child = trainer(run, [Change(5, "lr", 0.02)], on_record=10, state=state, forked=True)
    events = list(child.events())
    assert changed(events) == [(11, 5, "learning rate 0.1 to 0.02")]
    assert set(rates(events).values()) == {0.02}
    # Its own checkpoints are of its own config, and resume like any other.
    middle = trainer(run, [Change(5, "lr", 0.02)], on_record=10, state=state, forked=True)
    taken = tiny.until(middle.events(), lambda event: event == Stepped(15))
    resumed = trainer(run, [Change(5, "lr", 0.02, 11)], on_record=15, state=middle.state())
    taken += list(resumed.events())
    assert tiny.rows(taken) == tiny.rows(events)
    assert tiny.same_weights(child, resumed)


def test_a_fork_may_cut_the_shortcuts_change_batches_seed_and_length():
    state, _, _, _ = parent_at(10)
    for changes in (
        {"model__shortcut": "none"}, {"optim__batch_size": 32}, {"seed": 5}, {"optim__steps": 40},
        {"data__flip": False}, {"optim__momentum": 0.5}, {"precision": "fp32"}, {"eval_every": 5},
    ):  # fmt: skip
        run = tiny.config(**changes)
        child = trainer(run, on_record=10, state=state, forked=True)
        assert torch.equal(child.model.state_dict()["head.linear.weight"], state["model"]["head.linear.weight"])
        assert child.state()["momentum"].keys() == state["momentum"].keys()
        events = list(child.events())
        assert isinstance(events[-1], Finished)
        assert tiny.rows(events)[0].step == 11


def test_running_means_of_a_fork_with_other_batches_count_errors_in_percent():
    run = tiny.config(optim__steps=60, eval_every=60)
    parent = trainer(run)
    tiny.until(parent.events(), lambda event: event == Stepped(10))
    state = parent.state()  # with figures that were not fetched
    expected = [row.error for row in parent.drain().rows] if state["figures"]["gathered"] else None
    child = trainer(
        tiny.config(optim__steps=60, eval_every=60, optim__batch_size=32), on_record=10, state=state, forked=True
    )
    window = child.state()["figures"]["window"]
    assert child.state()["figures"]["gathered"] == []
    assert len(window) == 10
    assert expected is None or [error for _, error in window][-len(expected) :] == expected


def test_a_fork_to_another_net_is_refused_naming_tensors():
    state = trainer(tiny.config()).state()
    with pytest.raises(
        CheckpointError, match=r"other tensors \(stage1\.block1\.shortcut\.conv\.weight, .* and \d+ more\)"
    ):
        trainer(tiny.config(model__shortcut="C"), state=state, forked=True)
    with pytest.raises(CheckpointError, match="another training"):
        trainer(tiny.config(seed=3), state=state)
    with pytest.raises(CheckpointError, match="other images"):
        trainer(tiny.config(seed=3), state=state | {"data": "1" * 64}, forked=True)
    trainer(tiny.config(data__name="cifar10"), state=state | {"data": "1" * 64}, forked=True)


def saved_at(run, step):
    training = trainer(run)
    tiny.until(training.events(), lambda event: event == Stepped(step))
    return training.state()


def test_a_fork_that_ends_the_warm_up_trains_at_the_full_rate():
    state = saved_at(tiny.config(optim__warmup_lr=0.001, optim__warmup_error=0.5), 4)
    run = tiny.config(optim__warmup_lr=None)
    found = rates(trainer(run, state=state, forked=True).events())
    assert found[5] == run.optim.lr_at(5)


def test_a_fork_measures_of_what_its_parent_still_had_to_what_it_has_itself():
    state = saved_at(tiny.config(), 4)
    state["progress"]["due"] = ["train_clean", "test_subset", "validation", "test"]
    events = list(trainer(tiny.config(optim__lr=0.02), state=state, forked=True).events())
    assert isinstance(events[-1], Finished)
    first = [event.split for event in events if isinstance(event, Evaluated) and event.step == 4]
    assert first == [Split.TRAIN_CLEAN, Split.TEST_SUBSET]
