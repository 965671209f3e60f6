"""The parts of stacks of sublayers as arithmetic, front to back as they are built. Torch-free."""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models.parts import Part, layer_norm, linear
from engine.models.registry import ORDERS, Site, Variant

#: Hidden units of a sublayer's MLP per channel of the stream.
RATIO = {"mlp": 1, "vit": 2}


def kinds(config: ModelConfig) -> tuple[str, ...]:
    """Return the sublayers of one block, front to back."""
    return ("attention", "mlp") if config.family == "vit" else ("mlp",)


def sites(config: ModelConfig, chosen: Variant) -> Iterator[tuple[str, str, Site]]:
    """Yield (``stage1.block3.attention``, its kind, its site) of every sublayer, front to back.

    A site's ``blocks`` counts the sublayers of the net.
    """
    inside = kinds(config)
    total = config.blocks * len(inside)
    for number in range(total):
        block, kind = f"stage1.block{number // len(inside) + 1}", inside[number % len(inside)]
        path = f"{block}.{kind}" if len(inside) > 1 else block
        yield path, kind, Site(config.width, config.width, 1, chosen.norm, (number + 1) / total, total)


def parts(config: ModelConfig, chosen: Variant) -> Iterator[Part]:
    """Yield the parts of a net, front to back."""
    width, normed = config.width, chosen.norm == "layer"
    tokens = config.tokens if config.family == "vit" else 1
    yield linear("stem.linear", config.channels * config.image_size**2 // tokens, width, tokens)
    if config.family == "vit":
        yield Part("stem.position", (("weight", (tokens, width)),))
    for path, kind, site in sites(config, chosen):
        if normed:
            yield layer_norm(f"{path}.norm", width)
        if kind == "attention":
            branch = _attention(width, tokens, shaped(chosen))
        else:
            branch = _mlp(width, RATIO[config.family], tokens)
        yield from (part.inside(f"{path}.f") for part in branch)
        if chosen.wired(kind):
            yield from (part.inside(path) for part in chosen.shortcut.coefficient_sizes(site, 1))
    if normed and ORDERS[chosen.order].pre:
        yield layer_norm("last.norm", width)
    yield linear("head.linear", width, config.classes)


def shaped(chosen: Variant) -> bool:
    """Return whether attention is shaped (``engine.models.sublayers.branches``)."""
    return chosen.shortcut.initializer == "shaped"


def _attention(width: int, tokens: int, mixed: bool) -> Iterator[Part]:
    """Yield the parts of attention; its two products, T x T x width each, have no weights."""
    if mixed:
        yield Part("", (("mix", (3,)),))
    yield linear("qkv", width, 3 * width, tokens)
    yield Part("products", (), 2 * tokens * tokens * width)
    yield linear("proj", width, width, tokens)


def _mlp(width: int, ratio: int, tokens: int) -> Iterator[Part]:
    yield linear("fc1", width, ratio * width, tokens)
    yield linear("fc2", ratio * width, width, tokens)
