"""Trainings in oneDNN's layout: the numbers of the ordinary path, and bit for bit the same after resumes and forks.

The other tests of the trainer use nets too narrow for the layout; these are just wide enough.
"""

import multiprocessing
from dataclasses import replace
from functools import cache

import pytest
import torch
import torch.nn.functional as F

from engine.config import Change
from engine.events import Changed, Evaluated, Evaluating, Probed, Split, Stepped
from engine.hardware import device as device_module
from engine.models.shortcuts.strength import set_strength
from engine.probes.online.probe import OnlineProbe
from engine.training import checkpoint
from engine.training.evaluate import Evaluator, FoldedNet, Score, subset
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.engine.training import tiny

SUITING = ["none", "A", "B", "A:order=full-pre"]

needs_bf16 = pytest.mark.skipif(
    not (device_module._cpu_has_bf16() and torch.backends.mkldnn.is_available()),
    reason="this CPU has no bf16 arithmetic, or torch was built without oneDNN",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(shortcut="A", **changes):
    return tiny.config(
        **{"model__width": 16, "model__shortcut": shortcut, "optim__steps": 12, "eval_every": 6} | changes
    )


def trainer(run, state=None, rows=(), on_record=0, forked=False):
    changes = LiveEdits(run.optim, rows, on_record)
    training = Trainer(run, tiny.images(), tiny.device("bf16"), ParentState(state) if forked else state, changes)
    assert training._update._blocked
    assert training._evaluator._folded._blocked
    return training


def rows_until(training, stop):
    """Return the events up to ``stop``, and what was not yet fetched by then."""
    taken = tiny.until(training.events(), stop)
    assert stop(taken[-1])
    return taken + ([drained] if (drained := training.drain()) else [])


@pytest.mark.parametrize(
    ("shortcut", "width", "blocked"),
    [*((shortcut, 16, True) for shortcut in SUITING), ("gated", 16, False), ("none", 8, False), ("A", 8, False)],
)
def test_which_trainings_are_in_the_layout(shortcut, width, blocked):
    run = config(shortcut, model__width=width)
    for precision in ("bf16", "fp32"):
        training = tiny.trainer(run, precision)
        assert training._update._blocked == (blocked and precision == "bf16")
        assert training._evaluator._folded._blocked == (blocked and precision == "bf16")


@needs_bf16
@pytest.mark.parametrize("shortcut", SUITING)
def test_losses_and_errors_are_those_of_the_dense_path(shortcut):
    """Rounding makes up to 0.0005 nats here; images that got another's label make 0.025 and more."""
    run = config(shortcut, optim__lr=0.01, eval_every=0)
    blocked, dense = trainer(run), trainer(run)
    dense._update._blocked = False
    ours, theirs = (tiny.rows(list(training.events())) for training in (blocked, dense))
    assert [row.loss for row in ours] != [row.loss for row in theirs]  # they are two paths
    assert [row.loss for row in ours] == pytest.approx([row.loss for row in theirs], abs=0.003)
    # One image of the 16 may lie on the edge between two answers.
    assert [row.error for row in ours] == pytest.approx([row.error for row in theirs], abs=100 / 16)
    assert sum(row.error != other.error for row, other in zip(ours, theirs, strict=True)) <= 2


@cache
def trained(shortcut, strength=1.0):
    """Return a run and a net of decided answers, so that the images' losses differ by nats."""
    run = config(shortcut)
    training = trainer(run)
    set_strength(training.model, strength)
    for step in range(1, 13):
        training._update(step)
    with torch.no_grad():
        training.model.head.linear.weight.mul_(5)
    return run, training.model


def exact_logits(net, pixels):
    """Return the logits in eval mode and 32-bit floats; the net is in train mode afterwards, as before."""
    with torch.no_grad():
        logits = net.eval()(tiny.images().normalise(pixels))
    net.train()
    return logits


@needs_bf16
@pytest.mark.parametrize(("shortcut", "strength"), [*((shortcut, 1.0) for shortcut in SUITING), ("A", 0.5)])
def test_evaluations_are_those_of_the_exact_net_in_eval_mode(shortcut, strength):
    """Rounding makes up to 0.0012 nats here; images that got another's label make 0.02 and up to 60 % errors."""
    run, net = trained(shortcut, strength)
    images = tiny.images()
    # The labels are what the net itself answers: whoever gets another's label shows.
    images = replace(
        images,
        train=replace(images.train, labels=exact_logits(net, images.train.pixels).argmax(1)),
        test=replace(images.test, labels=exact_logits(net, images.test.pixels).argmax(1)),
    )
    parts = Evaluator(trainer(run).model, run, images, tiny.device("bf16")).run(
        net, [Split.TRAIN_CLEAN, Split.TEST_SUBSET, Split.TEST]
    )
    scores = {part.split: part for part in parts if isinstance(part, Score)}
    assert net.training
    for split, data, chosen in (
        (Split.TRAIN_CLEAN, images.train, torch.arange(200)),
        (Split.TEST_SUBSET, images.test, subset(images.test, 60)),
        (Split.TEST, images.test, torch.arange(120)),
    ):
        logits = exact_logits(net, data.pixels[chosen])
        exact = F.cross_entropy(logits, data.labels[chosen]).item()
        assert scores[split].images == len(chosen)
        assert scores[split].loss == pytest.approx(exact, abs=0.005)
        assert scores[split].error == pytest.approx(0, abs=3.5)  # two images of 60


@needs_bf16
@pytest.mark.parametrize("shortcut", ["B", "A:order=full-pre"])
def test_logits_of_the_folded_net_belong_to_their_images(shortcut):
    _, net = trained(shortcut)
    folded = FoldedNet(net, tiny.device("bf16"))
    folded.take(net)
    pixels = tiny.images().test.pixels
    with torch.no_grad():
        exact, rounded = exact_logits(net, pixels), folded.logits(tiny.images().normalise(pixels))
    assert (exact - rounded).abs().max() < 0.1 * exact.std()


@needs_bf16
@pytest.mark.parametrize("shortcut", SUITING[1:])
def test_resumes_in_the_middle_are_bit_equal(tmp_path, shortcut):
    run = config(shortcut)
    straight = trainer(run)
    expected = list(straight.events())
    for stop in (
        lambda event: event == Stepped(5),
        lambda event: isinstance(event, Evaluating) and event.step == 6,
    ):
        first = trainer(run)
        taken = rows_until(first, stop)
        checkpoint.save(first.state(), tmp_path / "state.pt")
        second = trainer(run, checkpoint.load(tmp_path / "state.pt"))
        taken += list(second.events())
        assert tiny.rows(taken) == tiny.rows(expected)
        assert tiny.evaluations(taken) == tiny.evaluations(expected)
        assert tiny.same_weights(second, straight)


def go_on(run, saved, ended):
    """Do the rest of a training in a process of its own."""
    torch.set_num_threads(1)
    training = trainer(run, checkpoint.load(saved))
    list(training.events())
    checkpoint.save(training.state(), ended)


@needs_bf16
@pytest.mark.slow
def test_another_process_goes_on_bit_for_bit(tmp_path):
    run, saved, ended = config(), tmp_path / "saved.pt", tmp_path / "ended.pt"
    first = trainer(run)
    events = first.events()
    tiny.until(events, lambda event: event == Stepped(5))
    checkpoint.save(first.state(), saved)
    process = multiprocessing.get_context("spawn").Process(target=go_on, args=(run, saved, ended))
    process.start()
    list(events)  # the first goes on too
    process.join(240)
    assert process.exitcode == 0
    theirs, ours = checkpoint.load(ended), first.state()
    assert theirs["progress"]["step"] == 12
    for kind in ("model", "momentum"):
        assert theirs[kind].keys() == ours[kind].keys()
        assert all(torch.equal(theirs[kind][name], ours[kind][name]) for name in ours[kind])


@needs_bf16
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_a_fork_equals_its_parent_until_its_rate_changes(shortcut):
    run = config(shortcut, optim__steps=14)
    parent = trainer(run)
    events = parent.events()
    tiny.until(events, lambda event: event == Stepped(4))
    parent.drain()
    state = parent.state()
    after = list(events)
    child = trainer(run, state, [Change(1, "lr", 0.02, 9)], on_record=4, forked=True)
    own, theirs = list(child.events()), tiny.rows(after)
    assert [event.step for event in own if isinstance(event, Changed)] == [9]
    mine = tiny.rows(own)
    assert [row.step for row in mine] == [row.step for row in theirs] == list(range(5, 15))
    assert mine[:4] == theirs[:4]
    # Update 9 is the first with the new rate; the loss before it is still the parent's.
    assert (mine[4].loss, mine[4].lr, theirs[4].lr) == (theirs[4].loss, 0.02, 0.1)
    assert all(row.loss != other.loss for row, other in zip(mine[5:], theirs[5:], strict=True))
    evaluated, expected = tiny.evaluations(own), tiny.evaluations(after)
    assert evaluated[:2] == expected[:2]
    assert {step for step, *_ in evaluated[:2]} == {6}
    same = trainer(run, state, on_record=4, forked=True)
    assert tiny.rows(list(same.events())) == theirs
    assert tiny.same_weights(same, parent)


@needs_bf16
@pytest.mark.parametrize("order", ["", ":order=full-pre"])
def test_without_strength_a_residual_net_is_its_plain_twin(order):
    plain, residual = trainer(config("none" + order)), trainer(config("A" + order), rows=[Change(1, "strength", 0, 1)])
    expected, found = list(plain.events()), list(residual.events())
    assert tiny.same_weights(plain, residual)
    assert tiny.rows(found) == tiny.rows(expected)
    assert tiny.evaluations(found) == tiny.evaluations(expected)


@needs_bf16
@pytest.mark.parametrize("shortcut", ["B", "A:order=full-pre"])
def test_neither_probes_nor_evaluations_change_the_weights(shortcut):
    bare = trainer(config(shortcut, eval_every=0))
    expected = list(bare.events())
    run = config(shortcut, eval_every=3, probe__every=4)
    watched = trainer(run)
    watched.probe = OnlineProbe(run, watched.images, watched.model, watched.device)
    events = list(watched.events())
    assert [event.step for event in events if isinstance(event, Probed)] == [0, 1, 2, 4, 5, 8, 10, 12]
    assert {event.step for event in events if isinstance(event, Evaluated)} == {3, 6, 9, 12}
    assert tiny.rows(events) == tiny.rows(expected)
    assert tiny.same_weights(watched, bare)
