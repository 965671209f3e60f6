"""The CIFAR family of He et al. 2015, section 4.2: stem, three stages of n blocks, head; 6n+2 weighted layers.

Module names are chosen so that a layer's path is its name with slashes: ``stage2/block3/conv1``.
"""

from collections import OrderedDict

from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.blocks import Block, Stem
from engine.models.layout import leave


class Head(nn.Module):
    """Global average pool and a fully connected layer: (N, features, S, S) -> logits (N, classes)."""

    any_layout = True

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return self.linear(leave(x).mean(dim=(2, 3)).to(self.linear.weight.dtype))


class CifarNet(nn.Module):
    """Plain or residual net; which of them is one value of the config.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes). The stages have width, 2 x width and
    4 x width filters; the second and third halve the maps with stride 2 in their first convolution.
    """

    any_layout = True

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.stem = Stem(config.channels, width)
        self.stage1 = _stage(config, width, width, stride=1)
        self.stage2 = _stage(config, width, 2 * width, stride=2)
        self.stage3 = _stage(config, 2 * width, 4 * width, stride=2)
        self.head = Head(4 * width, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return self.head(self.stage3(self.stage2(self.stage1(self.stem(x)))))


def layer_path(module_name: str) -> str:
    """Return the readable path of a module: ``stage2.block3.conv1`` -> ``stage2/block3/conv1``."""
    return module_name.replace(".", "/")


def _stage(config: ModelConfig, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    blocks = OrderedDict()
    for index in range(1, config.blocks_per_stage + 1):
        first = index == 1
        blocks[f"block{index}"] = Block(inputs if first else outputs, outputs, stride if first else 1, config.shortcut)
    return nn.Sequential(blocks)
