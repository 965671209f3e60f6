"""One update of the weights: batch, augmentation, forward, backward, optimizer. Where a training spends its time."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import RunConfig
from engine.data.augment import augment
from engine.data.batches import WHOLE, BatchStream, Share
from engine.data.images import ImageSet
from engine.errors import DeviceError
from engine.hardware.device import Device
from engine.models.init.rng import Mask, random_modules
from engine.models.layers.blocked_layout import supported, to_blocked
from engine.models.sublayers.explicit_pass import ExplicitPass
from engine.training.compiled import compiled
from engine.training.recorded_update import RecordedUpdate, recorder_for


class Update:
    """Does updates of ``model`` on the training images; which images is a function of (seed, step) alone.

    A rank of a run with replicas (``device.ranks``) takes its share of each batch, with the draws of the whole batch,
    and its gradients become the mean over all ranks. Raises DeviceError for a net or a device that the config cannot
    be used with.
    """

    def __init__(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, images: ImageSet, config: RunConfig, device: Device
    ):
        self._model, self._optimizer, self._images = model, optimizer, images
        self._config, self._device = config, device
        # Compiled code has layouts of its own.
        self._blocked = device.blocked and supported(model) and not config.compile
        self._call: Callable[[Tensor], Tensor] = compiled(model, device) if config.compile else model
        explicit = device.torch_device.type == "cpu" and device.precision == "fp32" and not config.compile
        self._explicit = ExplicitPass.of(model) if explicit else None
        self._drawing = random_modules(model)
        self._recorded: RecordedUpdate | None = None
        if config.graph:
            if self._drawing:
                raise DeviceError("graph=true cannot be used with a net that draws anew in every step; set graph=false")
            self._recorded = RecordedUpdate(self._learn, optimizer, recorder_for(device))
        self._ranks = device.ranks
        self._share = WHOLE if self._ranks is None else Share(self._ranks.rank, self._ranks.count)
        assert self._share.shares == config.replicas, "a run with replicas has as many ranks"
        for module in self._drawing:
            if isinstance(module, Mask):
                module.share = self._share.number
        self._batches = BatchStream(config.seed, len(images.train), config.optim.batch_size, self._share)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Do update ``step`` (1 is the first); nothing in here waits for the device.

        Returns the mini-batch's mean loss (nats) and its number of wrong answers, both scalars on the device.
        """
        config, train = self._config, self._images.train
        pixels, labels = train.batch(torch.from_numpy(self._batches.indices(step)))
        inputs = self._images.normalise(pixels)
        inputs = augment(inputs, config.seed, step, config.data, self._share)
        if self._explicit is not None:
            loss, logits = self._explicit(inputs, labels)
            return self._finished(loss, (logits.argmax(1) != labels).sum())
        for module in self._drawing:
            module.resample(config.seed, step)
        return (self._recorded or self._learn)(inputs, labels)

    def changed(self) -> None:
        """Take over numbers of net and optimizer that a live edit has changed, the learning rate aside."""
        if self._recorded is not None:
            self._recorded.forget()

    def _learn(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Forward, backward, optimizer: all that a recording holds."""
        logits = self._forward(inputs)
        # The loss has 32 bits at least; 64-bit nets (labs) keep theirs.
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        loss = F.cross_entropy(logits, labels)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)  # loss.backward() with types
        return self._finished(loss.detach(), (logits.detach().argmax(1) != labels).sum())

    def _finished(self, loss: Tensor, wrong: Tensor) -> tuple[Tensor, Tensor]:
        """Move the weights along the gradients; return loss and wrong answers of the whole batch."""
        if self._ranks is not None:
            loss, wrong = self._ranks.average(self._model.parameters(), loss, wrong)
        self._optimizer.step()
        return loss, wrong

    def _forward(self, inputs: Tensor) -> Tensor:
        if self._blocked:
            logits: Tensor = self._model(to_blocked(inputs))  # bf16 from here on, no autocast needed
            return logits
        with self._device.autocast():
            return self._call(inputs)
