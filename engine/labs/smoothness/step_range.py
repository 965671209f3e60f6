"""Losses and gradients along one step of gradient descent, and the effective smoothness.

Santurkar, Tsipras, Ilyas and Madry 2018, How Does Batch Normalization Help Optimization?, section 3.1, measures loss
and gradient at w - eta g for several eta on one mini-batch. The largest change of the gradient by its distance is the
"effective" beta-smoothness. Nets, batches, augmentation and SGD are the project's, in 32-bit floats.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import OptimConfig, RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.models.build import build_model
from engine.training.optim import build_optimizer

#: Lengths of the measured steps in learning rates.
LENGTHS: tuple[float, ...] = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


class Band(NamedTuple):
    """The loss at one update, and losses and relative changes of the gradient over ``LENGTHS``.

    ``changes`` are ||g(w - eta g) - g|| / ||g||; ``beta`` is the largest ||g(w - eta g) - g|| / (eta ||g||). NaN counts
    as infinity.
    """

    loss: float
    losses: list[float]
    changes: list[float]
    beta: float


class Descent:
    """One training, update by update, on the seed's batches with one learning rate."""

    def __init__(self, config: RunConfig, images: ImageSet, device: torch.device) -> None:
        self._config, self._device, self._images = config, device, images.to(device)
        model: nn.Module = build_model(config.model, config.seed)
        self.model = model.to(device).to(memory_format=torch.channels_last).train()
        self._optimizer = build_optimizer(self.model, OptimConfig.checked(**config.optim.model_dump()))
        self._stream = BatchStream(config.seed, len(images.train), config.optim.batch_size)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs, float32 (batch, channels, S, S), and labels of update ``step`` (1 is the first)."""
        indices = torch.from_numpy(self._stream.indices(step)).to(self._device)
        pixels, labels = self._images.train.batch(indices)
        return augment(self._images.normalise(pixels), self._config.seed, step, self._config.data), labels

    def steps(self, last: int) -> Iterator[tuple[int, float]]:
        """Do updates 1 to ``last``; yield (update, its batch's loss before it); end after a loss that is not finite."""
        for step in range(1, last + 1):
            inputs, labels = self.batch(step)
            loss = F.cross_entropy(self.model(inputs), labels)
            self._optimizer.zero_grad()
            torch.autograd.backward(loss)
            value = loss.item()
            yield step, value
            if not math.isfinite(value):
                return
            self._optimizer.step()

    def band(self, step: int, lr: float) -> Iterator[Band | None]:
        """Measure a copy of the net on the batch of update ``step``; yield None after each length, then the band.

        Batch norm uses the batch's statistics.
        """
        inputs, labels = self.batch(step)
        probe = copy.deepcopy(self.model)
        start = [parameter.detach().clone() for parameter in probe.parameters()]
        loss, gradient = _loss_and_gradient(probe, inputs, labels)
        norm = _norm(gradient)
        losses, changes, betas = [], [], []
        for length in LENGTHS:
            eta = length * lr
            with torch.no_grad():
                for parameter, origin, slope in zip(probe.parameters(), start, gradient, strict=True):
                    parameter.copy_(origin - eta * slope)
            next_loss, next_gradient = _loss_and_gradient(probe, inputs, labels)
            change = _norm([b - a for a, b in zip(gradient, next_gradient, strict=True)])
            losses.append(_finite(next_loss))
            changes.append(_finite(change / norm if norm else math.inf))
            betas.append(_finite(change / (eta * norm) if norm else math.inf))
            yield None
        yield Band(_finite(loss), losses, changes, max(betas))


def _loss_and_gradient(model: nn.Module, inputs: Tensor, labels: Tensor) -> tuple[float, list[Tensor]]:
    loss = F.cross_entropy(model(inputs), labels)
    return loss.item(), list(torch.autograd.grad(loss, list(model.parameters())))


def _norm(tensors: Sequence[Tensor]) -> float:
    return float(torch.stack([torch.linalg.vector_norm(tensor, dtype=torch.float64) for tensor in tensors]).norm())


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf
