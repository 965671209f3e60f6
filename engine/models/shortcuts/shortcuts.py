"""s(x): the modules behind the shortcuts of ``engine.models.registry``.

A row's builder is called with a ``Site`` and the row's options as keywords; it returns a module that maps x,
(N, inputs, S, S), to the shape of F(x), (N, outputs, ceil(S / stride), ceil(S / stride)). Where a block changes the
shape, all but projections see x as option A would carry it on: subsampled, new channels zero.
"""

from pkgutil import resolve_name

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.init.rng import Mask
from engine.models.registry import Site, Variant
from engine.models.shortcuts.branch_scale import Gate


def build_shortcut(variant: Variant, site: Site) -> nn.Module | None:
    """Return the shortcut of a block, or None where nothing is added."""
    return _built(variant.shortcut.builder, variant, site)


def build_coefficient(variant: Variant, site: Site) -> nn.Module | None:
    """Return the coefficient of a block, or None where c is 1."""
    return _built(variant.shortcut.coefficient, variant, site)


def _built(builder: str, variant: Variant, site: Site) -> nn.Module | None:
    return resolve_name(builder)(site, **variant.options) if builder else None


class _Carrying(nn.Module):
    """Base of shortcuts that carry x on as option A does: subsampled, new channels zero, after the old ones."""

    def __init__(self, site: Site):
        super().__init__()
        self.stride = site.stride
        self.new_channels = site.outputs - site.inputs

    def carried(self, x: Tensor) -> Tensor:
        """Return x in the shape of the block's output."""
        if self.stride == 1 and not self.new_channels:
            return x
        if x.is_mkldnn:
            # The same values by a 1x1 convolution with the unit matrix: slicing would leave oneDNN's layout.
            unit = torch.eye(x.shape[1] + self.new_channels, x.shape[1])
            return F.conv2d(x, unit[:, :, None, None], stride=self.stride)
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels)) if self.new_channels else x


class ZeroPadded(_Carrying):
    """Option A: identity; where the shape changes, every stride-th pixel, new channels zero. No parameters.

    Source: He et al. 2015, sections 3.3 and 4.2.
    """

    any_layout = True

    def __init__(self, site: Site, **of_the_branch: float):
        super().__init__(site)

    def forward(self, x: Tensor) -> Tensor:
        """Return x in the shape of the block's output."""
        return self.carried(x)


class Projection(nn.Sequential):
    """Option C, and option B where the shape changes: 1x1 convolution, then BN; without norm a bias instead of BN.

    Paper: He et al. 2015, section 3.3, equation 2, and section 4.1. Projections do not count into the depth. In the
    pre-activation orders the input is activated first (1603.05027, appendix; ``engine.models.layers.preact``).
    """

    # DEVIATION: the authors' code of 1603.05027 has no BN behind a projection with pre-activation. Here it stays, so
    # that all orders of an arm have the same parameters.

    def __init__(self, site: Site):
        normed = site.norm == "batch"
        super().__init__()
        self.conv = nn.Conv2d(site.inputs, site.outputs, 1, stride=site.stride, bias=not normed)
        if normed:
            self.bn = nn.BatchNorm2d(site.outputs)
        self.conv_bn_pairs = (("conv", "bn"),) if normed else ()


class Scaled(_Carrying):
    """Constant scaling: option A times a constant (1603.05027, section 3.1)."""

    def __init__(self, site: Site, shortcut: float, branch: float):
        super().__init__(site)
        self.factor = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled x."""
        return self.carried(x) * self.factor


class Carried(_Carrying):
    """Exclusive gating and Highway: (1 - g) x; g in (0, 1) is the block's coefficient."""

    def __init__(self, site: Site, bias: float):
        super().__init__(site)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Return (1 - g) x. g has the shape of the block's output, or is the number 1."""
        return _passed(self.carried(x), g)


class ShortcutGated(_Carrying):
    """Shortcut-only gating: (1 - g(x)) x, with a gate of its own (1603.05027, section 3.1)."""

    def __init__(self, site: Site, bias: float):
        super().__init__(site)
        self.gate = Gate(site, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the share of x that the gate leaves."""
        return _passed(self.carried(x), self.gate(x))


class Dropped(_Carrying):
    """Dropout on the shortcut: values are dropped with probability ``rate``, the rest stays as it is.

    The mean of the shortcut is (1 - rate) x while the net trains and at test: 1603.05027, section 3.1, explains the
    failure of this shortcut by that scale, so kept values are not scaled up.
    """

    def __init__(self, site: Site, rate: float):
        super().__init__(site)
        self.mask = Mask(rate)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with some values dropped."""
        y: Tensor = self.mask(self.carried(x))
        return y


def _passed(x: Tensor, g: Tensor) -> Tensor:
    """Return (1 - g) x in one operation: 1 - g alone is coarse in 16-bit floats where g is small."""
    return torch.addcmul(x, x, g, value=-1.0)


def deepnorm(site: Site) -> nn.Module:
    """DeepNorm: the identity times L^(1/4) for L sublayers, (2N)^(1/4) in an encoder of N blocks (2203.00555)."""
    return Scaled(site, shortcut=site.blocks**0.25, branch=1.0)


def option_b(site: Site) -> nn.Module:
    """Option B: identity, and a projection where the block changes the shape."""
    return Projection(site) if site.changes_shape else ZeroPadded(site)


def bare_convolution(site: Site) -> nn.Module:
    """1x1 convolution alone: no bias (the branch has one of its own) and no norm."""
    return nn.Conv2d(site.inputs, site.outputs, 1, stride=site.stride, bias=False)


#: The builders by the names that rows of the zoo and the drawing of a block use.
option_a, option_c = ZeroPadded, Projection
scaled, carried, shortcut_gated, dropped = Scaled, Carried, ShortcutGated, Dropped
