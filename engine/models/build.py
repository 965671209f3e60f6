"""From a config to a net with its first weights."""

import torch

from engine.config import ModelConfig
from engine.models.family import CifarNet
from engine.models.imagenet import ImageNet
from engine.models.registry import get_shortcut
from engine.models.start import draw_weights


def build_model(config: ModelConfig, seed: int) -> CifarNet | ImageNet:
    """Return a freshly initialised net on the CPU, in train mode.

    Layers of equal path and shape start equal in all arms of a race, whatever their depth and shortcut
    (``engine.models.start``). Global random state is left alone.
    Raises ConfigError when the shortcut is unknown, or not one of the family's.
    """
    get_shortcut(config.shortcut)
    with torch.device("meta"):  # torch's own initial draws would cost time and be thrown away
        model = (ImageNet if config.family == "imagenet" else CifarNet)(config)
    model.to_empty(device="cpu")
    draw_weights(model, seed)
    return model
