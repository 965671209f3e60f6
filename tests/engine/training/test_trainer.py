import math
import time

import pytest
import torch

from engine.config import STEPS, Change
from engine.data.images import hold_out
from engine.errors import CheckpointError, ConfigError
from engine.events import (
    Diverged,
    Evaluated,
    Evaluating,
    Finished,
    LogEntry,
    Measured,
    Split,
    Started,
    Stepped,
)  # fmt: skip
from engine.models.registry import variant
from engine.training import checkpoint
from engine.training import trainer as trainer_module
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.contracts.variants import ROWS, one_change, shallow
from tests.engine.training import tiny


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_order_of_events():
    run = tiny.config()
    events = list(tiny.trainer(run).events())
    assert isinstance(events[0], Started)
    assert (events[0].step, events[0].total_steps, events[0].train_images) == (0, 24, 200)
    assert isinstance(events[-1], Finished)
    assert 0 < events[-1].evaluation_share < 1
    assert [event.step for event in events if isinstance(event, Stepped)] == list(range(1, 25))
    assert [row.step for row in tiny.rows(events)] == list(range(1, 25))
    for event in events:
        if isinstance(event, Evaluated):  # all figures of a step are out before it is evaluated
            before = tiny.rows(events[: events.index(event)])
            assert before[-1].step == event.step


def test_evaluation_cadence_and_splits():
    events = list(tiny.trainer(tiny.config()).events())
    done = [(step, split, images) for step, split, _, _, images in tiny.evaluations(events)]
    assert done == [
        (10, Split.TRAIN_CLEAN, 60), (10, Split.TEST_SUBSET, 60),
        (20, Split.TRAIN_CLEAN, 60), (20, Split.TEST_SUBSET, 60),
        (24, Split.TRAIN_CLEAN, 200), (24, Split.TEST_SUBSET, 60), (24, Split.TEST, 120),
    ]  # fmt: skip
    assert {event.bn for event in events if isinstance(event, Evaluated)} == {"running"}


def test_every_end_has_the_larger_training_subset_and_the_whole_test():
    config = tiny.config()
    edits = LiveEdits(config.optim, [Change(1, STEPS, 36, 24)])
    events = list(Trainer(config, tiny.images(), tiny.device(), None, edits).events())
    done = {(step, split): images for step, split, _, _, images in tiny.evaluations(events)}
    assert {step: images for (step, split), images in done.items() if split == Split.TRAIN_CLEAN} == {
        step: 200 if step in (24, 36) else 60 for step, _ in done
    }
    assert [step for step, split in done if split == Split.TEST] == [24, 36]


def test_held_out_images_are_not_trained_on_and_measured_as_their_own_split():
    run = tiny.config(data__validation=90)
    images = hold_out(tiny.images(), 90)
    events = list(Trainer(run, images, tiny.device()).events())
    assert events[0].train_images == 110
    done = [(step, split, count) for step, split, _, _, count in tiny.evaluations(events)]
    assert done[:3] == [(10, Split.TRAIN_CLEAN, 60), (10, Split.TEST_SUBSET, 60), (10, Split.VALIDATION, 60)]
    assert [entry for entry in done if entry[0] == 24] == [
        (24, Split.TRAIN_CLEAN, 110), (24, Split.VALIDATION, 90), (24, Split.TEST_SUBSET, 60), (24, Split.TEST, 120),
    ]  # fmt: skip
    # Stopped within the last evaluation, and gone on: the same figures.
    first = Trainer(run, images, tiny.device())
    taken = tiny.until(
        first.events(),
        lambda event: isinstance(event, Evaluated) and event.split == Split.VALIDATION and event.step == 24,
    )
    rest = list(Trainer(run, images, tiny.device(), first.state()).events())
    assert tiny.evaluations(taken) + tiny.evaluations(rest) == tiny.evaluations(events)


def test_other_images_held_out_are_another_training():
    state = Trainer(tiny.config(data__validation=90), hold_out(tiny.images(), 90), tiny.device()).state()
    with pytest.raises(CheckpointError, match="data.validation 90 instead of 0"):
        Trainer(tiny.config(), tiny.images(), tiny.device(), state)


def test_it_learns():
    rows = tiny.rows(list(tiny.trainer(tiny.config(optim__steps=150, eval_every=150, data__crop=0)).events()))
    assert rows[-1].running_error < rows[49].running_error - 20


