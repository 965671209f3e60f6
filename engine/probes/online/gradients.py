"""The signal that comes back: norms of the gradients of responses and weights, and their growth towards the input."""

import torch
from torch import Tensor

from engine.probes.online.measure import Gradient, ProbeContext, StackedMeasure


class GradientResponse(StackedMeasure):
    """||dL/dz|| over the batch: (L,)."""

    def gradient(self, layer: int, gradient: Gradient) -> None:
        """Take one layer."""
        self.kept[layer] = gradient.norm


class GradientWeight(StackedMeasure):
    """||dL/dW|| of the convolution: (L,)."""

    def weight_gradient(self, layer: int, gradient: Tensor) -> None:
        """Take one layer."""
        self.kept[layer] = torch.linalg.vector_norm(gradient)


class QkGradient(StackedMeasure):
    """||dL/dW|| of the rows that make queries and keys: one value per block."""

    def __init__(self, context: ProbeContext):
        super().__init__(context)
        self._layers = context.layers

    def weight_gradient(self, layer: int, gradient: Tensor) -> None:
        """Take one layer."""
        if self._layers[layer].qkv:
            self.kept[layer] = torch.linalg.vector_norm(gradient[: 2 * len(gradient) // 3])


class GradientGrowth(GradientResponse):
    """Growth of ||dL/dz|| per layer towards the input: (1 + stages,), the whole net, then each stage.

    From the last to the first 3x3 layer of the net, and of each stage: (first / last)^(1 / number of layers between).
    """

    def __init__(self, context: ProbeContext):
        super().__init__(context)
        places = [layer.place for layer in context.layers]
        spans = [[place.position for place in places]]
        for stage in sorted({place.stage for place in places} - {0}):
            spans.append([place.position for place in places if place.stage == stage])
        self._ends = [(span[0], span[-1]) for span in spans]

    def result(self) -> Tensor:
        """Return one value for the net and one per stage."""
        return torch.stack(
            [(self.kept[first] / self.kept[last]) ** (1.0 / (last - first)) for first, last in self._ends]
        )
