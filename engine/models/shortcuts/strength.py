"""The live strength v of all shortcuts of a net: y = v * s(x) + c * F(x). At 0 nothing is carried on, at 1 all is."""

from torch import nn


def set_strength(model: nn.Module, strength: float) -> None:
    """Set v in every block. A block without a shortcut keeps the number and does not use it.

    It is no part of the state_dict: who loads a checkpoint sets it again.
    """
    for module in model.modules():
        if hasattr(module, "strength"):
            module.strength = float(strength)
