"""The parts of the nets of He et al. 2015 as arithmetic: no torch, no net is built.

``parts`` walks through a net front to back as it is built; tests hold it against built nets for every variant,
torchvision's nets and the paper's Table 1.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models.parts import Part, batch_norm, convolution, linear, scalars
from engine.models.registry import Site, Variant
from engine.models.sites import EXPANSION, sites


def parts(config: ModelConfig, chosen: Variant) -> Iterator[Part]:
    """Yield the parts of a net, front to back. Raises ConfigError when the variant does not fit the depth."""
    large = config.first_layer == "large"
    normed, fixed_up, features = chosen.norm == "batch", chosen.shortcut.scalars, config.width
    size = _halved(config.image_size) if large else config.image_size
    filters = (config.channels, config.width, 7 if large else 3)
    yield convolution("stem.conv", filters, size, bias=not normed and not fixed_up, layer=True)
    if normed:
        yield batch_norm("stem.bn", config.width)
    elif fixed_up:
        yield scalars("stem.shift", "bias")
    if large:
        size = _halved(size)  # by pooling
    for number, (path, site) in enumerate(sites(config, chosen)):
        before, size = size, _halved(size) if site.stride == 2 else size
        if config.bottleneck:
            block = _bottleneck_parts(chosen, site, before, size)
        else:
            block = _block_parts(chosen, site, size, first=number == 0)
        yield from (part.inside(path) for part in block)
        features = site.outputs
    if normed and chosen.order == "full-pre":
        yield batch_norm("last.bn", features)
    if fixed_up:
        yield scalars("head.shift", "bias")
    yield linear("head.linear", features, config.classes)


def _block_parts(chosen: Variant, site: Site, size: int, first: bool) -> Iterator[Part]:
    """Yield the parts of a block of 3x3 layers whose output is ``size`` x ``size``; ``first``: it follows the stem."""
    normed, fixed_up, pre = chosen.norm == "batch", chosen.shortcut.scalars, chosen.order == "full-pre"
    for i in range(1, chosen.layers + 1):
        filters = (site.inputs if i == 1 else site.outputs, site.outputs, 3)
        if fixed_up:
            yield scalars(f"shift{i}", "bias")
        if normed and pre and not (first and i == 1):
            yield batch_norm(f"bn{i}", filters[0])
        yield convolution(f"conv{i}", filters, size, bias=not normed and not fixed_up, layer=True)
        if normed and not pre:
            yield batch_norm(f"bn{i}", site.outputs)
        if fixed_up:
            yield scalars(f"after{i}", *(("weight", "bias") if i == chosen.layers else ("bias",)))
    yield from chosen.shortcut.coefficient_sizes(site, size)
    yield from chosen.shortcut.shortcut_sizes(site, size)


def _bottleneck_parts(chosen: Variant, site: Site, before: int, size: int) -> Iterator[Part]:
    """Yield the parts of a bottleneck; the 3x3 convolution halves, so the 1x1 ``before`` it still sees all pixels."""
    width = site.outputs // EXPANSION
    layers = (((site.inputs, width, 1), before), ((width, width, 3), size), ((width, site.outputs, 1), size))
    for i, (filters, side) in enumerate(layers, 1):
        yield convolution(f"conv{i}", filters, side, layer=True)
        yield batch_norm(f"bn{i}", filters[1])
    yield from chosen.shortcut.shortcut_sizes(site, size)


def _halved(size: int) -> int:
    return -(-size // 2)
