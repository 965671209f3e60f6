"""c: what F(x) is multiplied with, for the shortcuts of ``engine.models.registry`` where it is not 1.

The ``coefficient`` of a shortcut is called with a ``Site`` and the options as keywords. It returns a module that maps
the input of the block to c, a number or a tensor, or None where c is 1. ``engine.models.shortcuts.gating`` has gates.
"""

import torch
from torch import Tensor, nn

from engine.models.init.rng import Survival
from engine.models.registry import Site


class Constant(nn.Module):
    """The same number always."""

    def __init__(self, value: float):
        super().__init__()
        self.value = value

    def forward(self, x: Tensor) -> float:
        """Return the number."""
        return self.value


class Multiplier(nn.Module):
    """SkipInit's alpha: one number per block, trained (2002.10444, section 4; with 0 at first ReZero, 2003.04887)."""

    def __init__(self, start: float):
        super().__init__()
        self.first = start
        # Without dimensions, so that it leaves the precision of what it multiplies alone.
        self.alpha = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put alpha where it starts."""
        self.alpha.fill_(self.first)

    def forward(self, x: Tensor) -> Tensor:
        """Return alpha, a tensor without dimensions."""
        return self.alpha


def constant(site: Site, shortcut: float, branch: float) -> nn.Module | None:
    """Constant scaling of the branch."""
    return None if branch == 1.0 else Constant(branch)


def multiplier(site: Site, start: float) -> nn.Module:
    """One trained number."""
    return Multiplier(start)


def stochastic_depth(site: Site, survival: float) -> nn.Module:
    """b of block l of L: there with probability p = 1 - (l/L)(1 - survival), the linear decay of 1603.09382."""
    return Survival(1.0 - site.share * (1.0 - survival))
