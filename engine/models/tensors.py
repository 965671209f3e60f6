"""The families of nets: where the code of each is, and every tensor by name and shape, as arithmetic. Torch-free.

What a family's config may hold is ``engine.config.families``; which shortcuts, orders and norms it has, the rows of
the zoo say.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.config import ModelConfig
from engine.models import paper_parts
from engine.models.parts import Part
from engine.models.registry import Variant, variant
from engine.models.sublayers import parts as sublayer_parts


@dataclass(frozen=True)
class Net:
    """The nets of a family: ``net`` names the class as ``module:attribute``, ``parts`` lists what it is made of."""

    net: str
    parts: Callable[[ModelConfig, Variant], Iterator[Part]]


_PAPER = Net("engine.models.family:PaperNet", paper_parts.parts)
_STREAM = Net("engine.models.sublayers.net:StreamNet", sublayer_parts.parts)
NETS: Mapping[str, Net] = {"cifar": _PAPER, "imagenet": _PAPER, "mlp": _STREAM, "vit": _STREAM}


def tensors(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all parameters and buffers of the net's state_dict, in its order.

    Raises ConfigError when the shortcut is unknown, not one of the family's or does not fit the depth.
    """
    return {f"{part.path}.{name}": shape for part in parts(config) for name, shape in part.tensors}


def parts(config: ModelConfig) -> Iterator[Part]:
    """Yield the parts of a net, front to back. Raises ConfigError as ``tensors``."""
    yield from NETS[config.family].parts(config, variant(config.shortcut, config.family))
