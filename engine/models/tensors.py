"""Every tensor of a net by name and shape, as arithmetic: no torch, no net is built."""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.models.nets import NETS
from engine.models.parts import Part
from engine.models.registry import variant


def tensors(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all parameters and buffers of the net's state_dict, in its order.

    Raises ConfigError when the shortcut is unknown, not one of the family's or does not fit the depth.
    """
    return {f"{part.path}.{name}": shape for part in parts(config) for name, shape in part.tensors}


def parts(config: ModelConfig) -> Iterator[Part]:
    """Yield the parts of a net, front to back. Raises ConfigError as ``tensors``."""
    yield from NETS[config.family].parts(config, variant(config.shortcut, config.family))
