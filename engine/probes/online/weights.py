"""How fast the weights move."""

import torch
from torch import Tensor

from engine.probes.online.measure import Scene


class UpdateRatio:
    """||last change of W|| / ||W|| of the convolution: (L,); NaN before the first update.

    SGD changes W by lr times its momentum buffer, in which weight decay is contained; W is the one after the change.
    """

    def __init__(self, scene: Scene):
        self._scene = scene

    def result(self) -> Tensor:
        """Return one value per layer."""
        scene, missing = self._scene, self._scene.nan()
        ratios = []
        for layer, buffer in zip(scene.layers, scene.momentum, strict=True):
            if buffer is None or scene.lr is None:
                ratios.append(missing)
                continue
            size = torch.linalg.vector_norm(layer.conv.weight.detach().float())
            ratios.append(scene.lr * torch.linalg.vector_norm(buffer.float()) / size)
        return torch.stack(ratios)
