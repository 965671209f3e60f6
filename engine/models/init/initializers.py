"""Initializers other than He's: each changes a net whose weights were just drawn. Shortcuts of the zoo name them.

An initializer gets the net, and a function from a layer path to the generator of that layer; gradients are off. Blocks
are the modules that have a ``branch`` (``engine.models.taps``); stem, shortcuts and coefficients stay as drawn.
"""

from collections.abc import Callable, Iterator

import torch
from torch import nn

from engine.models.parts import layer_path
from engine.models.taps import named_blocks, tapped

Generators = Callable[[str], torch.Generator]


def he(model: nn.Module, generators: Generators) -> None:
    """Leave all as it was drawn."""


def zero_gamma(model: nn.Module, generators: Generators) -> None:
    """Start every branch at zero: the scale of its last batch norm is 0 (Goyal et al. 2017, 1706.02677, sec. 5.1)."""
    for _, _, norm in named_blocks(model):
        assert isinstance(norm, nn.BatchNorm2d), "the branch ends in a batch norm"
        norm.weight.zero_()


def fixup(model: nn.Module, generators: Generators) -> None:
    """Fixup (Zhang et al. 2019, 1901.09321, section 3): the head and the last layer of each branch are zero, the other
    layers of a branch are He's draws times L^(-1/(2m-2)), L blocks of m layers.

    Why that power: one step of gradient descent on the last layer of a branch (which is zero, so the others get no
    gradient yet) changes its weights in proportion to the rate and to the signal before it, and F(x) by that times the
    signal again. With the m - 1 layers before it scaled by a the signal is a^(m-1) of He's, the change of F(x)
    a^(2(m-1)), and L branches change the output by L a^(2m-2). That is of the order of the rate, whatever L, for
    a = L^(-1/(2m-2)). With m = 1 there is no layer to scale: a branch is its zero layer.

    Published code draws these layers with fan-out as well. The scalars: ``engine.models.shortcuts.scalars``.
    """
    blocks = [block for _, block, _ in named_blocks(model)]
    for block in blocks:
        *others, last = [conv for _, conv in tapped(block)]
        for conv in others:
            conv.weight.mul_(len(blocks) ** (-1.0 / (2 * len(others))))
        last.weight.zero_()
    head = model.get_submodule("head.linear")
    assert isinstance(head, nn.Linear)
    head.weight.zero_()


def dirac(model: nn.Module, generators: Generators) -> None:
    """Start every convolution of a block as the identity: output channel i is input channel i, no mixing.

    Where channels grow, the new ones keep He's draws: zeros would carry nothing on, and a batch norm over nothing
    divides by almost zero. The stem is drawn as ever: an image has too few channels for the identity.
    """
    for _, conv in _convolutions(model):
        nn.init.dirac_(conv.weight[: conv.in_channels])


def delta_orthogonal(model: nn.Module, generators: Generators) -> None:
    """Start every convolution of a block as a random orthogonal matrix in the middle of the kernel, zero elsewhere.

    Xiao et al. 2018 (1806.05393), algorithm 1; where channels grow, the columns are orthonormal. The gain is the square
    root of 2, because a ReLU halves the mean square.
    """
    for path, conv in _convolutions(model):
        rotation = torch.empty(conv.out_channels, conv.in_channels)
        nn.init.orthogonal_(rotation, nn.init.calculate_gain("relu"), generators(path))
        conv.weight.zero_()
        conv.weight[:, :, 1, 1] = rotation


def deepnorm(model: nn.Module, generators: Generators) -> None:
    """DeepNorm (2203.00555): the weights of values, projections and MLPs times (4L)^(-1/4), for L sublayers."""
    branches = [branch for _, _, branch in named_blocks(model)]
    for branch in branches:
        for name, layer in branch.named_children():
            assert isinstance(layer, nn.Linear)
            scaled = layer.weight[-layer.in_features :] if name == "qkv" else layer.weight
            scaled.mul_((4 * len(branches)) ** -0.25)


def shaped(model: nn.Module, generators: Generators) -> None:
    """Start attention as the identity and leaky MLPs as rotations (``engine.models.zoo.streams``, row ``shaped``)."""
    for name, _, branch in named_blocks(model):
        if hasattr(branch, "mix"):
            qkv, proj = branch.get_submodule("qkv"), branch.get_submodule("proj")
            assert isinstance(qkv, nn.Linear) and isinstance(proj, nn.Linear)
            queries, _, values = qkv.weight.chunk(3)
            queries.zero_()
            nn.init.eye_(values)
            nn.init.eye_(proj.weight)
        elif getattr(branch, "slope", 0.0):
            for child, layer in branch.named_children():
                assert isinstance(layer, nn.Linear)
                nn.init.orthogonal_(layer.weight, generator=generators(layer_path(f"{name}.f.{child}")))


INITIALIZERS: dict[str, Callable[[nn.Module, Generators], None]] = {
    "he": he, "zero-gamma": zero_gamma, "fixup": fixup, "dirac": dirac, "delta-orthogonal": delta_orthogonal,
    "deepnorm": deepnorm, "shaped": shaped,
}  # fmt: skip


def _convolutions(model: nn.Module) -> Iterator[tuple[str, nn.Conv2d]]:
    """Yield (path, convolution) of every weighted layer of the blocks."""
    for name, block, _ in named_blocks(model):
        for tap, conv in tapped(block):
            assert isinstance(conv, nn.Conv2d)
            yield layer_path(f"{name}.{tap.conv}"), conv
