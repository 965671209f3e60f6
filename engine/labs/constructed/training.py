"""Phases of training for the constructed lab, by the trainer that runs use: from nothing, or on from a state.

The batches and their augmentation are functions of seed and update alone, so all arms of a seed see the same ones.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from engine.config import DataConfig, ModelConfig, OptimConfig, RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.events import Diverged, Measured, Split, Stepped, StepRow
from engine.hardware.device import Device
from engine.labs.constructed.insertion import GrownNet, distance_from_identity
from engine.labs.small_images import POOL
from engine.training.evaluate import Evaluator, Score
from engine.training.state import ParentState
from engine.training.trainer import Trainer

#: More updates than are ever done: the trainer never comes to its own end, its schedule is constant.
_ENDLESS = 10_000_000
#: An order is heard after so many batches of an evaluation.
_BATCHES = 8

#: What is kept of a phase: lists of numbers by name.
Track = dict[str, Any]
_LISTS = ("steps", "running", "loss", "distance", "marks", "clean", "test")


def run_config(settings: Mapping[str, Any], shortcut: str, depth: int, seed: int, images: ImageSet) -> RunConfig:
    """Return the config of a training, its rate left to ``train``. Mirror images, no crops, as the quick race."""
    model = ModelConfig.checked(
        depth=depth, shortcut=shortcut, width=settings["width"], channels=images.channels,
        classes=len(images.classes), image_size=images.image_size,
    )  # fmt: skip
    return RunConfig(
        model=model,
        data=DataConfig(name=images.name, pool=POOL, crop=0, eval_images=settings["images"]),
        optim=OptimConfig(batch_size=settings["batch"], steps=_ENDLESS),
        seed=seed,
        eval_every=_ENDLESS,
        recalibrate_bn=True,
    )


def inputs_of(config: RunConfig, images: ImageSet, step: int) -> Tensor:
    """Return what the net gets in update ``step``: float32 (batch, channels, S, S), augmented."""
    stream = BatchStream(config.seed, len(images.train), config.optim.batch_size)
    pixels, _ = images.train.batch(torch.from_numpy(stream.indices(step)))
    return augment(images.normalise(pixels), config.seed, step, config.data.crop, config.data.flip)


def grown_state(state: Mapping[str, Any], grown: GrownNet) -> dict:
    """Return the state of a training that goes on with the grown net: the new layers have no momentum yet."""
    momentum = dict(state["momentum"])
    for name, parameter in grown.net.named_parameters():
        momentum.setdefault(name, torch.zeros_like(parameter, requires_grad=False))
    return {**state, "model": grown.net.state_dict(), "momentum": momentum}


def train(
    config: RunConfig,
    images: ImageSet,
    device: Device,
    state: Mapping[str, Any] | None,
    end: int,
    stride: int,
    marks: Sequence[int],
    evaluator: Evaluator,
    inserted: Sequence[str] = (),
) -> Generator[Track, None, tuple[Track, dict]]:
    """Train up to update ``end``; yield the track as it grows, return it with the trainer's state.

    A point every ``stride`` updates: ``running`` error (percent, mean over 50 updates), ``loss`` (mean since the point
    before) and, with blocks ``inserted``, their ``distance`` from the identity. After the updates ``marks`` clean and
    test error by ``evaluator``, made for a net of this shape. ``state`` may be of another rate, or of a net that was
    grown. A track that ends early diverged.
    """  # fmt: skip
    trainer = Trainer(config, images, device, None if state is None else ParentState(dict(state)))
    track: Track = {name: [] for name in _LISTS}
    rows: list[StepRow] = []
    with closing(trainer.events()) as events:
        for event in events:
            if isinstance(event, Measured):
                rows += event.rows
            elif isinstance(event, Diverged):
                break
            elif isinstance(event, Stepped):
                step = event.step
                if step % stride == 0 or step == end:
                    rows += measured.rows if (measured := trainer.drain()) else ()
                    if not _add(track, rows):
                        break
                    rows.clear()
                    if inserted:
                        track["distance"].append(distance_from_identity(trainer.model.state_dict(), inserted))
                    yield track
                if step in marks:
                    yield from _evaluate(track, evaluator, trainer, step)
                if step == end:
                    break
    return track, trainer.state()


def _add(track: Track, rows: Sequence[StepRow]) -> bool:
    """Add a point; return whether every loss is finite."""
    if not rows or not all(math.isfinite(row.loss) for row in rows):
        return False
    track["steps"].append(rows[-1].step)
    track["running"].append(rows[-1].running_error)
    track["loss"].append(math.fsum(row.loss for row in rows) / len(rows))
    return True


def _evaluate(track: Track, evaluator: Evaluator, trainer: Trainer, step: int) -> Generator[Track, None, None]:
    scores = {}
    for count, part in enumerate(evaluator.run(trainer.model, [Split.TRAIN_CLEAN, Split.TEST_SUBSET]), start=1):
        if isinstance(part, Score):
            scores[part.split] = part
        elif count % _BATCHES == 0:
            yield track
    track["marks"].append(step)
    track["clean"].append(scores[Split.TRAIN_CLEAN].error)
    track["test"].append(scores[Split.TEST_SUBSET].error)
