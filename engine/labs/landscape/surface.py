"""The loss around the weights of a trained net on fixed training images, and its Hessian.

Points of the plane are evaluated as in training: batch norm folded, at its precision (``FoldedNet``). Slices need
32-bit floats: their steps are too small for bf16. Steps are flat vectors over all trained parameters
(``engine.probes.offline.filter_directions``). The net is a copy.
"""

import dataclasses
from collections.abc import Generator, Iterator
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.hardware.work import HESSIAN, SURFACE, Budget
from engine.labs.inspected_run import Document, InspectedRun
from engine.models.count import count
from engine.probes.offline.filter_directions import flat_weights, random_direction
from engine.probes.offline.hessian import Hessian
from engine.training.evaluate import FoldedNet, has_batch_norm, recalibrate, subset
from engine.training.state import check_document, check_tensors

#: Largest number of multiply-adds over all images with kept graphs of the Hessian: less than 1 GB on a CPU.
_KEPT = 2e9


class Surface:
    """The neighbourhood of one training's state.

    Args:
        images: number of training images, taken in the fixed random order of the data set's subset.
        recalibrate: at every point of the plane batch norm takes the statistics of these images, averaged over batches
            of training size, in place of the state's running statistics.
    """

    def __init__(self, inspected: InspectedRun, images: int, recalibrate: bool):
        inspected.enter()
        self._inspected, self._device = inspected, inspected.device
        self._model = inspected.model()
        self._recalibrate = recalibrate and has_batch_norm(self._model)
        self._parameters = list(self._model.parameters())
        self._weights = {name: p.detach().clone() for name, p in self._model.named_parameters()}
        self._start = torch.cat([p.detach().reshape(-1) for p in self._parameters])
        self._statistics = {name: buffer.clone() for name, buffer in self._model.named_buffers()}
        chosen = subset(inspected.images.train, images)
        pixels, self._labels = inspected.images.train.batch(chosen)
        self._images = inspected.images.normalise(pixels).contiguous(memory_format=self._device.memory_format)
        self._work = count(inspected.config.model).multiply_adds
        self.images = len(self._labels)

    @cached_property
    def weights(self) -> Tensor:
        """The flat weights of the state, zero outside the filters."""
        return self._flat_of(self._inspected.document)

    def directions(self, seed: int) -> Tensor:
        """Return the two random filter-normalised directions, (2, parameters)."""
        return torch.stack([random_direction(self._weights, seed, axis) for axis in range(2)])

    def offsets(self) -> Generator[None, None, Tensor]:
        """Return the weights of all other saved states less this one's, (n, parameters), oldest first."""
        offsets = []
        for _, read in self._inspected.trail:
            offsets.append(self._flat_of(read()) - self.weights)
            yield
        return torch.stack(offsets) if offsets else torch.zeros(0, len(self._start), device=self._start.device)

    def point(self, step: Tensor) -> Generator[None, None, list[float]]:
        """Return loss in nats and error in percent after ``step``, evaluated as in training; yield after each batch."""
        self._inspected.enter()
        self._place(step)
        if self._recalibrate:
            batches = max(1, round(self.images / self._inspected.config.optim.batch_size))
            yield from recalibrate(self._model, self._images.chunk(batches), self._device)
        return (yield from self._measure(self._folded))

    def fine_point(self, step: Tensor) -> Generator[None, None, list[float]]:
        """Return ``point`` in 32-bit floats and with the running statistics."""
        self._inspected.enter()
        self._place(step)
        return (yield from self._measure(self._folded_fp32))

    def hessian(self) -> Hessian:
        """Return the Hessian of the loss on the same images, with the running statistics, in 32-bit floats."""
        self._inspected.enter()
        self._place(torch.zeros_like(self._start))
        size = self._batch(HESSIAN)
        keep = self._work * self.images <= _KEPT and self._device.torch_device.type == "cpu"
        return Hessian(self._model, list(self._batches(size)), keep)

    @cached_property
    def _folded(self) -> FoldedNet:
        return FoldedNet(self._model, self._device)

    @cached_property
    def _folded_fp32(self) -> FoldedNet:
        return FoldedNet(self._model, dataclasses.replace(self._device, precision="fp32"))

    def _flat_of(self, document: Document) -> Tensor:
        check_document(document)
        saved = document["model"]
        check_tensors(saved, self._statistics | self._weights)
        return flat_weights({name: saved[name].to(self._start.device) for name in self._weights})

    def _batch(self, budget: Budget) -> int:
        return budget.images(self._device.torch_device.type, self._work, 8, 1000)

    def _batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(self._images, size), torch.split(self._labels, size), strict=True)

    def _place(self, step: Tensor) -> None:
        """Set the net to the state's parameters plus ``step``, with the state's statistics."""
        with torch.no_grad():
            pieces = torch.split(self._start + step, [p.numel() for p in self._parameters])
            for parameter, piece in zip(self._parameters, pieces, strict=True):
                parameter.copy_(piece.view_as(parameter))
            for name, buffer in self._model.named_buffers():
                buffer.copy_(self._statistics[name])

    def _measure(self, folded: FoldedNet) -> Generator[None, None, list[float]]:
        folded.take(self._model)
        size = self._batch(SURFACE)
        losses, wrong = [], []
        for images, labels in self._batches(size):
            with torch.inference_mode():
                logits = folded.logits(images)
                losses.append(F.cross_entropy(logits, labels, reduction="none"))
                wrong.append(logits.argmax(1) != labels)
            yield
        loss, error = torch.stack([torch.cat(losses).mean(), 100 * torch.cat(wrong).float().mean()]).tolist()
        return [loss, error]
