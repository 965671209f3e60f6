"""The signal that comes back: norms of the gradients of responses and weights, and their growth towards the input."""

import torch
from torch import Tensor

from engine.probes.online.measure import Gradient, ProbeContext


class GradientResponse:
    """||dL/dz|| over the batch: (L,)."""

    def __init__(self, context: ProbeContext):
        self._norms: dict[int, Tensor] = {}

    def gradient(self, layer: int, gradient: Gradient) -> None:
        """Take one layer."""
        self._norms[layer] = gradient.norm

    def result(self) -> Tensor:
        """Return one value per layer."""
        return torch.stack([self._norms[layer] for layer in sorted(self._norms)])


class GradientWeight:
    """||dL/dW|| of the convolution: (L,)."""

    def __init__(self, context: ProbeContext):
        self._norms: list[Tensor] = []

    def weight_gradient(self, layer: int, gradient: Tensor) -> None:
        """Take one layer."""
        self._norms.append(torch.linalg.vector_norm(gradient))

    def result(self) -> Tensor:
        """Return one value per layer."""
        return torch.stack(self._norms)


class GradientGrowth:
    """Growth of ||dL/dz|| per layer towards the input: (1 + stages,), the whole net, then each stage.

    From the last to the first 3x3 layer of the net, and of each stage: (first / last)^(1 / number of layers between).
    """

    def __init__(self, context: ProbeContext):
        self._norms: dict[int, Tensor] = {}
        spans = [[layer.place.position for layer in context.layers]]
        for stage in sorted({layer.place.stage for layer in context.layers} - {0}):
            spans.append([layer.place.position for layer in context.layers if layer.place.stage == stage])
        self._ends = [(span[0], span[-1]) for span in spans]

    def gradient(self, layer: int, gradient: Gradient) -> None:
        """Take one layer."""
        self._norms[layer] = gradient.norm

    def result(self) -> Tensor:
        """Return one value for the net and one per stage."""
        return torch.stack(
            [(self._norms[first] / self._norms[last]) ** (1.0 / (last - first)) for first, last in self._ends]
        )
