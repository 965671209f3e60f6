"""Every tensor of a net by name and shape, as arithmetic: no torch, no net is built.

``parts`` walks through a net front to back as it is built; tests hold it against built nets for every variant.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models import imagenet_tensors
from engine.models.parts import Part, batch_norm, convolution, linear, scalars
from engine.models.registry import ORDERS, Site, Variant, variant


def tensors(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all parameters and buffers of the net's state_dict, in its order.

    Raises ConfigError when the shortcut is unknown or does not fit the depth.
    """
    return {f"{part.path}.{name}": shape for part in parts(config) for name, shape in part.tensors}


def parts(config: ModelConfig) -> Iterator[Part]:
    """Yield the parts of a net, front to back. Raises ConfigError as ``tensors``."""
    if config.family == "imagenet":
        return imagenet_tensors.parts(config)
    return _cifar(config, variant(config.shortcut))


def _cifar(config: ModelConfig, chosen: Variant) -> Iterator[Part]:
    size, inputs = config.image_size, config.width
    normed, fixed_up = chosen.norm == "batch", chosen.shortcut.scalars
    blocks = chosen.blocks_per_stage(config.depth)
    yield convolution("stem.conv", (config.channels, inputs, 3), size, bias=not normed and not fixed_up, layer=True)
    if normed:
        yield batch_norm("stem.bn", inputs)
    elif fixed_up:
        yield scalars("stem.shift", "bias")
    for stage in (1, 2, 3):
        outputs = config.width * 2 ** (stage - 1)
        for number in range(1, blocks + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            size = -(-size // stride)
            site = Site(inputs, outputs, stride, chosen.norm)
            for part in block_parts(chosen, site, size, first=stage == number == 1):
                yield part.inside(f"stage{stage}.block{number}")
            inputs = outputs
    if ORDERS[chosen.order].pre and chosen.order == "full-pre" and normed:
        yield batch_norm("last.bn", inputs)
    if fixed_up:
        yield scalars("head.shift", "bias")
    yield linear("head.linear", inputs, config.classes)


def block_parts(chosen: Variant, site: Site, size: int, first: bool = False) -> Iterator[Part]:
    """Yield the parts of a block of 3x3 layers whose output is ``size`` x ``size``, with paths inside the block.

    ``first``: it follows the stem.
    """
    normed, fixed_up, pre = chosen.norm == "batch", chosen.shortcut.scalars, chosen.order == "full-pre"
    for i in range(1, chosen.layers + 1):
        inputs = site.inputs if i == 1 else site.outputs
        if fixed_up:
            yield scalars(f"shift{i}", "bias")
        if normed and pre and not (first and i == 1):
            yield batch_norm(f"bn{i}", inputs)
        yield convolution(
            f"conv{i}", (inputs, site.outputs, 3), size, bias=not normed and not fixed_up, layer=True
        )  # fmt: skip
        if normed and not pre:
            yield batch_norm(f"bn{i}", site.outputs)
        if fixed_up:
            yield scalars(f"after{i}", *(("weight", "bias") if i == chosen.layers else ("bias",)))
    yield from chosen.shortcut.coefficient_sizes(site, size)
    yield from chosen.shortcut.shortcut_sizes(site, size)
