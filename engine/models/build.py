"""From a config to a net with its first weights: the only way in which nets are made."""

from pkgutil import resolve_name

import torch
from torch import nn

from engine.config import ModelConfig
from engine.models.init.rng import random_modules
from engine.models.init.weights import draw_weights
from engine.models.registry import variant
from engine.models.tensors import NETS


def build_model(config: ModelConfig, seed: int) -> nn.Sequential:
    """Return a freshly initialised net on the CPU, in train mode.

    Args:
        config: the net's family, depth, shortcut and sizes.
        seed: the seed of its first weights.

    Layers of equal path and shape start equal in all arms of a race, whatever their depth and shortcut, unless the
    shortcut names an initializer (``engine.models.init.initializers``). Global random state is left alone.

    Shapes: images float32 (N, channels, S, S), normalised -> logits (N, classes).

    Raises: ConfigError when the shortcut is unknown, not one of the family's or does not fit the depth.
    """
    with torch.device("meta"):  # torch's own initial draws would cost time and be thrown away
        model: nn.Sequential = resolve_name(NETS[config.family].net)(config)
    model.to_empty(device="cpu")
    draw_weights(model, variant(config.shortcut, config.family).shortcut.initializer, seed)
    random_modules(model)  # sets their paths, from which they draw
    return model