@pytest.mark.parametrize(
    ("shortcut", "precision"),
    [
        ("none", "fp32"),
        ("B", "bf16"),
        *(pytest.param(*rare, marks=pytest.mark.slow) for rare in (("none", "bf16"), ("B", "fp32"))),
    ],
)
def test_pause_and_resume_equal_no_pause(tmp_path, precision, shortcut, monkeypatch):
    run = tiny.config(model__shortcut=shortcut)
    straight = tiny.trainer(run, precision)
    expected = list(straight.events())
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)  # figures stay on the device as long as they may
    for stop in (
        lambda event: event == Stepped(13),
        lambda event: isinstance(event, Evaluating) and event.step == 20 and event.done == 1,
        lambda event: isinstance(event, Evaluated) and event.step == 20,
        lambda event: isinstance(event, Evaluated) and event.step == 24 and event.split == Split.TEST_SUBSET,
        lambda event: isinstance(event, Started),
    ):
        first = tiny.trainer(run, precision)
        taken = tiny.until(first.events(), stop)
        checkpoint.save(first.state(), tmp_path / "state.pt")
        second = tiny.trainer(run, precision, checkpoint.load(tmp_path / "state.pt"))
        taken += list(second.events())
        assert tiny.rows(taken) == tiny.rows(expected)
        assert tiny.evaluations(taken) == tiny.evaluations(expected)
        assert tiny.same_weights(second, straight)


def test_draining_before_the_checkpoint_neither_loses_nor_repeats_figures():
    run = tiny.config()
    first = tiny.trainer(run)
    taken = tiny.until(first.events(), lambda event: event == Stepped(17))
    taken += [drained for drained in (first.drain(), first.drain()) if drained]
    assert tiny.rows(taken)[-1].step == 17
    second = tiny.trainer(run, state=first.state())
    taken += list(second.events())
    assert tiny.rows(taken) == tiny.rows(list(tiny.trainer(run).events()))


def test_state_is_a_copy():
    training = tiny.trainer(tiny.config())
    events = training.events()
    tiny.until(events, lambda event: event == Stepped(5))
    state = training.state()
    before = state["model"]["stem.conv.weight"].clone()
    tiny.until(events, lambda event: event == Stepped(9))
    assert torch.equal(state["model"]["stem.conv.weight"], before)
    assert state["progress"]["step"] == 5


def test_speed_of_the_consumer_changes_nothing(monkeypatch):
    run = tiny.config()
    monkeypatch.setattr(trainer_module, "FLUSH_S", 0.01)
    fast = tiny.trainer(run)
    expected = list(fast.events())
    slow, taken = tiny.trainer(run), []
    for number, event in enumerate(slow.events()):
        taken.append(event)
        if number % 7 == 0:
            time.sleep(0.02)
    assert tiny.rows(taken) == tiny.rows(expected)
    assert tiny.same_weights(slow, fast)


def test_the_clock_leaves_out_what_the_consumer_does():
    training, slept = tiny.trainer(tiny.config()), 0.0
    started = time.perf_counter()
    for event in training.events():
        if isinstance(event, Stepped):
            time.sleep(0.02)
            slept += 0.02
    assert event.seconds <= time.perf_counter() - started - slept


def test_running_means_are_those_of_the_last_50_steps(monkeypatch):
    run = tiny.config(optim__steps=70, eval_every=70)
    monkeypatch.setattr(trainer_module, "FLUSH_S", 0.01)
    rows = tiny.rows(list(tiny.trainer(run).events()))
    for index, row in enumerate(rows):
        window = rows[max(0, index - 49) : index + 1]
        assert row.running_loss == math.fsum(r.loss for r in window) / len(window)
        assert row.running_error == math.fsum(r.error for r in window) / len(window)
        assert (row.error * 16 / 100).is_integer()


def test_figures_are_those_of_the_batch_before_the_update():
    run = tiny.config(optim__steps=1, eval_every=1, data__crop=0, data__flip=False)
    training = tiny.trainer(run)
    training.model.train()
    indices = torch.from_numpy(training._update._batches.indices(1))
    inputs = training.images.normalise(training.images.train.pixels[indices])
    labels = training.images.train.labels[indices]
    with torch.no_grad():
        logits = tiny.trainer(run).model(inputs)
    (row,) = tiny.rows(list(training.events()))
    assert row.loss == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-5)
    assert row.error == 100 * (logits.argmax(1) != labels).float().mean().item()


