"""The variants that contract tests run over: every row of the CIFAR family, with each order, norm and length it allows.

Those of the other families are in ``tests/contracts/test_sublayers.py``.
"""

from engine.config import ModelConfig
from engine.models.registry import LAYERS, SHORTCUTS, norms_of, orders_of, variant

#: Each row as it is.
ROWS = tuple(name for name, row in SHORTCUTS.items() if "cifar" in row.families)


def one_change() -> tuple[str, ...]:
    """Return every row with at most one of order, norm and layers changed, and options at both ends."""
    texts = {}
    for name in ROWS:
        row = SHORTCUTS[name]
        changes = [f"order={order}" for order in orders_of(row)]
        changes += [f"norm={norm}" for norm in norms_of(row)]
        changes += [f"layers={layers}" for layers in LAYERS]
        changes += [f"{option.name}={end:g}" for option in row.options for end in (option.low, option.high)]
        texts |= {variant(f"{name}:{change}").text: None for change in changes}
    return tuple(texts)


def all_changes() -> tuple[str, ...]:
    """Return every row with every order, norm and length."""
    return tuple(
        variant(f"{name}:order={order}:norm={norm}:layers={layers}").text
        for name in ROWS
        for order in orders_of(SHORTCUTS[name])
        for norm in norms_of(SHORTCUTS[name])
        for layers in LAYERS
    )


def small(text: str, width: int = 4) -> ModelConfig:
    """Return the config of a net that takes a few milliseconds.

    Give ``width`` 8 where the net may get the layout channels-last: with 4 channels, oneDNN's 1x1 convolution of stride
    2 writes beyond its memory on processors without AVX-512.
    """
    return ModelConfig(depth=shallow(text), shortcut=text, width=width, channels=1, image_size=8)


def shallow(text: str) -> int:
    """Return the least depth that is worth a test: two blocks per stage, 3 layers per shortcut need six layers."""
    return 20 if variant(text).layers == 3 else 14
