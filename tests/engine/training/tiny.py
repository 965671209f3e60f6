"""A tiny net and made-up images of 8x8 pixels: a step takes milliseconds."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest
import torch

from engine.config import RunConfig, replace
from engine.data.images import Images, ImageSet
from engine.events import Evaluated, Event, Measured, StepRow
from engine.hardware.device import Device
from engine.training.trainer import Trainer

#: What computes in oneDNN's layout needs its bf16 convolutions, whether the processor has bf16 natively or not.
needs_blocked_bf16 = pytest.mark.skipif(
    not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()),
    reason="oneDNN has no bf16 convolution on this processor",
)
BASE = {
    "model.depth": 8, "model.width": 8, "model.channels": 1, "model.image_size": 8, "data.crop": 1,
    "data.eval_images": 60, "optim.batch_size": 16, "optim.steps": 24, "eval_every": 10, "threads": 1,
}  # fmt: skip


def config(**changes) -> RunConfig:
    """Return a config; ``__`` in a keyword stands for the dot."""
    return replace(RunConfig(), BASE | {key.replace("__", "."): value for key, value in changes.items()})


@cache
def images() -> ImageSet:
    """Return 200 training and 120 test images, 1x8x8, whose label decides where they are bright."""
    generator = torch.Generator().manual_seed(0)

    def split(n: int) -> Images:
        labels = torch.arange(n) % 10
        pixels = torch.randint(0, 120, (n, 1, 8, 8), generator=generator)
        pixels[torch.arange(n), 0, labels % 8, labels % 7] += 130
        return Images(pixels.to(torch.uint8), labels)

    train, test = split(200), split(120)
    mean = train.pixels.float().mean(0)
    return ImageSet("tiny", train, test, mean, 40.0, tuple("abcdefghij"), "0" * 64)


def device(precision: str = "fp32", threads: int = 1) -> Device:
    """Return the CPU; bf16 is computed everywhere, natively or not."""
    return Device(torch.device("cpu"), "CPU", precision, threads)


def trainer(run: RunConfig, precision: str = "fp32", state: dict | None = None) -> Trainer:
    """Return a trainer on the tiny images."""
    return Trainer(run, images(), device(precision), state)


def rows(events: list[Event]) -> list[StepRow]:
    """Return all rows, seconds set to zero, for they differ from run to run."""
    return [row._replace(seconds=0.0) for event in events if isinstance(event, Measured) for row in event.rows]


def evaluations(events: list[Event]) -> list[tuple]:
    """Return what was evaluated, without times."""
    return [
        (event.step, event.split, event.loss, event.error, event.images)
        for event in events
        if isinstance(event, Evaluated)
    ]


def until(events: Iterator[Event], stop: Callable[[Event], bool]) -> list[Event]:
    """Take events up to and including the first for which ``stop`` is true."""
    taken = []
    for event in events:
        taken.append(event)
        if stop(event):
            break
    return taken


def same_weights(one: Trainer, other: Trainer) -> bool:
    """Compare parameters, BN statistics and the optimizer's tensors bit for bit."""
    a, b = one.state(), other.state()
    kinds = {"model", "momentum", "exp_avg", "exp_avg_sq", "updates"} & (a.keys() | b.keys())
    return all(
        a[kind].keys() == b[kind].keys() and all(torch.equal(a[kind][name], b[kind][name]) for name in a[kind])
        for kind in kinds
    )
