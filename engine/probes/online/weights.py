"""How fast the weights move, from the last update of the optimizer alone: no earlier weights are kept."""

import torch
from torch import Tensor

from engine.probes.online.measure import ProbeContext


class UpdateRatio:
    """||last change of W|| / ||W|| of the convolution: (L,); NaN before the first update.

    SGD changes W by lr times its momentum buffer, in which weight decay is contained; W is the one after the change.

    Source: a common rule of thumb, about 1e-3 (``engine.probes.registry``).
    """

    def __init__(self, context: ProbeContext):
        self._context = context

    def result(self) -> Tensor:
        """Return one value per layer."""
        context, missing = self._context, self._context.nan()
        ratios = []
        for layer, buffer in zip(context.layers, context.momentum, strict=True):
            if buffer is None or context.lr is None:
                ratios.append(missing)
                continue
            size = torch.linalg.vector_norm(layer.conv.weight.detach().float())
            ratios.append(context.lr * torch.linalg.vector_norm(buffer.float()) / size)
        return torch.stack(ratios)
