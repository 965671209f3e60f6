"""c, the coefficient of F(x), for the shortcuts of ``engine.models.registry`` where c is not 1.

The ``coefficient`` of a shortcut is called with a ``Site`` and the options as keywords. It returns a module that maps
the input of the block to c, a number or a tensor, or None where c is 1.
"""

from functools import partial

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

    def __init__(self, site: Site, start: float):
        super().__init__()
        self.first = start
        # Without dimensions, so that a product keeps the precision of the other factor.
        self.alpha = nn.Parameter(torch.empty(()))

    def reset_parameters(self) -> None:
        """Put alpha where it starts."""
        self.alpha.fill_(self.first)

    def forward(self, x: Tensor) -> Tensor:
        """Return alpha, a tensor without dimensions."""
        return self.alpha


class Gate(nn.Conv2d):
    """g(x) = sigmoid(Wx + b), of the shape of the block's output; W is 1x1 or 3x3.

    W is drawn as every convolution is. b starts at ``bias``: below zero most of the input is carried on at first.

    Source: 1603.05027, section 3.1; Highway networks (1505.00387), section 2.2.
    """

    def __init__(self, site: Site, bias: float, kernel: int = 1):
        super().__init__(site.inputs, site.outputs, kernel, stride=site.stride, padding=kernel // 2)
        self.first_bias = bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the gate, values in (0, 1)."""
        return torch.sigmoid(super().forward(x))


def constant(site: Site, shortcut: float, branch: float) -> nn.Module | None:
    """Constant scaling of the branch."""
    return None if branch == 1.0 else Constant(branch)


def by_depth(site: Site) -> nn.Module:
    """A trained number that starts at L^(-1/2) for L sublayers (He and Hofmann 2023, 2311.01906, section 4.2)."""
    return Multiplier(site, start=site.blocks**-0.5)


def stochastic_depth(site: Site, survival: float) -> nn.Module:
    """b of block l of L: there with probability p = 1 - (l/L)(1 - survival), the linear decay of 1603.09382."""
    return Survival(1.0 - site.share * (1.0 - survival))


#: The builders by the names that rows of the zoo and the drawing of a block use.
multiplier, gate, wide_gate = Multiplier, Gate, partial(Gate, kernel=3)
