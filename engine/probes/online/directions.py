"""Whether a net tells its images apart: cosines between their activations (collapse) and gradients (shattering)."""

import torch
from torch import Tensor

from engine.probes.online.measure import Activation, Gradient, ProbeContext, mean_without


class ActivationCosine:
    """Mean cosine between the activations of two images: (L,), all pairs."""

    def __init__(self, context: ProbeContext):
        self._grams: list[Tensor] = []
        self._pairs = _different(context.labels)

    def activation(self, layer: int, activation: Activation) -> None:
        """Take one layer."""
        self._grams.append(activation.gram)

    def result(self) -> Tensor:
        """Return one value per layer."""
        return _mean_cosine(torch.stack(self._grams), self._pairs)


class GradientCosine:
    """Mean cosine between dL/dz of two images of one class: (L,), all pairs of one class."""

    def __init__(self, context: ProbeContext):
        self._grams: dict[int, Tensor] = {}
        self._pairs = _different(context.labels) & (context.labels[:, None] == context.labels)

    def gradient(self, layer: int, gradient: Gradient) -> None:
        """Take one layer."""
        self._grams[layer] = gradient.gram

    def result(self) -> Tensor:
        """Return one value per layer."""
        return _mean_cosine(torch.stack([self._grams[layer] for layer in sorted(self._grams)]), self._pairs)


def _different(labels: Tensor) -> Tensor:
    """Return the pairs of two images, bool (N, N)."""
    return ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)


def _mean_cosine(grams: Tensor, pairs: Tensor) -> Tensor:
    """Return the mean cosine over ``pairs`` (N, N) from inner products (L, N, N).

    Pairs with a vector of zeros have no cosine and are left out; NaN where none is left.
    """
    norms = grams.diagonal(dim1=1, dim2=2).sqrt()
    products = norms[:, :, None] * norms[:, None, :]
    return mean_without(grams / products, ~pairs | (products == 0), (1, 2))
