"""What the blocks do to what they get: size and direction of the update F(x) beside s(x)."""

import torch
from torch import Tensor

from engine.probes.online.measure import ProbeContext, Update, mean_without


class UpdateSize:
    """Mean over images of ||F(x)|| / ||s(x)||: (B,). Images whose s(x) is zero are left out."""

    def __init__(self, context: ProbeContext):
        self._products: list[Tensor] = []

    def block(self, block: int, update: Update) -> None:
        """Take one block."""
        self._products.append(update.products)

    def result(self) -> Tensor:
        """Return one value per block."""
        ff, xx, _ = torch.stack(self._products, 1)
        return mean_without(ff.sqrt() / xx.sqrt(), xx == 0, 1)


class UpdateCosine:
    """Mean over images of cos(F(x), s(x)): (B,). Images where one of them is zero are left out."""

    def __init__(self, context: ProbeContext):
        self._products: list[Tensor] = []

    def block(self, block: int, update: Update) -> None:
        """Take one block."""
        self._products.append(update.products)

    def result(self) -> Tensor:
        """Return one value per block."""
        ff, xx, fx = torch.stack(self._products, 1)
        return mean_without(fx / (ff.sqrt() * xx.sqrt()), (ff == 0) | (xx == 0), 1)
