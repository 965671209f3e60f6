"""Gates: how much of a block's input is replaced, per pixel and channel."""

import torch
from torch import Tensor, nn

from engine.models.registry import Site


class Gate(nn.Conv2d):
    """g(x) = sigmoid(Wx + b), of the shape of the block's output; W is 1x1 or 3x3.

    W is drawn as every convolution is. b starts at ``first_bias``: below zero most of the input is carried on at first.

    Source: 1603.05027, section 3.1; Highway networks (1505.00387), section 2.2.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int, first_bias: float):
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
        self.first_bias = first_bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the gate, values in (0, 1)."""
        return torch.sigmoid(super().forward(x))


def gate(site: Site, bias: float) -> nn.Module:
    """Return a 1x1 gate."""
    return Gate(site.inputs, site.outputs, site.stride, kernel=1, first_bias=bias)


def wide_gate(site: Site, bias: float) -> nn.Module:
    """Return a 3x3 gate."""
    return Gate(site.inputs, site.outputs, site.stride, kernel=3, first_bias=bias)
