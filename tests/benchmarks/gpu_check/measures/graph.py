"""An update recorded as a CUDA graph against the same update as it is: every bit first, then the speed."""

import itertools
import time
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

import torch

from engine.bench.engine_loop import trainer_of
from engine.bench.workload import Workload, wait
from engine.config import RunConfig, replace
from engine.hardware.device import choose
from engine.labs.small_images import embedded_images, model_config
from engine.training import update
from engine.training.trainer import Trainer
from tests.benchmarks.gpu_check.measures.agreement import distance
from tests.benchmarks.gpu_check.parts import Outcome, Setting
from tests.engine.training.rehearsal import Rehearsal

#: The rate is one that 32 bits hold, so that a rate in a tensor is the same number. The default rate is not one.
BASE = {"optim.lr": 0.125, "optim.steps": 20, "data.crop": 1, "threads": 1}
SETTINGS = {
    "SGD": {},
    "SGD, fp32": {"precision": "fp32"},
    "AdamW": {"optim.optimizer": "adamw", "optim.lr": 2.0**-10},
    "dropped rate": {"optim.drops": (0.5,), "optim.drop_factor": 0.5},
}
#: A rehearsal has every second of them.
TINY = {"optim.steps": 6, "data.eval_images": 100}
DEPTHS, TURNS, TURN_S = (20, 56, 110), 4, 2.0


def compare_recorded(setting: Setting) -> Outcome:
    """Compare weights, losses and speed; a rehearsal keeps the work instead of recording it."""
    outcome = Outcome()
    with rehearsed(setting):
        for name, settings in list(SETTINGS.items())[:: 2 if setting.tiny else 1]:
            recorded, eager = (trained(setting, {**settings, "graph": graph}) for graph in (True, False))
            same = recorded.keys() == eager.keys() and all(torch.equal(recorded[key], eager[key]) for key in eager)
            outcome.figures[f"{name}, equal in every bit"] = same
            outcome.expect(same, f"{name}: a recorded training differs from one that is not")
        outcome.figures["at the default rate, 0.1"] = at_default_rate(setting)
        for depth in (8,) if setting.tiny else DEPTHS:
            outcome.figures[f"resnet-{depth}"] = speeds(setting, depth)
    return outcome


def at_default_rate(setting: Setting) -> dict[str, object]:
    """Return whether a recording is equal there too, and how far its weights are; what follows is said in gpu.md."""
    recorded, eager = (trained(setting, {"optim.lr": 0.1, "graph": graph}) for graph in (True, False))
    weights = [key for key, value in eager.items() if key.startswith("model ") and value.is_floating_point()]
    return {
        "equal_in_every_bit": all(torch.equal(recorded[key], eager[key]) for key in eager),
        "distance": distance([eager[key] for key in weights], [recorded[key] for key in weights]),
    }


def rehearsed(setting: Setting) -> AbstractContextManager[object]:
    """Replace the recorder where there is no GPU."""
    if setting.on_gpu:
        return nullcontext()
    return patch.object(update, "recorder_for", lambda device: Rehearsal())


def trained(setting: Setting, settings: dict[str, object]) -> dict[str, torch.Tensor]:
    """Return weights, the optimizer's tensors and losses after a short training."""
    images = embedded_images()
    model = model_config(images, 8 if setting.tiny else 20, "A", 8)
    config = replace(RunConfig(model=model, device=setting.device), BASE | settings | (TINY if setting.tiny else {}))
    trainer = Trainer(config, images, choose(config))
    events = [event for event in trainer.events() if hasattr(event, "rows")]
    state = trainer.state()
    kinds = ("model", "momentum", "exp_avg", "exp_avg_sq", "updates")
    tensors = {f"{kind} {name}": value for kind in kinds for name, value in state.get(kind, {}).items()}
    losses = [row.loss for event in events for row in event.rows]
    return tensors | {"losses": torch.tensor(losses, dtype=torch.float64)}


def speeds(setting: Setting, depth: int) -> dict[str, float]:
    """Return images a second of both, measured by turns, and their ratio."""
    batch = 16 if setting.tiny else 128
    trainers = {
        name: trainer_of(Workload(depth, batch, graph=graph), setting.device, 1)
        for name, graph in (("as it is", False), ("recorded", True))
    }
    turns, turn_s = (1, 0.1) if setting.tiny else (TURNS, TURN_S)
    best = dict.fromkeys(trainers, 0.0)
    steps = {name: itertools.count(1) for name in trainers}
    for trainer in trainers.values():
        list(trainer._adjust())
    for turn in range(turns + 1):
        for name, trainer in trainers.items():
            speed = images_a_second(trainer, steps[name], turn_s, setting.device) * batch
            # The first turn loads, warms and records.
            best[name] = max(best[name], speed) if turn else best[name]
    return {f"images_a_second_{name.replace(' ', '_')}": speed for name, speed in best.items()} | {
        "ratio": best["recorded"] / best["as it is"]
    }


def images_a_second(trainer: Trainer, steps: "itertools.count[int]", seconds: float, device: str) -> float:
    """Return updates a second; the GPU has done all of them."""
    wait(device)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        trainer._update(next(steps))
        done += 1
        if done % 50 == 0:  # launches must not run minutes ahead of the GPU
            wait(device)
    wait(device)
    return done / (time.perf_counter() - began)
