"""How a module says where its 3x3 layers can be looked at (``engine.probes``), so that nobody has to guess names.

A module with 3x3 layers has ``taps``, one ``Tap`` per layer, front to back. A block has more names: ``branch``, the
child whose output is F(x); ``shortcut``, the child whose output is s(x), None where nothing is added; where it has
one, ``coefficient``, the child whose output is c: a number or a tensor that F(x) is multiplied with; and, where other
channels come out than of its last 3x3 layer, ``outputs``: how many.
"""

from typing import NamedTuple

from torch import nn


class Tap(NamedTuple):
    """One 3x3 layer of a module; every name is that of one of the module's children.

    ``conv`` is its convolution; the output of ``response`` is what the layer says, before ReLU and addition; ``norm``
    is the BN whose gamma scales it, "" where there is none. The activation that follows the layer goes into
    ``activation_into``, or comes out of ``activation_from``; it is what the next layer's convolution gets where
    ``activation_next``, and the module's own output where none of them is said.
    """

    conv: str
    response: str
    norm: str
    activation_into: str = ""
    activation_from: str = ""
    activation_next: bool = False


def taps_of(module: nn.Module) -> tuple[Tap, ...]:
    """Return the taps of a module, front to back; () where it has none."""
    taps: tuple[Tap, ...] = getattr(module, "taps", ())
    return taps


def branch_of(module: nn.Module) -> str | None:
    """Return the name of the child whose output is F(x); None where the module is no block."""
    branch: str | None = getattr(module, "branch", None)
    return branch
