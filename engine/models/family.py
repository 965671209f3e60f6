"""The CIFAR family of He et al. 2015, section 4.2: stem, three stages of n blocks, head; 6n+2 weighted layers.

Module names are chosen so that a layer's path is its name with slashes: ``stage2/block3/conv1``.
"""

import hashlib
import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.blocks import Block, Stem
from engine.models.registry import get_shortcut

#: Standard deviation of the head's first weights.
HEAD_STD = 0.01


class Head(nn.Module):
    """Global average pool and a fully connected layer: (N, features, S, S) -> logits (N, classes)."""

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        return self.linear(x.mean(dim=(2, 3)))


class CifarNet(nn.Module):
    """Plain or residual net; which of them is one value of the config.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes). The stages have width, 2 x width and
    4 x width filters; the second and third halve the maps with stride 2 in their first convolution.
    """

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


def build_model(config: ModelConfig, seed: int) -> CifarNet:
    """Return a freshly initialised net on the CPU, in train mode.

    Each layer draws its weights from a generator of its own, keyed by (seed, layer path): layers of equal path and
    shape start equal in all arms of a race, whatever their depth and shortcut. Global random state is left alone.
    Raises ConfigError when the shortcut is unknown.
    """
    get_shortcut(config.shortcut)
    with torch.device("meta"):  # torch's own initial draws would cost time and be thrown away
        model = CifarNet(config)
    model.to_empty(device="cpu")
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                _draw_weights(module, layer_path(name), seed)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
    return model


def layer_path(module_name: str) -> str:
    """Return the readable path of a module: ``stage2.block3.conv1`` -> ``stage2/block3/conv1``."""
    return module_name.replace(".", "/")


def _stage(config: ModelConfig, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    blocks = OrderedDict()
    for index in range(1, config.blocks_per_stage + 1):
        first = index == 1
        blocks[f"block{index}"] = Block(inputs if first else outputs, outputs, stride if first else 1, config.shortcut)
    return nn.Sequential(blocks)


def _draw_weights(layer: nn.Conv2d | nn.Linear, path: str, seed: int) -> None:
    """Fill convolutions with N(0, 2/n) (He et al. 2015b, "Delving Deep into Rectifiers"), the head with N(0, 1e-4)."""
    digest = hashlib.sha256(f"{seed} {path}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    if isinstance(layer, nn.Linear):
        # DEVIATION: the paper names one rule for all layers. The stream of a residual net grows with its depth, so with
        # 2/n the first loss would depend on depth and seed (residual-56: 3 to 20 nats), and the first hundred steps of
        # a short race would show that instead of depth. With small weights all arms start at ln(classes).
        layer.weight.normal_(0.0, HEAD_STD, generator=generator)
        layer.bias.zero_()
        return
    # n is the fan-out, k*k*outputs: the backward form, equation 14 of that paper, which keeps the size of gradients.
    # The ResNet paper leaves fan-in or fan-out open, and published code differs. They differ here in the stem, the two
    # stride-2 layers and the projections only, and BN makes the forward signal independent of the choice.
    fan_out = layer.weight.shape[0] * layer.weight[0, 0].numel()
    layer.weight.normal_(0.0, math.sqrt(2.0 / fan_out), generator=generator)
