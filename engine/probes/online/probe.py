"""The probe of a run: all quantities of the registry from one pass over a fixed batch, fetched in one copy.

It changes nothing that a training can see: weights, gradients, BN statistics, optimizer and random state stay as they
are. A net that is not finite gives values that are not finite.
"""

from collections.abc import Callable, Sequence, Set
from pkgutil import resolve_name

import numpy as np
import torch
from torch import nn

from engine.config import RunConfig
from engine.config.probe_steps import probe_steps
from engine.data.images import ImageSet
from engine.hardware.device import Device
from engine.probes.online.batch import probe_batch
from engine.probes.online.hooks import (
    HookedBlock,
    HookedLayer,
    Place,
    WholeBlock,
    find_blocks,
    find_layers,
    find_places,
    find_stream,
)  # fmt: skip
from engine.probes.online.instrumented_pass import instrumented_eval_pass, instrumented_pass
from engine.probes.online.measure import SETTLED, Measure, ProbeContext
from engine.probes.online.weights import last_directions
from engine.probes.registry import QUANTITIES


class OnlineProbe:
    """Measures the quantities of a net's family while it trains; see ``engine.training.trainer`` for who calls it when.

    ``steps`` are the updates after which to measure (0: before the first), ``images`` the size of the batch;
    ``further_ends`` as in ``engine.config.probe_steps``.
    """

    def __init__(
        self, config: RunConfig, images: ImageSet, model: nn.Module, device: Device, further_ends: Sequence[int] = ()
    ):
        self.steps: Set[int] = frozenset(probe_steps(config, further_ends))
        self._device = device
        self._batch = probe_batch(images.to(device.torch_device), config.probe.images)
        self.images = len(self._batch)
        self._measures: dict[str, Callable[[ProbeContext], Measure]] = {
            name: resolve_name(row.measure) for name, row in QUANTITIES.items() if config.model.family in row.families
        }
        self.layers: list[Place] = find_places(model)
        self._hooked: tuple[nn.Module, list[HookedLayer], list[HookedBlock], list[WholeBlock]] | None = None

    def measure(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, step: int, lr: float | None
    ) -> dict[str, np.ndarray]:
        """Return every quantity after ``step`` updates, the last of them with the rate ``lr``: float32 by name."""
        if self._hooked is None or self._hooked[0] is not model:
            self._hooked = model, find_layers(model), find_blocks(model), find_stream(model)
        _, layers, blocks, stream = self._hooked
        directions = last_directions(optimizer, [layer.conv.weight for layer in layers], lr)
        context = ProbeContext(layers, blocks, self._batch.labels, step, lr, directions, stream)
        measures = {name: make(context) for name, make in self._measures.items()}
        gpu = [self._device.torch_device] if self._device.torch_device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpu):
            instrumented_pass(model, self._batch, context, self._device, list(measures.values()))
            if step >= SETTLED:
                instrumented_eval_pass(model, self._batch, context, self._device, list(measures.values()))
        with torch.no_grad():
            return _fetch({name: measure.result() for name, measure in measures.items()})


def _fetch(results: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Copy all results from the device at once."""
    together = torch.cat([result.float().flatten() for result in results.values()]).cpu().numpy()
    sizes = np.cumsum([result.numel() for result in results.values()])[:-1]
    parts = np.split(together, sizes)
    return {name: part.reshape(result.shape) for (name, result), part in zip(results.items(), parts, strict=True)}
