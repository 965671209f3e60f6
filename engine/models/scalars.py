"""Fixup's single trained numbers in place of norm (1901.09321, section 3, rule 3). Without dimensions: they leave the
precision of what they are added to alone.
"""

import torch
from torch import Tensor, nn


class Shift(nn.Module):
    """Adds one number, at first 0."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put the number where it starts."""
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return x + bias."""
        return x + self.bias


class ScaleShift(nn.Module):
    """Multiplies with one number, at first 1, and adds another, at first 0: the end of a branch."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put the numbers where they start."""
        self.weight.fill_(1.0)
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Return weight * x + bias."""
        return x * self.weight + self.bias
