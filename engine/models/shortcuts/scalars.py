"""Fixup's single trained numbers in place of norm (1901.09321, section 3, rule 3).

They have no dimensions: additions to them keep the precision of the other term. Their gradients sum over all
values of a layer and are by far the largest of the net: at the rate of the weights they drive ReLUs dead. They get a
tenth of it, as in the authors' code; here the gradient is made a tenth, so that one rate serves the
whole net. (Weight decay acts on them in full.)
"""

import torch
from torch import Tensor, nn

#: Share of the gradient that a number gets.
SHARE = 0.1


def _slow(number: Tensor) -> Tensor:
    """Return the number as it is; its gradient is a tenth."""
    at = number.detach()
    return at + SHARE * (number - at)


class Shift(nn.Module):
    """Adds one number, at first 0."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put the number where it starts."""
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return x + bias."""
        return x + _slow(self.bias)


class ScaleShift(nn.Module):
    """Multiplies with one number, at first 1, and adds another, at first 0: the end of a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put the numbers where they start."""
        self.weight.fill_(1.0)
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return weight * x + bias."""
        return x * _slow(self.weight) + _slow(self.bias)
