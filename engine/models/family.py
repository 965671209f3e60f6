"""The nets of He et al. 2015: stem, stages of blocks, head; their sites are in ``engine.models.sites``.

The CIFAR family (section 4.2) has three stages and 6n+2 weighted layers. The ImageNet family (section 4.1, Table 1)
has four stages; depths 18 and 34 are made of basic blocks, 50, 101 and 152 of bottlenecks.

Module names are chosen so that a layer's path is its name with slashes: ``stage2/block3/conv1``. Torchvision's
names of the ImageNet family are in ``engine.models.torchvision_weights``.
"""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.blocks import Stem, build_block
from engine.models.bottleneck import Bottleneck, LargeStem
from engine.models.layers.blocked_layout import from_blocked
from engine.models.registry import ORDERS, Site, Variant, variant
from engine.models.shortcuts.scalars import Shift
from engine.models.shortcuts.shortcuts import build_shortcut
from engine.models.sites import EXPANSION, sites


class LastActivation(nn.Module):
    """Activation of the last sum in the pre-activation orders: BN and ReLU, or ReLU (1603.05027, appendix)."""

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


class PaperNet(nn.Sequential):
    """Plain or residual net; one value of the config, ``shortcut``, decides.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes).

    Raises: ConfigError when the variant is unknown or not one of the family's, or its layers per shortcut do not divide
    a stage.
    """

    def __init__(self, config: ModelConfig):
        chosen = variant(config.shortcut, config.family)
        scalars, features = chosen.shortcut.scalars, config.width
        modules: OrderedDict[str, nn.Module] = OrderedDict()
        if config.first_layer == "large":
            modules["stem"] = LargeStem(config.channels, config.width)
        else:
            modules["stem"] = Stem(config.channels, config.width, chosen.norm, scalars)
        for number, (path, site) in enumerate(sites(config, chosen)):
            stage, block = path.split(".")
            module = _bottleneck(chosen, site) if config.bottleneck else build_block(chosen, site, first=number == 0)
            modules.setdefault(stage, nn.Sequential()).add_module(block, module)
            features = site.outputs
        if ORDERS[chosen.order].pre:
            modules["last"] = LastActivation(features, chosen.order == "full-pre" and chosen.norm == "batch")
        modules["head"] = Head(features, config.classes, scalars)
        super().__init__(modules)
        self.config = config


def _bottleneck(chosen: Variant, site: Site) -> nn.Module:
    return Bottleneck(site.inputs, site.outputs // EXPANSION, site.stride, build_shortcut(chosen, site))
