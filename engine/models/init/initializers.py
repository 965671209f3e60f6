"""Initializers other than He's: each changes a net whose weights were just drawn. Shortcuts of the zoo name them.

An initializer gets the net, and a function from a layer path to the generator of that layer; gradients are off. Blocks
are the modules that have a ``branch`` (``engine.models.layers.taps``); stem, shortcuts and coefficients stay as drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from engine.models.parts import layer_path

Generators = Callable[[str], torch.Generator]


class _Tap(Protocol):
    @property
    def conv(self) -> str: ...


class _Block(Protocol):
    """What is needed of a block; the whole contract is ``engine.models.layers.taps``."""

    branch: str
    taps: Sequence[_Tap]

    def get_submodule(self, target: str) -> nn.Module: ...


def he(model: nn.Module, generators: Generators) -> None:
    """Leave all as it was drawn."""


def zero_gamma(model: nn.Module, generators: Generators) -> None:
    """Start every branch at zero: the scale of its last batch norm is 0 (Goyal et al. 2017, 1706.02677, sec. 5.1)."""
    for _, block in _blocks(model):
        norm = block.get_submodule(block.branch)
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
    blocks = list(_blocks(model))
    for _, block in blocks:
        *others, last = [_convolution(block, tap) for tap in block.taps]
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
        inputs = conv.weight.shape[1]
        conv.weight[:inputs].zero_()
        _middle(conv)[:inputs] = torch.eye(inputs)


def delta_orthogonal(model: nn.Module, generators: Generators) -> None:
    """Start every convolution of a block as a random orthogonal matrix in the middle of the kernel, zero elsewhere.

    Xiao et al. 2018 (1806.05393), algorithm 1; where channels grow, the columns are orthonormal. The gain is the square
    root of 2, which keeps the size of what a ReLU halves.
    """
    for path, conv in _convolutions(model):
        outputs, inputs = conv.weight.shape[:2]
        drawn = torch.empty(outputs, inputs).normal_(generator=generators(path))
        q, r = torch.linalg.qr(drawn)
        conv.weight.zero_()
        # With the signs of R's diagonal the draw is uniform over all orthogonal matrices.
        _middle(conv).copy_(2**0.5 * q * r.diagonal().sign())


INITIALIZERS: dict[str, Callable[[nn.Module, Generators], None]] = {
    "he": he, "zero-gamma": zero_gamma, "fixup": fixup, "dirac": dirac, "delta-orthogonal": delta_orthogonal,
}  # fmt: skip


def _blocks(model: nn.Module) -> Iterator[tuple[str, _Block]]:
    return ((name, cast("_Block", module)) for name, module in model.named_modules() if hasattr(module, "branch"))


def _convolutions(model: nn.Module) -> Iterator[tuple[str, nn.Conv2d]]:
    """Yield (path, convolution) of every weighted layer of the blocks."""
    for name, block in _blocks(model):
        for tap in block.taps:
            yield layer_path(f"{name}.{tap.conv}"), _convolution(block, tap)


def _convolution(block: _Block, tap: _Tap) -> nn.Conv2d:
    conv = block.get_submodule(tap.conv)
    assert isinstance(conv, nn.Conv2d)
    return conv


def _middle(conv: nn.Conv2d) -> Tensor:
    """Return the middle of a 3x3 kernel, a view of shape (outputs, inputs)."""
    return conv.weight[:, :, 1, 1]
