"""The post-activation block of He et al. 2015 (section 3.2, Fig. 2) and the stem.

A block is conv-BN-ReLU-conv-BN, then the shortcut is added, then ReLU. A plain block is the same code with no
addition: there is no second class. Convolutions carry no bias (BN follows and would cancel it); BN is affine.
Modules that can be evaluated with BN folded into the convolution name the pairs in ``conv_bn_pairs``; what the probes
look at is named in ``taps`` and, for blocks, ``branch`` (``engine.models.tap``).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.shortcuts import build_shortcut
from engine.models.tap import Tap


class Stem(nn.Module):
    """First 3x3 convolution, BN, ReLU: (N, channels, S, S) -> (N, width, S, S)."""

    conv_bn_pairs = (("conv", "bn"),)
    taps = (Tap(conv="conv", response="bn", norm="bn"),)

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the first feature maps."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: y = ReLU(s(x) + F(x)), or ReLU(F(x)) where ``shortcut`` is ``none``.

    Shapes: (N, inputs, S, S) -> (N, outputs, ceil(S / stride), ceil(S / stride)).
    """

    conv_bn_pairs = (("conv1", "bn1"), ("conv2", "bn2"))
    taps = (
        Tap(conv="conv1", response="bn1", norm="bn1", activation_into="conv2"),
        Tap(conv="conv2", response="bn2", norm="bn2"),
    )
    branch = "bn2"

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = build_shortcut(shortcut, inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.shortcut is not None:
            # In place: BN's backward needs its input, not its output, so nothing that is still needed is lost.
            y += self.shortcut(x)
        return F.relu(y, inplace=True)
