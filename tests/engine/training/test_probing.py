import json

import numpy as np
import pytest
import torch

from engine.events import Diverged, Evaluated, Evaluating, Finished, Measured, Probed, Started, Stepped
from engine.probes.online.probe import OnlineProbe
from engine.training import checkpoint
from engine.training import trainer as trainer_module
from tests.engine.training import tiny


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def probed_trainer(run, precision="fp32", state=None):
    training = tiny.trainer(run, precision, state)
    training.probe = OnlineProbe(run, training.images, training.model, training.device)
    return training


def probes(events):
    return [event for event in events if isinstance(event, Probed)]


def same_arrays(one, other):
    return all(np.array_equal(one.arrays[name], other.arrays[name], equal_nan=True) for name in one.arrays)


def test_order_of_events():
    events = list(probed_trainer(tiny.config(probe__every=10)).events())
    assert [event.step for event in probes(events)] == [0, 1, 2, 5, 10, 20, 24]
    assert isinstance(events[1], Probed)  # before the first update
    for event in probes(events):
        before, after = events[: events.index(event)], events[events.index(event) + 1 :]
        assert [e.step for e in before if isinstance(e, Stepped)] == list(range(1, event.step + 1))
        assert all(row.step <= event.step for row in tiny.rows(before))
        assert len(tiny.rows(before)) == event.step  # the figures are out
        assert all(e.step > event.step for e in after if isinstance(e, (Evaluated, Evaluating)))
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.probe_share == pytest.approx(sum(event.took_s for event in probes(events)) / last.seconds)
    assert 0 < last.probe_share < 1
    assert probes(events)[-1].images == 32


@pytest.mark.parametrize(("shortcut", "precision"), [("none", "fp32"), ("B", "bf16")])
def test_probes_on_or_off_the_weights_are_identical(shortcut, precision):
    run = tiny.config(model__shortcut=shortcut, optim__steps=100, eval_every=50, probe__every=9)
    without = tiny.trainer(run, precision)
    expected = list(without.events())
    random = torch.get_rng_state()
    paused = probed_trainer(run, precision)
    taken = tiny.until(paused.events(), lambda event: isinstance(event, Probed) and event.step == 54)
    resumed = probed_trainer(run, precision, paused.state())
    taken += list(resumed.events())
    assert len(probes(taken)) > 12
    assert tiny.same_weights(resumed, without)
    assert tiny.rows(taken) == tiny.rows(expected)
    assert tiny.evaluations(taken) == tiny.evaluations(expected)
    assert torch.equal(torch.get_rng_state(), random)


def test_a_resume_neither_skips_nor_repeats_a_probe(tmp_path, monkeypatch):
    run = tiny.config(probe__every=10)
    straight = list(probed_trainer(run).events())
    monkeypatch.setattr(trainer_module, "FLUSH_S", 1e9)
    for stop in (
        lambda event: isinstance(event, Started),
        lambda event: isinstance(event, Probed) and event.step == 0,
        lambda event: event == Stepped(20),
        lambda event: isinstance(event, Measured) and event.rows[-1].step == 20,
        lambda event: isinstance(event, Evaluating) and event.step == 20,
        lambda event: isinstance(event, Evaluated) and event.step == 20,
        lambda event: isinstance(event, Probed) and event.step == 20,
        lambda event: event == Stepped(21),
        lambda event: isinstance(event, Probed) and event.step == 24,
    ):
        first = probed_trainer(run)
        taken = tiny.until(first.events(), stop)
        assert stop(taken[-1])
        checkpoint.save(first.state(), tmp_path / "state.pt")
        second = probed_trainer(run, state=checkpoint.load(tmp_path / "state.pt"))
        taken += list(second.events())
        assert [event.step for event in probes(taken)] == [event.step for event in probes(straight)]
        assert all(map(same_arrays, probes(taken), probes(straight)))
        share = sum(event.took_s for event in probes(taken)) / taken[-1].seconds
        assert taken[-1].probe_share == pytest.approx(share)


def test_a_checkpoint_from_before_there_were_probes_goes_on_with_them():
    run = tiny.config(probe__every=10)
    first = tiny.trainer(run)
    tiny.until(first.events(), lambda event: event == Stepped(13))
    state = first.state()
    for name in ("probed", "probe_seconds"):
        del state["progress"][name]
    config = json.loads(state["config"])
    assert config.pop("probe")
    plain = json.dumps(config)
    run = tiny.config()
    second = probed_trainer(run, state=state | {"config": plain})
    events = list(second.events())
    assert [event.step for event in probes(events)] == [step for step in sorted(second.probe.steps) if step >= 13]
    assert probes(events)


@pytest.mark.parametrize("flush_s", [0.0, 1e9])
def test_a_diverged_run_is_not_probed_after_its_divergence(monkeypatch, flush_s):
    monkeypatch.setattr(trainer_module, "FLUSH_S", flush_s)
    run = tiny.config(
        optim__lr=100.0, optim__weight_decay=1.0, optim__steps=200, eval_every=200, probe__every=1, probe__images=8
    )
    events = list(probed_trainer(run).events())
    assert isinstance(events[-1], Diverged)
    assert probes(events)[-1].step == events[-1].step - 1


def test_the_rate_of_the_last_update_counts():
    run = tiny.config(optim__drops=[0.5], optim__steps=20, eval_every=20, probe__every=10)
    training = probed_trainer(run)
    rates, measure = {}, training.probe.measure

    def spy(model, optimizer, step, lr):
        rates[step] = lr
        return measure(model, optimizer, step, lr)

    training.probe.measure = spy
    weights = []
    for event in training.events():
        if isinstance(event, Stepped) and event.step in (10, 19, 20):
            weights.append(training.model.stem.conv.weight.detach().clone())
        if isinstance(event, Probed):
            last = event
    assert rates == {0: None, 1: 0.1, 2: 0.1, 5: 0.1, 10: 0.1, 20: pytest.approx(0.01)}
    moved = ((weights[2] - weights[1]).norm() / weights[2].norm()).item()
    assert last.arrays["update_ratio"][0] == pytest.approx(moved, rel=1e-3)


def test_no_probe_no_events():
    events = list(tiny.trainer(tiny.config()).events())
    assert not probes(events)
    assert events[-1].probe_share == 0.0
