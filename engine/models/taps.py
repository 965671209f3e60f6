"""Where the layers of a module can be probed: each module says it itself, so that nobody has to guess names.

Layers are 3x3 convolutions, and in stacks of sublayers all linear layers but the head. A module with layers has
``taps``, one ``Tap`` per layer, front to back. A block has more attributes:

    branch        name of the child whose output is F(x)
    shortcut      the child whose output is s(x); None where nothing is added
    coefficient   the child whose output is c, a number or a tensor that F(x) is multiplied with; where c is not 1
    outputs       number of output channels; where the last layer has another

A net whose blocks stand around a stream of one width has ``stream``, the name of the child whose children they are. A
block of that kind may hold several of the blocks above, its sublayers.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import nn


class Tap(NamedTuple):
    """One layer of a module; every name is that of one of the module's children.

    ``conv`` is the layer. The output of ``response`` is its response, before ReLU and addition. ``norm`` is
    the BN whose gamma scales the response, "" where there is none. ``relu``: a ReLU follows the layer;
    ``leaky``: it cuts nothing off. ``qkv``: the layer's rows make queries, keys and values, a third each.

    The activation that follows the layer is the input of ``activation_into``, or the output of ``activation_from``, or
    with ``activation_next`` the input of the next layer's convolution; else it is the output of the module.
    """

    conv: str
    response: str
    norm: str
    activation_into: str = ""
    activation_from: str = ""
    activation_next: bool = False
    relu: bool = True
    leaky: bool = False
    qkv: bool = False


def tapped(module: nn.Module) -> Iterator[tuple[Tap, nn.Conv2d | nn.Linear]]:
    """Yield the taps of a module with their layers, front to back; nothing where it has none."""
    for tap in getattr(module, "taps", ()):
        conv = module.get_submodule(tap.conv)
        assert isinstance(conv, (nn.Conv2d, nn.Linear))
        yield tap, conv


def named_blocks(model: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """Yield (module name, block, child whose output is F(x)) of every block of a net, front to back."""
    for name, module in model.named_modules():
        if hasattr(module, "branch"):
            yield name, module, module.get_submodule(module.branch)


def stream_blocks(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield (module name, block) of the blocks around a stream of one width, front to back; nothing without one."""
    if name := getattr(model, "stream", ""):
        for child, module in model.get_submodule(name).named_children():
            yield f"{name}.{child}", module
