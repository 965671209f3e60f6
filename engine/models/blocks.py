"""The post-activation block of He et al. 2015 (section 3.2, Fig. 2) and the stem.

A block is conv-BN-ReLU-conv-BN, then the shortcut is added, then ReLU. A plain block is the same code with no
addition: there is no second class. Convolutions carry no bias (BN follows and would cancel it); BN is affine.
Modules that can be evaluated with BN folded into the convolution name the pairs in ``conv_bn_pairs``. Probes
read ``taps`` and, of blocks, ``branch`` (``engine.models.taps``). ``any_layout`` says that a
module works in oneDNN's layout too (``engine.models.layers.blocked_layout``). Blocks of other orders, norms, lengths or
with a coefficient are ``engine.models.layers.preact``; ``build_block`` chooses.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.layers.preact import GatedBlock, PreActBlock, ScaledBlock, StochasticDepthBlock
from engine.models.registry import Site, Variant
from engine.models.shortcuts.scalars import Shift
from engine.models.shortcuts.shortcuts import build_coefficient, build_shortcut
from engine.models.taps import Tap


class Stem(nn.Module):
    """First 3x3 convolution, BN, ReLU: (N, channels, S, S) -> (N, width, S, S).

    Without norm the convolution has biases, or is followed by one scalar bias (Fixup).
    """

    any_layout = True

    def __init__(self, channels: int, width: int, norm: str = "batch", scalars: bool = False):
        super().__init__()
        normed = norm == "batch"
        self.conv = nn.Conv2d(channels, width, 3, padding=1, bias=not normed and not scalars)
        if normed:
            self.bn = nn.BatchNorm2d(width)
        elif scalars:
            self.shift = Shift()
        self._after = "bn" if normed else "shift" if scalars else ""
        self.conv_bn_pairs = (("conv", "bn"),) if normed else ()
        self.taps = (Tap(conv="conv", response=self._after or "conv", norm="bn" if normed else ""),)

    def forward(self, x: Tensor) -> Tensor:
        """Return the first feature maps."""
        x = self.conv(x)
        if self._after:
            x = getattr(self, self._after)(x)
        return F.relu(x, inplace=True)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: y = ReLU(v s(x) + F(x)), or ReLU(F(x)) where ``shortcut`` is None.

    Shapes: (N, inputs, S, S) -> (N, outputs, ceil(S / stride), ceil(S / stride)). ``strength`` is v, 1 unless changed
    (``engine.models.shortcuts.strength``).
    """

    any_layout = True
    conv_bn_pairs = (("conv1", "bn1"), ("conv2", "bn2"))
    taps = (
        Tap(conv="conv1", response="bn1", norm="bn1", activation_into="conv2"),
        Tap(conv="conv2", response="bn2", norm="bn2"),
    )
    branch = "bn2"

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: nn.Module | None):
        super().__init__()
        self.strength = 1.0
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.shortcut is not None:
            # In place: BN's backward needs its input, not its output, so nothing that is still needed is lost.
            y.add_(self.shortcut(x), alpha=self.strength)
        return F.relu(y, inplace=True)


def build_block(variant: Variant, site: Site, first: bool = False) -> nn.Module:
    """Return the block of a variant at a place in the net; ``first``: it follows the stem.

    A block's attributes are those of ``Block``, and ``coefficient`` where c is not 1.
    """
    coefficient, shortcut = build_coefficient(variant, site), build_shortcut(variant, site)
    if coefficient is None:
        if variant.order == "post" and variant.norm == "batch" and variant.layers == 2:
            return Block(site.inputs, site.outputs, site.stride, shortcut)
        kind = PreActBlock
    elif variant.shortcut.shares_gate:
        kind = GatedBlock
    else:
        kind = StochasticDepthBlock if variant.shortcut.skips else ScaledBlock
    return kind(variant, site, first, shortcut, coefficient)