@pytest.mark.parametrize("flush_s", [0.0, 1e9])
def test_divergence_ends_at_the_first_bad_step(monkeypatch, flush_s):
    run = tiny.config(optim__lr=100.0, optim__weight_decay=1.0, optim__steps=200, eval_every=200)
    monkeypatch.setattr(trainer_module, "FLUSH_S", flush_s)
    events = list(tiny.trainer(run).events())
    rows = tiny.rows(events)
    assert isinstance(events[-1], Diverged)
    assert rows[-1].step == events[-1].step
    assert not math.isfinite(rows[-1].loss)
    assert all(math.isfinite(row.loss) for row in rows[:-1])
    assert len(rows) == rows[-1].step
    monkeypatch.setattr(trainer_module, "FLUSH_S", 0.01)
    assert list(tiny.trainer(run).events())[-1] == events[-1]


def test_divergence_found_while_draining_is_the_next_event(monkeypatch):
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)
    run = tiny.config(optim__lr=100.0, optim__weight_decay=1.0, optim__steps=200, eval_every=200)
    training = tiny.trainer(run)
    events = training.events()
    tiny.until(events, lambda event: isinstance(event, Stepped) and event.step == 199)
    named = training.drain().rows[-1].step
    assert next(events) == Diverged(named)
    assert next(events, None) is None
    assert list(tiny.trainer(run, state=training.state()).events())[-1] == Diverged(named)


def test_batches_are_the_same_for_all_arms():
    seen = {}
    for depth, shortcut in ((8, "none"), (8, "A"), (14, "C")):
        training = tiny.trainer(tiny.config(model__depth=depth, model__shortcut=shortcut))
        inputs = []
        training.model.register_forward_pre_hook(lambda module, arguments, into=inputs: into.append(arguments[0]))
        tiny.until(training.events(), lambda event: event == Stepped(8))
        seen[depth, shortcut] = torch.stack(inputs)
    first, *others = seen.values()
    assert all(torch.equal(first, other) for other in others)


def test_learning_rate_drops_are_remarked_once():
    run = tiny.config(optim__drops=[0.5, 0.75])
    first = tiny.trainer(run)
    taken = tiny.until(first.events(), lambda event: isinstance(event, LogEntry))
    second = tiny.trainer(run, state=first.state())
    taken += list(second.events())
    remarks = [event for event in taken if isinstance(event, LogEntry)]
    assert remarks == [
        LogEntry(13, "lr", "learning rate 0.1 to 0.01"),
        LogEntry(19, "lr", "learning rate 0.01 to 0.001"),
    ]
    rates = {row.step: row.lr for row in tiny.rows(taken)}
    assert [rates[step] for step in (1, 12, 13, 18, 19, 24)] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_warm_up_ends_at_a_fixed_step_by_the_running_error(monkeypatch):
    run = tiny.config(optim__steps=120, eval_every=120, optim__warmup_lr=0.02, optim__warmup_error=99.0)
    results = []
    for flush_s in (0.0, 1e9):
        monkeypatch.setattr(trainer_module, "FLUSH_S", flush_s)
        events = list(tiny.trainer(run).events())
        remarks = [event for event in events if isinstance(event, LogEntry)]
        assert remarks == [LogEntry(51, "warmup", "learning rate 0.02 to 0.1")]
        results.append(tiny.rows(events))
        assert {row.lr for row in results[-1][:50]} == {0.02}
        assert {row.lr for row in results[-1][50:]} == {0.1}
    assert results[0] == results[1]


def test_a_warm_up_that_never_ends_is_said():
    run = tiny.config(optim__steps=55, eval_every=55, optim__warmup_lr=0.001, optim__warmup_error=0.5)
    events = list(tiny.trainer(run).events())
    assert LogEntry(55, "warmup", "the warm-up at 0.001 never ended") in events
    assert {row.lr for row in tiny.rows(events)} == {0.001}


def test_resume_across_a_warm_up_check():
    run = tiny.config(optim__steps=60, eval_every=60, optim__warmup_lr=0.02, optim__warmup_error=99.0)
    straight = tiny.trainer(run)
    expected = list(straight.events())
    first = tiny.trainer(run)
    taken = tiny.until(first.events(), lambda event: event == Stepped(50))
    second = tiny.trainer(run, state=first.state())
    taken += list(second.events())
    assert tiny.rows(taken) == tiny.rows(expected)
    assert tiny.same_weights(second, straight)


