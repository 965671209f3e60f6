"""Phases of training for the constructed lab, by the trainer of runs, from scratch or from a state.

Batches and augmentation depend on seed and update alone, so all arms of a seed share them.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.config import DataConfig, OptimConfig, RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.events import Diverged, Measured, Split, Stepped, StepRow
from engine.hardware.device import Device
from engine.labs.constructed.insertion import GrownNet, distance_from_identity
from engine.labs.inspected_run import Document
from engine.labs.small_images import POOL, model_config
from engine.training.evaluate import Evaluator, Score
from engine.training.state import ParentState
from engine.training.trainer import Trainer

#: More updates than any phase has: the trainer never ends, its schedule is constant.
_ENDLESS = 10_000_000
#: Batches of an evaluation between two yields.
_BATCHES = 8

#: The results of a phase: lists of numbers by name.
Track = dict[str, Any]
_LISTS = ("steps", "running", "loss", "distance", "marks", "clean", "test")


def run_config(settings: Mapping[str, Any], shortcut: str, depth: int, seed: int, images: ImageSet) -> RunConfig:
    """Return the config of a training without its rate: flips, no crops, as the quick race."""
    return RunConfig(
        model=model_config(images, depth, shortcut, settings["width"]),
        data=DataConfig(name=images.name, pool=POOL, crop=0, eval_images=settings["images"]),
        optim=OptimConfig(batch_size=settings["batch"], steps=_ENDLESS),
        seed=seed,
        eval_every=_ENDLESS,
        recalibrate_bn=True,
    )


def inputs_of(config: RunConfig, images: ImageSet, step: int) -> Tensor:
    """Return the augmented inputs of update ``step``, float32 (batch, channels, S, S)."""
    stream = BatchStream(config.seed, len(images.train), config.optim.batch_size)
    pixels, _ = images.train.batch(torch.from_numpy(stream.indices(step)))
    return augment(images.normalise(pixels), config.seed, step, config.data)


def grown_state(state: Mapping[str, Any], grown: GrownNet) -> Document:
    """Return the state with the grown net, whose new layers have no momentum yet."""
    momentum = dict(state["momentum"])
    for name, parameter in grown.net.named_parameters():
        momentum.setdefault(name, torch.zeros_like(parameter, requires_grad=False))
    return {**state, "model": grown.net.state_dict(), "momentum": momentum}


@dataclass(frozen=True)
class Phase:
    """One phase of training.

    ``state`` is the start, None for a new net; its rate may differ, and its net may be grown. ``end`` is the last
    update, ``stride`` the updates between two points of the track, ``marks`` the evaluated updates. ``watched`` are the
    paths of the blocks with a measured distance from the identity.
    """

    config: RunConfig
    state: Document | None
    end: int
    stride: int
    marks: Sequence[int]
    watched: Sequence[str] = ()


def train(
    phase: Phase, images: ImageSet, device: Device, evaluator: Evaluator
) -> Generator[Track, None, tuple[Track, Document]]:
    """Train one phase; yield the growing track, return it with the trainer's state.

    A point of the track has the ``running`` error (percent, mean over 50 updates), the ``loss`` (mean since the last
    point) and the ``distance`` of the watched blocks from the identity. A mark has the ``clean`` and the ``test`` error
    by ``evaluator``, made for nets of this shape. The track of a diverged training ends early.
    """
    start, end = phase.state, phase.end
    trainer = Trainer(phase.config, images, device, None if start is None else ParentState(dict(start)))
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
                if step % phase.stride == 0 or step == end:
                    rows += measured.rows if (measured := trainer.drain()) else ()
                    if not _add(track, rows):
                        break
                    rows.clear()
                    if phase.watched:
                        distance = distance_from_identity(trainer.model.state_dict(), phase.watched)
                        track["distance"].append(distance)
                    yield track
                if step in phase.marks:
                    yield from _evaluate(track, evaluator, trainer, step)
                if step == end:
                    break
    return track, trainer.state()


def _add(track: Track, rows: Sequence[StepRow]) -> bool:
    """Add a point if every loss is finite; return whether it was added."""
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
