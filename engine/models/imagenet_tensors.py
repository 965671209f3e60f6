"""The ImageNet family as arithmetic: every tensor of a net's state by name and shape, and its multiply-adds. No torch.

One walk over the net's layers serves both; tests hold it against built nets, torchvision and the paper's Table 1.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.config import ModelConfig
from engine.config.model import IMAGENET_STAGES
from engine.errors import ConfigError
from engine.models.registry import get_shortcut

#: A bottleneck puts out so many times the channels of its 3x3 convolution.
EXPANSION = 4
#: What may be added around a block of this family: the options of the paper's section 3.3.
SHORTCUTS = ("none", "A", "B", "C")


class Layer(NamedTuple):
    """A convolution without bias and its affine BN; ``size`` is the side of its output in pixels."""

    conv: str
    norm: str
    inputs: int
    outputs: int
    kernel: int
    size: int


def check_shortcut(text: str) -> str:
    """Return the name of a shortcut that nets of this family can have, ``plain`` as ``none``.

    Raises ConfigError naming what is allowed.
    """
    name = get_shortcut(text).name
    if name not in SHORTCUTS:
        raise ConfigError(
            f"the family imagenet has the shortcuts {', '.join(SHORTCUTS)}, in the order post and with batch norm "
            f"(got {text!r})"
        )
    return name


def walk(config: ModelConfig) -> Iterator[Layer]:
    """Yield the convolutions of the net that ``config`` describes, in the order of its state."""
    shortcut = check_shortcut(config.shortcut)
    if config.first_layer == "large":
        size = _halved(config.image_size)
        yield Layer("stem.conv", "stem.bn", config.channels, config.width, 7, size)
        size = _halved(size)
    else:
        size = config.image_size
        yield Layer("stem.conv", "stem.bn", config.channels, config.width, 3, size)
    inputs = config.width
    for number, blocks in enumerate(IMAGENET_STAGES[config.depth]):
        width = config.width * 2**number
        outputs = EXPANSION * width if config.bottleneck else width
        for block in range(1, blocks + 1):
            halves = number > 0 and block == 1
            before, size = size, _halved(size) if halves else size
            path = f"stage{number + 1}.block{block}"
            kernels = (1, 3, 1) if config.bottleneck else (3, 3)
            maps = (inputs, width, width, outputs) if config.bottleneck else (inputs, outputs, outputs)
            for index, kernel in enumerate(kernels):
                # The 3x3 convolution of a bottleneck halves, so the 1x1 before it still sees all pixels.
                side = before if config.bottleneck and index == 0 else size
                name = index + 1
                yield Layer(f"{path}.conv{name}", f"{path}.bn{name}", maps[index], maps[index + 1], kernel, side)
            if shortcut == "C" or (shortcut == "B" and (halves or inputs != outputs)):
                yield Layer(f"{path}.shortcut.conv", f"{path}.shortcut.bn", inputs, outputs, 1, size)
            inputs = outputs


def features(config: ModelConfig) -> int:
    """Return how many features go into the head."""
    return config.width * 8 * (EXPANSION if config.bottleneck else 1)


def tensors(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return every parameter and buffer of the net's state by name with its shape, in order.

    Raises ConfigError for a shortcut that this family does not have.
    """
    found: dict[str, tuple[int, ...]] = {}
    for layer in walk(config):
        found[f"{layer.conv}.weight"] = (layer.outputs, layer.inputs, layer.kernel, layer.kernel)
        for name in ("weight", "bias", "running_mean", "running_var"):
            found[f"{layer.norm}.{name}"] = (layer.outputs,)
        found[f"{layer.norm}.num_batches_tracked"] = ()
    found["head.linear.weight"] = (config.classes, features(config))
    found["head.linear.bias"] = (config.classes,)
    return found


def parameters(config: ModelConfig) -> int:
    """Return the number of parameters. Raises ConfigError for a shortcut that this family does not have."""
    convolutions = sum((layer.kernel**2 * layer.inputs + 2) * layer.outputs for layer in walk(config))
    return convolutions + (features(config) + 1) * config.classes


def multiply_adds(config: ModelConfig) -> int:
    """Return the multiply-adds of convolutions and the fully connected layer for one image (Table 1, FLOPs).

    Raises ConfigError for a shortcut that this family does not have.
    """
    convolutions = sum(layer.kernel**2 * layer.inputs * layer.outputs * layer.size**2 for layer in walk(config))
    return convolutions + features(config) * config.classes


def _halved(size: int) -> int:
    return (size + 1) // 2
