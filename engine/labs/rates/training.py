"""One training of a cell, by the trainer of runs: images, batches, first weights and updates are those of a race."""

import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple

from engine.config import FAMILIES, DataConfig, ModelConfig, OptimConfig, RunConfig
from engine.data.images import ImageSet
from engine.events import Measured, Stepped
from engine.hardware.device import Device
from engine.labs.rates.plan import KINDS, POOLS, STRIDE, Cell
from engine.labs.small_images import embedded_images
from engine.training.trainer import Trainer

#: More updates than any cell has: the trainer never ends, so it never evaluates.
_ENDLESS = 10_000_000


class Point(NamedTuple):
    """The running training error in percent after an update; NaN from the update that diverged on."""

    step: int
    error: float


def images_of(settings: Mapping[str, Any]) -> ImageSet:
    """Return the images for nets of the settings' family."""
    return embedded_images(POOLS[settings["family"]])


def run_config(cell: Cell, settings: Mapping[str, Any]) -> RunConfig:
    """Return the config of a cell's training."""
    family, images = settings["family"], images_of(settings)
    depth = FAMILIES[family].depth(cell.blocks)
    sizes = {"channels": images.channels, "classes": len(images.classes), "image_size": images.image_size}
    return RunConfig(
        model=ModelConfig.checked(family=family, depth=depth, shortcut=KINDS[cell.kind], **sizes),
        data=DataConfig(name=images.name, pool=POOLS[family], crop=0, flip=False),
        optim=OptimConfig(optimizer="adamw", lr=cell.rate, steps=_ENDLESS, warmup_steps=settings["warmup"]),
        seed=cell.seed,
        eval_every=_ENDLESS,
        precision="fp32",
    )


def train(cell: Cell, settings: Mapping[str, Any], device: Device) -> Iterator[list[Point]]:
    """Train a cell; yield its new points, in lists that may be empty, at least every half second."""
    last = settings["steps"]
    # 32-bit floats: casts to 16 bits cost small nets more than they save.
    trainer = Trainer(run_config(cell, settings), images_of(settings), replace(device, precision="fp32"))
    with closing(trainer.events()) as events:
        for event in events:
            ended = isinstance(event, Stepped) and event.step == last
            measured = trainer.drain() if ended else event if isinstance(event, Measured) else None
            if measured:
                sound = (row for row in measured.rows if math.isfinite(row.loss))
                kept = (row for row in sound if row.step in (1, last) or row.step % STRIDE == 0)
                yield [Point(row.step, row.running_error) for row in kept]
            # A loss of the last updates that is not finite is seen here alone: no event comes behind the last update.
            if trainer.progress.diverged:
                yield [Point(last, math.nan)]
            if ended or trainer.progress.diverged:
                return
