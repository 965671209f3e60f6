"""A training on each kind of device: the same numbers up to rounding, the same bits again, states that travel.

Each test is made for a GPU, and runs on the CPU too, so that it stays right until there is one.
"""

import numpy as np
import pytest
import torch

from engine.config import ModelConfig
from engine.events import Evaluated, Finished, Probed
from engine.hardware.device import choose
from engine.probes.online.probe import OnlineProbe
from engine.training.checkpoint import load, save
from engine.training.trainer import Trainer
from tests.engine.training import tiny

CPU, GPU = "cpu", "cuda"
PLACES = [CPU, pytest.param(GPU, marks=pytest.mark.gpu)]
BOTH_WAYS = [(CPU, CPU), *(pytest.param(*way, marks=pytest.mark.gpu) for way in ((CPU, GPU), (GPU, CPU), (GPU, GPU)))]
#: Of 32-bit floats after a few updates.
CLOSE = {"rtol": 1e-3, "atol": 1e-4}


@pytest.fixture(autouse=True)
def same_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def trainer(place, state=None, **changes) -> Trainer:
    run = tiny.config(**{"device": place, "precision": "fp32"} | changes)
    return Trainer(run, tiny.images(), choose(run), state)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_a_training_lies_elsewhere(place):
    training = trainer(place, data__validation=0)
    list(training.events())
    held = [training.images.train, training.images.test]
    tensors = [*training.model.state_dict().values(), training.images.mean, training.metrics._buffer]
    tensors += [tensor for images in held for tensor in (images.pixels, images.labels)]
    tensors += [value for state in training.optimizer.state.values() for value in state.values() if value is not None]
    assert {tensor.device.type for tensor in tensors} == {place}
    assert {tensor.device.type for tensor in training.state()["model"].values()} == {CPU}, "a state is of no device"


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("place", PLACES)
def test_a_training_repeats_itself_bit_for_bit(place, precision, optimizer):
    if place == CPU and choose(tiny.config()).precision != "bf16" and precision == "bf16":
        pytest.skip("this processor has no bf16")
    changes = {"precision": precision, "optim__optimizer": optimizer, "optim__lr": 0.01, "optim__steps": 12}
    one, other = (trainer(place, **changes) for _ in range(2))
    events = [list(each.events()) for each in (one, other)]
    assert tiny.rows(events[0]) == tiny.rows(events[1])
    assert tiny.evaluations(events[0]) == tiny.evaluations(events[1])
    assert tiny.same_weights(one, other)


@pytest.mark.parametrize("shortcut", ["none", "A", "A:order=full-pre"])
@pytest.mark.parametrize("place", PLACES)
def test_losses_are_those_of_the_cpu_up_to_rounding(place, shortcut):
    here, there = (list(trainer(at, model__shortcut=shortcut, optim__steps=10).events()) for at in (CPU, place))
    losses = [[row.loss for row in tiny.rows(events)] for events in (here, there)]
    np.testing.assert_allclose(*losses, **CLOSE)
    scores = [[event.loss for event in events if isinstance(event, Evaluated)] for events in (here, there)]
    np.testing.assert_allclose(*scores, rtol=1e-2)


@pytest.mark.parametrize(("before", "after"), BOTH_WAYS)
def test_a_training_goes_on_where_another_device_left_it(before, after, tmp_path):
    whole, first = trainer(before), trainer(before)
    expected = tiny.rows(list(whole.events()))
    tiny.until(first.events(), lambda event: getattr(event, "step", 0) == 10)
    save(first.state(), tmp_path / "state.pt")
    second = trainer(after, load(tmp_path / "state.pt"))
    events = list(second.events())
    assert isinstance(events[-1], Finished)
    rest = tiny.rows(events)
    np.testing.assert_allclose([row.loss for row in rest], [row.loss for row in expected[-len(rest) :]], rtol=0.02)
    if before == after:
        assert tiny.same_weights(whole, second)


@pytest.mark.parametrize("place", PLACES)
def test_probes_are_those_of_the_cpu_and_change_nothing(place):
    def probed(at):
        training = trainer(at, optim__steps=6, probe__every=2)
        training.probe = OnlineProbe(training.config, training.images, training.model, training.device)
        return training, list(training.events())

    (_, here), (seen, there) = probed(CPU), probed(place)
    unseen = trainer(place, optim__steps=6)
    list(unseen.events())
    assert tiny.same_weights(seen, unseen)
    ours, theirs = ([event for event in events if isinstance(event, Probed)] for events in (here, there))
    assert [event.step for event in ours] == [event.step for event in theirs] != []
    # At the start nothing has been rounded twice. Angles between tiny vectors are left to tests of their own.
    for name, array in ours[0].arrays.items():
        assert theirs[0].arrays[name].shape == array.shape
        assert (np.isfinite(array) == np.isfinite(theirs[0].arrays[name])).all(), name
    np.testing.assert_allclose(theirs[0].arrays["response_std"], ours[0].arrays["response_std"], **CLOSE)


@pytest.mark.parametrize("family", ["mlp", "vit"])
@pytest.mark.parametrize("place", PLACES)
def test_nets_without_convolutions_train_there_too(place, family):
    shape = {"channels": 1, "image_size": 8, "classes": 10, "width": 8}
    extra = {"heads": 2, "patch": 4} if family == "vit" else {}
    model = ModelConfig(family=family, depth=10, shortcut="A", **shape, **extra)
    changes = {f"model__{key}": value for key, value in model.model_dump().items() if key != "shortcut"}
    training = trainer(place, optim__optimizer="adamw", optim__lr=0.001, optim__steps=6, **changes)
    events = list(training.events())
    assert isinstance(events[-1], Finished)
    assert all(np.isfinite(row.loss) for row in tiny.rows(events))


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_recorded_update_is_the_same_in_every_bit(optimizer):
    changes = {"precision": "auto", "optim__optimizer": optimizer, "optim__lr": 2.0**-7}
    recorded, eager = (trainer(GPU, graph=graph, **changes) for graph in (True, False))
    events = [list(each.events()) for each in (recorded, eager)]
    assert tiny.rows(events[0]) == tiny.rows(events[1])
    assert tiny.same_weights(recorded, eager)


@pytest.mark.gpu
def test_the_estimate_of_memory_is_no_less_than_what_a_training_takes():
    from engine.runs.supervisor.memory_estimate import PROCESS_BYTES, gpu_bytes

    training = trainer(GPU, precision="auto", model__width=32, optim__batch_size=100, optim__steps=4)
    torch.cuda.reset_peak_memory_stats()
    list(training.events())
    assert torch.cuda.max_memory_reserved() + PROCESS_BYTES <= gpu_bytes(training.config)
