"""Gates: how much of a block's input is replaced, per pixel and channel."""

import torch
from torch import Tensor, nn


class Gate(nn.Conv2d):
    """g(x) = sigmoid(Wx + b), of the shape of the block's output; W is 1x1 or 3x3.

    W is drawn as every convolution is; b starts at ``first_bias`` (1603.05027, section 3.1; Highway networks, section
    2.2): below zero most of the input is carried on at first.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int, first_bias: float):
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
        self.first_bias = first_bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the gate, values in (0, 1)."""
        return torch.sigmoid(super().forward(x))
