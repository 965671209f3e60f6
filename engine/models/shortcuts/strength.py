"""The live strength v of all shortcuts of a net: y = v * s(x) + c * F(x). At 0 nothing is carried on, at 1 all is."""

from typing import Protocol, runtime_checkable

from torch import nn


@runtime_checkable
class HasStrength(Protocol):
    """A block: a module with a live ``strength``, 1 unless changed."""

    strength: float


def set_strength(model: nn.Module, strength: float) -> None:
    """Set v in every block. A block without a shortcut keeps the number and does not use it.

    It is no part of the state_dict: who loads a checkpoint sets it again.
    """
    for module in model.modules():
        if isinstance(module, HasStrength):
            module.strength = float(strength)


def copy_strength(model: nn.Module, copy: nn.Module) -> None:
    """Give every block of ``copy``, a net with the same modules, the strength that it has in ``model``."""
    for path, module in copy.named_modules():
        if isinstance(module, HasStrength):
            block = model.get_submodule(path)
            assert isinstance(block, HasStrength)
            module.strength = block.strength
