"""The ImageNet family of He et al. 2015, section 4.1, Table 1: depths 18 and 34 of basic blocks, 50, 101 and 152 of
bottlenecks, plain or residual.

Names are those of the CIFAR family: ``stage4.block2.conv1``. What torchvision calls the same layers is in
``engine.models.torchvision_weights``.
"""

from collections import OrderedDict

from torch import Tensor, nn

from engine.config import ModelConfig
from engine.config.model import IMAGENET_STAGES
from engine.models.blocks import Block, Stem
from engine.models.bottleneck import Bottleneck, LargeStem
from engine.models.family import Head
from engine.models.imagenet_tensors import EXPANSION, check_shortcut


class ImageNet(nn.Module):
    """Plain or residual net of four stages; width, 2, 4 and 8 x width filters in their 3x3 convolutions.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes). The large stem divides S by 4, stages 2 to
    4 halve the maps once each. Raises ConfigError for a shortcut that this family does not have.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        check_shortcut(config.shortcut)
        self.config = config
        self.stem = (LargeStem if config.first_layer == "large" else Stem)(config.channels, config.width)
        inputs = config.width
        for number, blocks in enumerate(IMAGENET_STAGES[config.depth]):
            width = config.width * 2**number
            self.add_module(f"stage{number + 1}", _stage(config, inputs, width, blocks, stride=2 if number else 1))
            inputs = EXPANSION * width if config.bottleneck else width
        self.head = Head(inputs, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        x = self.stage2(self.stage1(self.stem(x)))
        return self.head(self.stage4(self.stage3(x)))


def _stage(config: ModelConfig, inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    make, outputs = (Bottleneck, EXPANSION * width) if config.bottleneck else (Block, width)
    found = OrderedDict()
    for index in range(1, blocks + 1):
        first = index == 1
        found[f"block{index}"] = make(inputs if first else outputs, width, stride if first else 1, config.shortcut)
    return nn.Sequential(found)