def test_figures_are_fetched_before_the_buffer_overflows(monkeypatch):
    monkeypatch.setattr("engine.training.metrics.CAPACITY", 4)
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)
    events = list(tiny.trainer(tiny.config()).events())
    assert max(len(event.rows) for event in events if isinstance(event, Measured)) == 4
    assert len(tiny.rows(events)) == 24


def test_a_net_that_does_not_fit_names_what_would():
    with pytest.raises(ConfigError, match=r"set model.channels=1, model.image_size=8, model.classes=10"):
        tiny.trainer(tiny.config(model__image_size=14))


def test_a_checkpoint_of_another_net_or_other_images_is_refused():
    state = tiny.trainer(tiny.config()).state()
    with pytest.raises(CheckpointError, match=r"another net .model\.depth 8 instead of 14"):
        tiny.trainer(tiny.config(model__depth=14), state=state)
    with pytest.raises(CheckpointError, match="other images"):
        tiny.trainer(tiny.config(), state=state | {"data": "1" * 64})
    with pytest.raises(CheckpointError, match="format"):
        tiny.trainer(tiny.config(), state=state | {"format": 0})


OF_AN_OLDER_NET = r"^the checkpoint of [^,;]+ is of an older version, in which its projections had another input"


@pytest.mark.parametrize(
    "text",
    [
        text if text in ROWS else pytest.param(text, marks=pytest.mark.slow if text[1:2] == ":" else pytest.mark.long)
        for text in one_change()
    ],
)
def test_an_older_checkpoint_is_refused_where_the_net_computes_something_else_now(text):
    """Projections with pre-activation; every other variant goes on from a checkpoint of format 1."""
    config = tiny.config(model__shortcut=text, model__depth=shallow(text), model__width=4)
    state = tiny.trainer(config).state()
    older = state | {"format": 1}
    assert tiny.trainer(config, state=state).progress.step == 0
    if variant(text).shortcut.name in ("B", "C") and variant(text).order in ("full-pre", "relu-only-pre"):
        for start in (older, ParentState(older)):
            with pytest.raises(CheckpointError, match=OF_AN_OLDER_NET):
                tiny.trainer(config, state=start)
    else:
        tiny.trainer(config, state=older)


@pytest.mark.parametrize("text", ["B:order=full-pre", "C:order=relu-only-pre"])
def test_a_net_with_projections_and_pre_activation_resumes_bit_for_bit(text):
    config = tiny.config(model__shortcut=text, optim__steps=8, eval_every=8)
    whole, first = tiny.trainer(config), tiny.trainer(config)
    list(whole.events())
    tiny.until(first.events(), lambda event: event == Stepped(3))
    second = tiny.trainer(config, state=first.state())
    list(second.events())
    assert tiny.same_weights(whole, second)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 3}, "(seed 0 instead of 3)"),
        ({"data__flip": False}, "(data.flip True instead of False)"),
        ({"optim__lr": 0.05, "eval_every": 5}, "(optim.lr 0.1 instead of 0.05, eval_every 10 instead of 5)"),
        ({"optim__drops": [0.5]}, "(optim.drops [] instead of [0.5])"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_with_what_differs(changes, words):
    state = tiny.trainer(tiny.config()).state()
    with pytest.raises(CheckpointError) as caught:
        tiny.trainer(tiny.config(**changes), state=state)
    assert str(caught.value) == f"the checkpoint is of another training {words}"


def test_a_training_may_go_on_on_another_device_with_other_threads():
    state = tiny.trainer(tiny.config()).state()
    tiny.trainer(tiny.config(device="cuda:1", threads=4), state=state)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_path_on_a_gpu(precision):
    from engine.config import replace
    from engine.hardware.device import choose
    from engine.training.trainer import Trainer

    run = replace(tiny.config(), {"device": "cuda", "precision": precision})
    on_gpu = list(Trainer(run, tiny.images(), choose(run)).events())
    on_cpu = list(tiny.trainer(tiny.config()).events())
    assert [event.step for event in on_gpu if isinstance(event, Stepped)] == list(range(1, 25))
    assert tiny.rows(on_gpu)[0].loss == pytest.approx(tiny.rows(on_cpu)[0].loss, rel=0.05)
