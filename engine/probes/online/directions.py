"""Whether a net tells its images apart: cosines between their activations (collapse) and gradients (shattering)."""

import torch
from torch import Tensor

from engine.probes.online.measure import Activation, Gradient, ProbeContext, StackedMeasure, mean_without


class _MeanCosine(StackedMeasure):
    """Base of mean cosines between two images: keeps the inner products of all images, (N, N) per layer."""

    def __init__(self, context: ProbeContext):
        super().__init__(context)
        #: The pairs of two images that count, bool (N, N).
        self.pairs = ~torch.eye(len(context.labels), dtype=torch.bool, device=context.labels.device)

    def result(self) -> Tensor:
        """Return one value per layer; NaN where no pair is left.

        Pairs with a vector of zeros have no cosine and are left out.
        """
        grams = super().result()
        norms = grams.diagonal(dim1=1, dim2=2).sqrt()
        products = norms[:, :, None] * norms[:, None, :]
        return mean_without(grams / products, ~self.pairs | (products == 0), (1, 2))


class ActivationCosine(_MeanCosine):
    """Mean cosine between the activations of two images: (L,), all pairs."""

    def activation(self, layer: int, activation: Activation) -> None:
        """Take one layer."""
        self.kept[layer] = activation.gram


class GradientCosine(_MeanCosine):
    """Mean cosine between dL/dz of two images of one class: (L,), all pairs of one class."""

    def __init__(self, context: ProbeContext):
        super().__init__(context)
        self.pairs &= context.labels[:, None] == context.labels

    def gradient(self, layer: int, gradient: Gradient) -> None:
        """Take one layer."""
        self.kept[layer] = gradient.gram
