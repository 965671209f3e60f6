"""The update that a GPU records: the same function as without, in the same order, with the same numbers."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.config import Change
from engine.errors import DeviceError
from engine.events import Probed
from engine.models.build import build_model
from engine.models.init.rng import random_modules
from engine.probes.online.probe import OnlineProbe
from engine.runs.protocol.planning import DRAWING
from engine.training import recorded_update, update
from engine.training.checkpoint import load, save
from engine.training.live_edits import LiveEdits
from engine.training.recorded_update import WARM_UPDATES, CudaRecorder, RecordedUpdate
from engine.training.trainer import Trainer
from tests.contracts.variants import ROWS
from tests.engine.training import tiny
from tests.engine.training.rehearsal import Rehearsal

#: A rate that 32 bits hold, and bf16, in which a CPU has no explicit pass.
RATE, PRECISION = 0.125, "bf16"


@pytest.fixture
def recorder(monkeypatch) -> Rehearsal:
    made = Rehearsal()
    monkeypatch.setattr(update, "recorder_for", lambda device: made)
    return made


def trainer(graph: bool, state=None, edits=(), **changes) -> Trainer:
    run = tiny.config(graph=graph, optim__lr=RATE, **changes)
    return Trainer(run, tiny.images(), tiny.device(PRECISION), state, LiveEdits(run.optim, edits))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_with_it_is_bit_for_bit_one_without(recorder, optimizer):
    recorded, eager = (trainer(graph, optim__optimizer=optimizer) for graph in (True, False))
    events = [list(each.events()) for each in (recorded, eager)]
    assert tiny.rows(events[0]) == tiny.rows(events[1])
    assert tiny.evaluations(events[0]) == tiny.evaluations(events[1])
    assert tiny.same_weights(recorded, eager)
    assert recorder.told == ["run"] * WARM_UPDATES + ["record"] + ["replay"] * (24 - WARM_UPDATES)
    (rate,) = (group["lr"] for group in recorded.optimizer.param_groups)
    assert (type(rate), rate) == (float, RATE), "a number again"


def test_rates_that_follow_a_schedule_reach_the_recording(recorder):
    changes = {"optim__drops": (0.5, 0.75), "optim__drop_factor": 0.5, "optim__warmup_steps": 8}
    recorded, eager = (trainer(graph, **changes) for graph in (True, False))
    for each in (recorded, eager):
        list(each.events())
    assert tiny.same_weights(recorded, eager)
    assert recorder.told.count("record") == 1


@pytest.mark.parametrize(("key", "value"), [("weight_decay", 0.5), ("strength", 0.0)])
def test_a_live_edit_is_recorded_anew(recorder, key, value):
    """Both are numbers that a recording holds: replayed as it was, it would never know."""
    edits = [Change(1, key, value, 12)]
    recorded, eager = (trainer(graph, None, edits, model__shortcut="A") for graph in (True, False))
    for each in (recorded, eager):
        list(each.events())
    assert tiny.same_weights(recorded, eager)
    assert recorder.told.count("record") == 2


def test_a_resumed_training_is_an_uninterrupted_one(recorder, tmp_path):
    whole, first = trainer(True), trainer(True)
    list(whole.events())
    tiny.until(first.events(), lambda event: getattr(event, "step", 0) == 10)
    save(first.state(), tmp_path / "state.pt")
    second = trainer(True, load(tmp_path / "state.pt"))
    list(second.events())
    assert tiny.same_weights(whole, second)


def test_probes_between_updates_see_the_same_and_change_nothing(recorder):
    def probed(graph: bool):
        training = trainer(graph, probe__every=5)
        training.probe = OnlineProbe(training.config, training.images, training.model, training.device)
        return training, [event for event in training.events() if isinstance(event, Probed)]

    (recorded, ours), (eager, theirs) = probed(True), probed(False)
    assert tiny.same_weights(recorded, eager)
    assert [event.step for event in ours] == [event.step for event in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert all(np.array_equal(one.arrays[name], other.arrays[name], equal_nan=True) for name in one.arrays)


def test_inputs_and_gradients_stay_where_the_recording_knows_them(recorder):
    """A replay on a GPU reads and writes addresses: of the batch, the rate, the outputs."""
    training = trainer(True)
    list(training._adjust())
    seen = []
    learn = training._update._recorded._learn

    def watched(inputs, labels):
        seen.append((inputs.data_ptr(), labels.data_ptr(), training.optimizer.param_groups[0]["lr"].data_ptr()))
        return learn(inputs, labels)

    training._update._recorded._learn = watched
    outputs = [training._update(step) for step in range(1, 8)]
    assert len(set(seen)) == 1
    assert len({loss.data_ptr() for loss, _ in outputs[WARM_UPDATES:]}) == 1
    assert not any(value.requires_grad for pair in outputs for value in pair), "no activation is kept by a result"


def test_gradients_from_before_are_gone_when_it_records():
    """Gradients of a recording have to be made inside of it, in its own memory."""
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.5, fused=True)

    def learn(inputs, labels):
        (weight * inputs).sum().backward()
        return inputs.sum(), labels.sum()

    class Looking(Rehearsal):
        def record(self, work):
            assert weight.grad is None
            return super().record(work)

    recorded = RecordedUpdate(learn, optimizer, Looking())
    for _ in range(WARM_UPDATES + 1):
        recorded(torch.ones(2), torch.ones(2, dtype=torch.int64))
    assert weight.grad is not None


def test_without_a_gpu_it_is_refused_in_one_line():
    with pytest.raises(DeviceError, match="^graph=true records the update as a CUDA graph, which needs .*graph=false$"):
        trainer(True)


@pytest.mark.parametrize("shortcut", ROWS)
def test_nets_that_draw_are_those_that_are_refused(recorder, shortcut):
    name = shortcut.partition(":")[0]
    model = build_model(tiny.config(model__shortcut=shortcut).model, 0)
    assert bool(random_modules(model)) == (name in DRAWING)
    if name in DRAWING:
        with pytest.raises(DeviceError, match="draws anew"):
            trainer(True, model__shortcut=shortcut)


class PretendedCuda:
    """What of torch.cuda the recorder calls, noting each call; nothing else of a GPU can be had here."""

    def __init__(self, monkeypatch):
        self.told: list[object] = []
        self.failing = False
        cuda = recorded_update.torch.cuda
        names = iter(("outer", "own"))
        outer = self._stream(next(names))
        monkeypatch.setattr(cuda, "Stream", lambda device: self._stream(next(names)))
        monkeypatch.setattr(cuda, "current_stream", lambda device: outer)
        monkeypatch.setattr(cuda, "stream", lambda stream: self._inside(f"on {stream.name}"))
        monkeypatch.setattr(cuda, "device", lambda device: self._inside(str(device)))
        monkeypatch.setattr(cuda, "graph", lambda graph, stream: self._inside(f"graph on {stream.name}"))
        replay = SimpleNamespace(replay=lambda: self.told.append("replay"))
        monkeypatch.setattr(cuda, "CUDAGraph", lambda: replay)

    def _stream(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, wait_stream=lambda other: self.told.append(f"{name} waits for {other.name}"))

    @contextmanager
    def _inside(self, where: str):
        self.told.append(where)
        try:
            yield
        finally:
            self.told.append(f"left {where}")
            if self.failing and where.startswith("graph"):  # the end of a failed recording fails too
                raise RuntimeError("operation failed due to a previous error during capture")


@pytest.fixture
def pretended(monkeypatch) -> PretendedCuda:
    return PretendedCuda(monkeypatch)


def test_work_waits_for_what_was_before_it_and_what_comes_after_waits_for_the_work(pretended):
    recorder = CudaRecorder(torch.device("cuda", 0))
    assert recorder.run(lambda: pretended.told.append("work") or "outputs") == "outputs"
    assert pretended.told == ["own waits for outer", "on own", "work", "left on own", "outer waits for own"]


def test_work_is_recorded_once_and_a_replay_does_it(pretended):
    recorder = CudaRecorder(torch.device("cuda", 1))
    replay = recorder.record(lambda: pretended.told.append("work") or "outputs")
    assert pretended.told == ["cuda:1", "graph on own", "work", "left graph on own", "left cuda:1"]
    pretended.told.clear()
    assert [replay(), replay()] == ["outputs", "outputs"]
    assert pretended.told == ["replay", "replay"]


@pytest.mark.parametrize("cause", [RuntimeError("not permitted when stream is capturing"), torch.OutOfMemoryError("x")])
def test_what_cannot_be_recorded_is_one_line_and_too_little_memory_stays_torchs(pretended, cause):
    pretended.failing = True

    def work():
        raise cause

    expected = torch.OutOfMemoryError if isinstance(cause, torch.OutOfMemoryError) else DeviceError
    with pytest.raises(expected) as caught:
        CudaRecorder(torch.device("cuda", 0)).record(work)
    if expected is DeviceError:
        assert "not permitted when stream is capturing" in str(caught.value)
        assert "leave graph=true out" in str(caught.value)
