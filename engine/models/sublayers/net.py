"""The nets of the families ``mlp`` and ``vit``: a stem, blocks of sublayers around a stream of one width, a head.

A block of ``mlp`` is an MLP, one of ``vit`` (Dosovitskiy et al. 2020, 2010.11929) attention and an MLP. Module names
are chosen so that a layer's path is its name with slashes: ``stage1/block3/attention/f/qkv``.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.registry import ORDERS, Variant, variant
from engine.models.sublayers.branches import Attention, Mlp, leaky_slope
from engine.models.sublayers.parts import RATIO, shaped, sites
from engine.models.sublayers.sublayer import Sublayer
from engine.models.taps import Tap

#: Standard deviation of the first positions. Patches of the background are alike: with 0.02, as published, their tokens
#: would be equal before the first block.
POSITION_STD = 0.5


class Position(nn.Module):
    """A trained vector for each token, which is added to it."""

    def __init__(self, tokens: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(tokens, width))

    def draw(self, generator: torch.Generator) -> None:
        """Fill the vectors with their first values."""
        self.weight.normal_(0.0, POSITION_STD, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens at their places."""
        return x + self.weight.to(x.dtype)


class PixelStem(nn.Module):
    """A linear layer over all pixels: images (N, channels, S, S) -> (N, width)."""

    taps = (Tap("linear", "linear", "", relu=False),)

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.linear = nn.Linear(config.channels * config.image_size**2, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the first values of the stream."""
        y: Tensor = self.linear(x.flatten(1))
        return y


class PatchStem(nn.Module):
    """A linear layer over each patch, and its position: images (N, channels, S, S) -> (N, tokens, width)."""

    taps = (Tap("linear", "linear", "", relu=False),)

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.side = config.patch_size
        self.linear = nn.Linear(config.channels * self.side**2, config.width)
        self.position = Position(config.tokens, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the first tokens."""
        n, channels, size, _ = x.shape
        across = size // self.side
        patches = x.reshape(n, channels, across, self.side, across, self.side).permute(0, 2, 4, 1, 3, 5)
        tokens: Tensor = self.position(self.linear(patches.reshape(n, across * across, -1)))
        return tokens


class LastNorm(nn.Module):
    """Layer norm of the last sum, in the order pre-LN."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised stream."""
        y: Tensor = self.norm(x)
        return y


class StreamHead(nn.Module):
    """The mean of the tokens, where there are several, and a linear layer: -> logits (N, classes)."""

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.linear(x.mean(1) if x.ndim == 3 else x)
        return logits


class StreamNet(nn.Sequential):
    """Plain or residual MLP or Vision Transformer; one value of the config, ``shortcut``, decides.

    Shapes: images (N, channels, S, S), normalised -> logits (N, classes).

    Raises: ConfigError when the variant is unknown or not one of the family's.
    """

    stream = "stage1"

    def __init__(self, config: ModelConfig):
        chosen = variant(config.shortcut, config.family)
        modules: OrderedDict[str, nn.Module] = OrderedDict()
        modules["stem"] = PatchStem(config) if config.family == "vit" else PixelStem(config)
        modules["stage1"] = stage = nn.Sequential()
        for path, kind, site in sites(config, chosen):
            sublayer = Sublayer(_branch(config, chosen, kind), chosen, site, kind)
            _, block, *inner = path.split(".")
            if not inner:
                stage.add_module(block, sublayer)
            else:
                if kind == "attention":
                    stage.add_module(block, nn.Sequential())
                stage.get_submodule(block).add_module(inner[0], sublayer)
        if ORDERS[chosen.order].pre and chosen.norm == "layer":
            modules["last"] = LastNorm(config.width)
        modules["head"] = StreamHead(config.width, config.classes)
        super().__init__(modules)
        self.config = config


def _branch(config: ModelConfig, chosen: Variant, kind: str) -> nn.Module:
    if kind == "attention":
        return Attention(config.width, config.attention_heads, shaped(chosen))
    slope = leaky_slope(config.blocks) if shaped(chosen) and not chosen.wired(kind) else 0.0
    return Mlp(config.width, RATIO[config.family] * config.width, slope)
