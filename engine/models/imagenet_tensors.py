"""The ImageNet family as arithmetic: the parts of a net, front to back, with their tensors and multiply-adds. No torch.

``engine.models.tensors`` and ``engine.models.count`` go through them; tests hold them against built nets, torchvision
and the paper's Table 1.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.config.model import IMAGENET_STAGES
from engine.errors import ConfigError
from engine.models.parts import Part, batch_norm, convolution, linear
from engine.models.registry import Site, Variant, variant

#: A bottleneck puts out so many times the channels of its 3x3 convolution.
EXPANSION = 4
#: What may be added around a block of this family: the options of the paper's section 3.3.
SHORTCUTS = ("none", "A", "B", "C")


def chosen(text: str) -> Variant:
    """Return what a variant text of this family says: one of its four shortcuts, without options.

    Raises ConfigError naming what is allowed.
    """
    requested = variant(text)
    if requested.text not in SHORTCUTS:
        raise ConfigError(
            f"the family imagenet has the shortcuts {', '.join(SHORTCUTS)}, in the order post, with batch norm and "
            f"without other options (got {requested.text!r})"
        )
    return requested


def parts(config: ModelConfig) -> Iterator[Part]:
    """Yield the parts of a net, front to back. Raises ConfigError for a shortcut that this family does not have."""
    shortcut = chosen(config.shortcut).shortcut
    size, kernel = config.image_size, 3
    if config.first_layer == "large":
        size, kernel = _halved(size), 7
    yield convolution("stem.conv", (config.channels, config.width, kernel), size, layer=True)
    yield batch_norm("stem.bn", config.width)
    if config.first_layer == "large":
        size = _halved(size)  # by pooling
    inputs = config.width
    for number, blocks in enumerate(IMAGENET_STAGES[config.depth]):
        width = config.width * 2**number
        outputs = EXPANSION * width if config.bottleneck else width
        for block in range(1, blocks + 1):
            site = Site(inputs, outputs, stride=2 if number and block == 1 else 1)
            before, size = size, _halved(size) if site.stride == 2 else size
            path = f"stage{number + 1}.block{block}"
            for part in (*_branch(config, site, width, before, size), *shortcut.shortcut_sizes(site, size)):
                yield part.inside(path)
            inputs = outputs
    yield linear("head.linear", inputs, config.classes)


def _branch(config: ModelConfig, site: Site, width: int, before: int, size: int) -> Iterator[Part]:
    kernels = (1, 3, 1) if config.bottleneck else (3, 3)
    maps = (site.inputs, width, width, site.outputs) if config.bottleneck else (site.inputs, width, width)
    for index, kernel in enumerate(kernels):
        # The 3x3 convolution of a bottleneck halves, so the 1x1 before it still sees all pixels.
        side = before if config.bottleneck and index == 0 else size
        yield convolution(f"conv{index + 1}", (maps[index], maps[index + 1], kernel), side, layer=True)
        yield batch_norm(f"bn{index + 1}", maps[index + 1])


def _halved(size: int) -> int:
    return (size + 1) // 2
