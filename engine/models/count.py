"""Parameters, weighted layers and multiply-adds of a net, as arithmetic: no torch, no net is built.

The page and ``python -m engine count`` use it; tests hold it against built nets and the paper's Table 6.
"""

from dataclasses import dataclass

from engine.config import ModelConfig
from engine.models import imagenet_tensors
from engine.models.registry import get_shortcut


@dataclass(frozen=True)
class Count:
    """The size of a net.

    ``multiply_adds`` are those of convolutions and the fully connected layer for one image, as the paper counts
    FLOPs (Table 1): BN, ReLU, additions and pooling are left out. ``weighted_layers`` leaves projections out.
    """

    depth: int
    shortcut: str
    parameters: int
    weighted_layers: int
    multiply_adds: int


def count(config: ModelConfig) -> Count:
    """Return the size of the net that ``config`` describes. Raises ConfigError when the shortcut is unknown."""
    if config.family == "imagenet":
        return Count(
            config.depth, imagenet_tensors.check_shortcut(config.shortcut), imagenet_tensors.parameters(config),
            config.depth, imagenet_tensors.multiply_adds(config),
        )  # fmt: skip
    shortcut = get_shortcut(config.shortcut).name
    size = config.image_size
    parameters, multiply_adds = _conv_bn(config.channels, config.width, 3, size)
    layers = 1
    inputs = config.width
    for stage in (1, 2, 3):
        outputs = config.width * 2 ** (stage - 1)
        for block in range(1, config.blocks_per_stage + 1):
            changes = stage > 1 and block == 1
            if changes:
                size = (size + 1) // 2
            convolutions = [(inputs, 3), (outputs, 3)]
            if shortcut == "C" or (shortcut == "B" and changes):
                convolutions.append((inputs, 1))
            for maps, kernel in convolutions:
                more_parameters, more_multiply_adds = _conv_bn(maps, outputs, kernel, size)
                parameters += more_parameters
                multiply_adds += more_multiply_adds
            layers += 2
            inputs = outputs
    parameters += (inputs + 1) * config.classes
    multiply_adds += inputs * config.classes
    return Count(config.depth, shortcut, parameters, layers + 1, multiply_adds)


def _conv_bn(inputs: int, outputs: int, kernel: int, output_size: int) -> tuple[int, int]:
    """Return (parameters, multiply-adds) of a convolution without bias and its affine BN."""
    weights = kernel * kernel * inputs * outputs
    return weights + 2 * outputs, weights * output_size * output_size
