"""Parameters, weighted layers and multiply-adds of a net, as arithmetic: no torch, no net is built.

The page and ``python -m engine count`` use it; tests hold it against built nets and the paper's Table 6.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from engine.config import ModelConfig
from engine.models.registry import variant
from engine.models.tensors import parts


@dataclass(frozen=True)
class Count:
    """The size of a net; ``shortcut`` is the canonical variant text.

    ``multiply_adds`` are those of convolutions and fully connected layers for one image, as the paper counts FLOPs
    (Table 1): norms, ReLU, additions and pooling are left out. Attention's two products, of queries with keys and of
    weights with values, have no weights and are counted. ``weighted_layers`` leaves projections and gates out.
    """

    depth: int
    shortcut: str
    parameters: int
    weighted_layers: int
    multiply_adds: int


@lru_cache(maxsize=256)
def count(config: ModelConfig) -> Count:
    """Return the size of the net that ``config`` describes.

    Raises ConfigError when the shortcut is unknown or does not fit the depth.
    """
    parameters = layers = multiply_adds = 0
    for part in parts(config):
        parameters += sum(math.prod(shape) for name, shape in part.tensors if name not in part.untrained)
        layers += part.layer
        multiply_adds += part.multiply_adds
    return Count(config.depth, variant(config.shortcut, config.family).text, parameters, layers, multiply_adds)
