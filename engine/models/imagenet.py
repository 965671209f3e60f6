"""The ImageNet family of He et al. 2015, section 4.1, Table 1: depths 18 and 34 of basic blocks, 50, 101 and 152 of
bottlenecks, plain or residual.

Names are those of the CIFAR family: ``stage4.block2.conv1``. What torchvision calls the same layers is in
``engine.models.torchvision_weights``.
"""

from collections import OrderedDict

from torch import Tensor, nn

from engine.config import ModelConfig
from engine.config.model import IMAGENET_STAGES
from engine.models.blocks import Stem, build_block
from engine.models.bottleneck import Bottleneck, LargeStem
from engine.models.family import Head
from engine.models.imagenet_tensors import EXPANSION, chosen
from engine.models.registry import Site, Variant
from engine.models.shortcuts.shortcuts import build_shortcut


class ImageNet(nn.Module):
    """Plain or residual net of four stages; width, 2, 4 and 8 x width filters in their 3x3 convolutions.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes). The large stem divides S by 4, stages 2 to
    4 halve the maps once each. Raises ConfigError for a shortcut that this family does not have.
    """

    any_layout = True

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config, variant = config, chosen(config.shortcut)
        self.stem = (LargeStem if config.first_layer == "large" else Stem)(config.channels, config.width)
        inputs = config.width
        stages: list[nn.Module] = []
        for number, blocks in enumerate(IMAGENET_STAGES[config.depth]):
            width = config.width * 2**number
            outputs = EXPANSION * width if config.bottleneck else width
            stage: OrderedDict[str, nn.Module] = OrderedDict()
            for block in range(1, blocks + 1):
                site = Site(inputs, outputs, stride=2 if number and block == 1 else 1)
                stage[f"block{block}"] = _block(variant, site, width, config.bottleneck)
                inputs = outputs
            stages.append(nn.Sequential(stage))
        self.stage1, self.stage2, self.stage3, self.stage4 = stages
        self.head = Head(inputs, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        x = self.stage2(self.stage1(self.stem(x)))
        logits: Tensor = self.head(self.stage4(self.stage3(x)))
        return logits


def _block(variant: Variant, site: Site, width: int, bottleneck: bool) -> nn.Module:
    if not bottleneck:
        return build_block(variant, site)
    return Bottleneck(site.inputs, width, site.stride, build_shortcut(variant, site))
