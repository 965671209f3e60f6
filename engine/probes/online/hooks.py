"""Which modules of a net the probes hook: its layers and its blocks, front to back.

The modules say it themselves (``engine.models.taps``). Layers are all 3x3 convolutions, the stem's first. Not
layers are 1x1 projections and gates, the 1x1 convolutions of bottlenecks, and a 7x7 stem. In the pre-activation orders
the activation after the last layer of a block is the input of the next layer's convolution; after the last layer of
all it is the input of the head. In nets around a stream of one width all linear layers but the head are layers.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor, nn

from engine.models.parts import layer_path
from engine.models.registry import Site
from engine.models.shortcuts.shortcuts import ZeroPadded
from engine.models.taps import named_blocks, stream_blocks, tapped


class Place(NamedTuple):
    """The layer or block of one position of an array.

    ``kind`` is one of ``engine.probes.quantity.KINDS``, ``position`` counts from 0 within the kind, front to back;
    ``name`` like ``stage1/block1/conv1``; ``stage`` 0 is the stem; ``channels`` is the number of channels that come
    out.
    """

    kind: str
    position: int
    name: str
    stage: int
    channels: int


@dataclass(frozen=True)
class HookedLayer:
    """A layer with its modules.

    The output of ``response`` is its response. The activation after the layer is the input of ``activation`` where
    ``activation_is_input``, else its output. ``relu``, ``leaky`` and ``qkv`` as in ``engine.models.taps``.
    """

    place: Place
    conv: nn.Conv2d | nn.Linear
    response: nn.Module
    norm: nn.Module | None
    activation: nn.Module
    activation_is_input: bool
    relu: bool = True
    leaky: bool = False
    qkv: bool = False


@dataclass(frozen=True)
class HookedBlock:
    """A block with its modules: F(x) is the output of ``branch``, s(x) that of ``shortcut``, None in a plain block.

    The output of ``coefficient`` is c, which F(x) is multiplied with; None where c is 1.
    """

    place: Place
    module: nn.Module
    branch: nn.Module
    shortcut: nn.Module | None
    coefficient: nn.Module | None = None

    def stand_in(self, x: Tensor, f: Tensor) -> Tensor:
        """Return x, (N, C, S, S), in the shape of F(x) as option A would: plain blocks are compared with it."""
        if x.shape == f.shape:
            return x
        stride = -(-x.shape[-1] // f.shape[-1])
        return ZeroPadded(Site(x.shape[1], f.shape[1], stride)).carried(x)


@dataclass(frozen=True)
class WholeBlock:
    """A block with its sublayers; most blocks are their own only one.

    Around a stream of one width it gets and gives the stream, (N, tokens, width) or (N, width).
    """

    place: Place
    module: nn.Module
    sublayers: tuple[HookedBlock, ...]


def find_layers(model: nn.Module) -> list[HookedLayer]:
    """Return the layers of a net, front to back."""
    layers: list[HookedLayer] = []
    waiting = None
    for path, module in model.named_modules():
        for tap, conv in tapped(module):
            name = f"{path}.{tap.conv}" if path else tap.conv
            if waiting is not None:
                layers[waiting] = replace(layers[waiting], activation=conv, activation_is_input=True)
            waiting = len(layers) if tap.activation_next else None
            child = tap.activation_into or tap.activation_from
            place = Place("layer", len(layers), layer_path(name), _stage(name), _width(conv))
            layers.append(
                HookedLayer(
                    place=place,
                    conv=conv,
                    response=module.get_submodule(tap.response),
                    norm=module.get_submodule(tap.norm) if tap.norm else None,
                    activation=module.get_submodule(child) if child else module,
                    activation_is_input=bool(tap.activation_into),
                    relu=tap.relu,
                    leaky=tap.leaky,
                    qkv=tap.qkv,
                )
            )
    if waiting is not None:
        layers[waiting] = replace(layers[waiting], activation=model.get_submodule("last"))
    return layers


def find_blocks(model: nn.Module) -> list[HookedBlock]:
    """Return the blocks of a net with their branches, front to back; of a block of several sublayers each of them."""
    blocks: list[HookedBlock] = []
    whole = {path for path, _ in stream_blocks(model)}
    for path, module, branch in named_blocks(model):
        channels = getattr(module, "outputs", None) or [_width(conv) for _, conv in tapped(module)][-1]
        kind = "sublayer" if whole and path not in whole else "block"
        place = Place(kind, len(blocks), layer_path(path), _stage(path), channels)
        blocks.append(
            HookedBlock(
                place=place,
                module=module,
                branch=branch,
                shortcut=getattr(module, "shortcut", None),
                coefficient=getattr(module, "coefficient", None),
            )
        )
    return blocks


def find_stream(model: nn.Module) -> list[WholeBlock]:
    """Return the blocks around a stream of one width, front to back; none in nets without one."""
    blocks, whole = find_blocks(model), []
    for position, (path, module) in enumerate(stream_blocks(model)):
        inside = set(module.modules())
        sublayers = tuple(block for block in blocks if block.module in inside)
        place = Place("block", position, layer_path(path), _stage(path), sublayers[-1].place.channels)
        whole.append(WholeBlock(place, module, sublayers))
    return whole


def find_whole_blocks(model: nn.Module) -> list[WholeBlock]:
    """Return the blocks of a net, front to back."""
    alone = [WholeBlock(block.place, block.module, (block,)) for block in find_blocks(model)]
    return find_stream(model) or alone


def find_places(model: nn.Module) -> list[Place]:
    """Return the places of all kinds (``engine.probes.quantity.KINDS``), each kind front to back."""
    layers, blocks, stream = find_layers(model), find_blocks(model), find_stream(model)
    units = [layer for layer in layers if layer.relu]
    relus = [unit.place._replace(kind="relu", position=at) for at, unit in enumerate(units)]
    places = [*(layer.place for layer in layers), *(block.place for block in blocks)]
    places += relus if len(relus) < len(layers) else []
    return places + [block.place for block in stream if len(stream) < len(blocks)]


def _width(layer: nn.Conv2d | nn.Linear) -> int:
    # Not from the weights: those of a copy in which BN is folded are not there yet.
    return layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels


def _stage(path: str) -> int:
    match = re.match(r"stage(\d+)", path)
    return int(match[1]) if match else 0
