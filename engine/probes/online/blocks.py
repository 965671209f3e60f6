"""The updates of the blocks: size and direction of F(x) beside s(x)."""

from torch import Tensor

from engine.probes.online.measure import StackedMeasure, Update, mean_without


class _Products(StackedMeasure):
    """Base of measures of the update: keeps F.F, s.s and F.s of every image, (3, N) per block."""

    def block(self, block: int, update: Update) -> None:
        """Take one block."""
        self.kept[block] = update.products


class UpdateSize(_Products):
    """Mean over images of ||F(x)|| / ||s(x)||: (B,). Images whose s(x) is zero are left out."""

    def result(self) -> Tensor:
        """Return one value per block."""
        ff, xx, _ = super().result().unbind(1)
        return mean_without(ff.sqrt() / xx.sqrt(), xx == 0, 1)


class UpdateCosine(_Products):
    """Mean over images of cos(F(x), s(x)): (B,). Images where one of them is zero are left out."""

    def result(self) -> Tensor:
        """Return one value per block."""
        ff, xx, fx = super().result().unbind(1)
        return mean_without(fx / (ff.sqrt() * xx.sqrt()), (ff == 0) | (xx == 0), 1)
