"""Two copies of a net, one pushed a little, through the same updates in 64-bit floats: how fast do they part?

Nets, first weights, batches and updates are those of runs; only the type of the numbers differs.
"""

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.config import DataConfig, OptimConfig, RunConfig
from engine.data.images import ImageSet
from engine.hardware.device import Device
from engine.labs.predictability.plan import BATCH, WIDTH, Cell
from engine.labs.small_images import model_config
from engine.models.build import build_model
from engine.models.init.weights import keyed
from engine.training.optim import build_optimizer
from engine.training.update import Update


class Apart(NamedTuple):
    """Relative distances: of the weights after an update, of the loss on its batch before it."""

    weights: float
    loss: float


class Pair:
    """A net and its pushed copy. ``start`` is the relative distance of their weights before the first update.

    Args:
        cell: the net and its rate.
        images: the data set; its pixels become 64-bit floats.
        seed: the seed of weights, push and batches.
        push: the standard deviation of the relative change of each weight of the copy.
    """

    def __init__(self, cell: Cell, images: ImageSet, seed: int, push: float, device: Device) -> None:
        # A copy computes in one thread, so that the bits are the same however many copies are stepped at once.
        torch.set_num_threads(1)
        config = RunConfig(
            model=model_config(images, cell.depth, cell.shortcut, WIDTH),
            # No augmentation: the images of an update are the same whatever its rules.
            data=DataConfig(name=images.name, crop=0, flip=False),
            optim=OptimConfig(lr=cell.rate, batch_size=BATCH), seed=seed,
        )  # fmt: skip
        # The mean decides the type of the normalised pixels.
        images = replace(images.to(device.torch_device), mean=images.mean.to(device.torch_device, torch.float64))
        net: nn.Module = build_model(config.model, seed)
        device.place(net, torch.float64)
        self.nets = (net, copy.deepcopy(net))
        _push(self.nets[1], push, keyed(seed, "push"))
        self.start = distance(*self.nets)
        self._threads = device.threads
        optimizers = [build_optimizer(one, config.optim) for one in self.nets]
        self._updates = [
            Update(one, optimizer, images, config, device) for one, optimizer in zip(self.nets, optimizers, strict=True)
        ]

    def steps(self, last: int) -> Iterator[Apart]:
        """Do updates 1 to ``last`` of both copies; yield their distances after each."""
        # Torch lets go of the interpreter: with two threads both copies are stepped at once, with one in turn.
        with ThreadPoolExecutor(min(self._threads, len(self._updates))) as pool:
            for step in range(1, last + 1):
                (one, _), (other, _) = pool.map(lambda update, step=step: update(step), self._updates)
                yield Apart(distance(*self.nets), _relative(one, other))


def distance(one: nn.Module, other: nn.Module) -> float:
    """Return ||w - v|| / ||w|| over all weights w of one net and v of the other."""
    with torch.no_grad():
        # Flattened one by one: parameters_to_vector takes contiguous weights alone.
        return _relative(*(torch.cat([weight.flatten() for weight in net.parameters()]) for net in (one, other)))


def _relative(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / one.norm())


def _push(net: nn.Module, push: float, generator: torch.Generator) -> None:
    """Multiply each weight by 1 + push * z, z from N(0, 1)."""
    with torch.no_grad():
        for weight in net.parameters():
            draws = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            weight.mul_(1 + push * draws.to(weight.device))
