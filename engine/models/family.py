"""The CIFAR family of He et al. 2015, section 4.2: stem, three stages of blocks, head; 6n+2 weighted layers.

Module names are chosen so that a layer's path is its name with slashes: ``stage2/block3/conv1``.
"""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.blocks import Stem, build_block
from engine.models.layers.blocked_layout import from_blocked
from engine.models.registry import ORDERS, Site, Variant, variant
from engine.models.shortcuts.scalars import Shift


class LastActivation(nn.Module):
    """What activates the last sum in the pre-activation orders: BN and ReLU, or ReLU (1603.05027, appendix)."""

    any_layout = True

    def __init__(self, features: int, normed: bool):
        super().__init__()
        self.bn = nn.BatchNorm2d(features) if normed else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated sum."""
        return F.relu(x if self.bn is None else self.bn(x))


class Head(nn.Module):
    """Global average pool and a fully connected layer: (N, features, S, S) -> logits (N, classes).

    With Fixup's ``scalars`` one number is added in between.
    """

    any_layout = True

    def __init__(self, features: int, classes: int, scalars: bool = False):
        super().__init__()
        self.shift = Shift() if scalars else None
        self.linear = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        x = from_blocked(x).mean(dim=(2, 3)).to(self.linear.weight.dtype)
        logits: Tensor = self.linear(x if self.shift is None else self.shift(x))
        return logits


class CifarNet(nn.Module):
    """Plain or residual net; which of them is one value of the config.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes). The stages have width, 2 x width and
    4 x width filters; the second and third halve the maps with stride 2 in their first convolution.
    Raises ConfigError when the variant is unknown or its layers per shortcut do not divide a stage.
    """

    any_layout = True

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        chosen, width = variant(config.shortcut), config.width
        scalars = chosen.shortcut.scalars
        blocks = chosen.blocks_per_stage(config.depth)
        self.stem = Stem(config.channels, width, chosen.norm, scalars)
        self.stage1 = _stage(chosen, blocks, 1, width, width)
        self.stage2 = _stage(chosen, blocks, 2, width, 2 * width)
        self.stage3 = _stage(chosen, blocks, 3, 2 * width, 4 * width)
        pre, normed = ORDERS[chosen.order].pre, chosen.order == "full-pre" and chosen.norm == "batch"
        self.last = LastActivation(4 * width, normed) if pre else None
        self.head = Head(4 * width, config.classes, scalars)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        logits: Tensor = self.head(x if self.last is None else self.last(x))
        return logits


def _stage(chosen: Variant, blocks: int, stage: int, inputs: int, outputs: int) -> nn.Sequential:
    named: OrderedDict[str, nn.Module] = OrderedDict()
    for number in range(1, blocks + 1):
        first = number == 1
        site = Site(
            inputs=inputs if first else outputs,
            outputs=outputs,
            stride=2 if first and stage > 1 else 1,
            norm=chosen.norm,
            share=((stage - 1) * blocks + number) / (3 * blocks),
        )
        named[f"block{number}"] = build_block(chosen, site, first=first and stage == 1)
    return nn.Sequential(named)
