"""Steps, evaluations, probes, resumes and live edits on a pretended GPU: nothing waits, copies or stays on the CPU."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from engine.config import Change
from engine.config import replace as replace_settings
from engine.data.images import hold_out
from engine.events import Evaluated, Finished, Measured, Probed
from engine.hardware.ranks import Ranks
from engine.probes.online.measure import SETTLED
from engine.probes.online.probe import OnlineProbe
from engine.training.live_edits import LiveEdits
from engine.training.state import ParentState
from engine.training.trainer import Trainer
from tests.devices.cases import PRECISIONS, nets, run_on_gpu
from tests.devices.pretended_gpu import PretendedGpu
from tests.engine.training.tiny import images

NETS = nets()
#: In bf16 each way through the code has casts as well: 32 bits alone are rarer tests.
PRECISIONS_OF_TESTS = ["bf16", pytest.param("fp32", marks=pytest.mark.slow)]
pytestmark = pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")


@pytest.fixture
def gpu():
    with PretendedGpu() as pretended:
        yield pretended


def on_gpu(tensors) -> bool:
    return {tensor.device.type for tensor in tensors} == {"cuda"}


@pytest.mark.parametrize("precision", PRECISIONS_OF_TESTS)
@pytest.mark.parametrize("net", NETS)
def test_every_net_steps_is_evaluated_and_probed(gpu, net, precision):
    run, device = run_on_gpu(precision, optim__steps=2, **NETS[net]), gpu.device(precision)
    trainer = Trainer(run, images(), device)
    probe = OnlineProbe(run, images(), trainer.model, device)
    trainer.progress.lr = 0.1
    trainer.progress.due = ["train_clean", "test"]
    with gpu.watched():
        trainer._step()
        list(trainer._evaluate())
        arrays = probe.measure(trainer.model, trainer.optimizer, SETTLED, 0.1)
    assert on_gpu(trainer.model.state_dict().values()) and on_gpu(p.grad for p in trainer.model.parameters())
    assert arrays and trainer.progress.due == []


#: Settings of a training that take another way through the code.
TRAININGS = {
    "as it is": {},
    "adamw": {"optim__optimizer": "adamw", "optim__lr": 0.01},
    "warm-up until it learns": {"optim__warmup_lr": 0.01},
    "warm-up by steps": {"optim__warmup_steps": 4},
    "bn recalibrated": {"recalibrate_bn": True},
    "no augmentation": {"data__crop": 0, "data__flip": False},
    "crops alone": {"data__flip": False},
    "held-out images": {"data__validation": 40},
    "chance inside the net": {"model__shortcut": "dropout"},
    "a batch over several epochs": {"optim__batch_size": 450},
}


@pytest.mark.slow
@pytest.mark.parametrize("settings", TRAININGS)
@pytest.mark.parametrize("precision", PRECISIONS_OF_TESTS)
def test_a_whole_training_with_probes_touches_the_host_in_named_places_alone(gpu, precision, settings):
    run = run_on_gpu(precision, optim__steps=6, eval_every=3, **TRAININGS[settings])
    given = hold_out(images(), 40) if run.data.validation else images()
    trainer = Trainer(run, given, gpu.device(precision))
    trainer.probe = OnlineProbe(run, given, trainer.model, gpu.device(precision))
    with gpu.watched():
        events = list(trainer.events())
        trainer.state()
    assert isinstance(events[-1], Finished)
    assert sum(len(event.rows) for event in events if isinstance(event, Measured)) == 6
    assert {Evaluated, Probed} <= {type(event) for event in events}


def test_images_that_stay_on_the_disk_travel_by_batches(gpu):
    given = replace(images(), train=replace(images().train, on_disk=True))
    trainer = Trainer(run_on_gpu(), given, gpu.device("fp32"))
    trainer.progress.lr = 0.1
    with gpu.watched():
        trainer._step()
    assert trainer.images.train.pixels.device.type == "cpu" and trainer.images.train.labels.device.type == "cuda"


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_resumed_and_a_forked_training_go_on_upon_the_gpu(gpu, optimizer):
    run = run_on_gpu(optim__steps=6, optim__optimizer=optimizer)
    first = Trainer(run, images(), gpu.device("fp32"))
    list(itertools.islice(first.events(), 4))
    state = first.state()
    assert all(tensor.device.type == "cpu" for tensor in state["model"].values())
    for saved in (state, ParentState(state)):
        edits = LiveEdits(
            run.optim, [Change(1, "lr", 0.01), Change(2, "strength", 0.5), Change(3, "weight_decay", 0.0)]
        )
        second = Trainer(run, images(), gpu.device("fp32"), saved, edits)
        kept = [tensor for state in second.optimizer.state.values() for tensor in state.values()]
        assert on_gpu(kept)
        with gpu.watched():
            assert isinstance(list(second.events())[-1], Finished)


#: The other rank has nothing to tell.
SILENT = SimpleNamespace(trouble=lambda: None, beat=lambda: None)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_replica_adds_up_its_gradients_on_the_gpu(gpu, precision, monkeypatch):
    monkeypatch.setattr("engine.hardware.ranks.dist.all_reduce", lambda *_, **__: SimpleNamespace(wait=lambda: None))
    monkeypatch.setattr(Ranks, "announce", lambda ranks, order: None)
    device = replace(gpu.device(precision), ranks=Ranks(0, 2, "cuda", None, SILENT))
    trainer = Trainer(run_on_gpu(precision, replicas=2, model__shortcut="dropout"), images(), device)
    trainer.progress.lr = 0.1
    with gpu.watched():
        trainer._step()
    assert on_gpu(parameter.grad for parameter in trainer.model.parameters())


def test_bytes_do_not_grow_from_step_to_step(gpu):
    trainer = Trainer(run_on_gpu(), images(), gpu.device("fp32"))
    trainer.progress.lr, held = 0.1, []
    for _ in range(4):
        trainer._step()
        held.append(gpu.live.now)
    assert held[1] == held[2] == held[3]
    assert trainer.metrics._buffer.device == torch.device("cuda", 0)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("net", ["cifar-A", "cifar-dropout", "mlp-A", "vit-A"])
def test_apples_gpu_takes_the_same_path(precision, net):
    with PretendedGpu("mps") as gpu:
        run = replace_settings(run_on_gpu(precision, optim__steps=3, **NETS[net]), {"device": "mps"})
        trainer = Trainer(run, images(), gpu.device(precision))
        trainer.probe = OnlineProbe(run, images(), trainer.model, gpu.device(precision))
        with gpu.watched():
            assert isinstance(list(trainer.events())[-1], Finished)
        assert {tensor.device.type for tensor in trainer.model.state_dict().values()} == {"mps"}
