"""What is added around a block: the modules behind the rows of ``engine.models.registry``.

A builder is called with (inputs, outputs, stride) and returns a module that maps x, (N, inputs, S, S), to the shape
of F(x), (N, outputs, ceil(S / stride), ceil(S / stride)).
"""

from importlib import import_module

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.registry import get_shortcut


def build_shortcut(name: str, inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """Return the shortcut ``name`` for a block, or None where nothing is added.

    Raises ConfigError naming the choices when the name is not registered.
    """
    builder = get_shortcut(name).builder
    if not builder:
        return None
    module, attribute = builder.split(":")
    return getattr(import_module(module), attribute)(inputs, outputs, stride)


class ZeroPadded(nn.Module):
    """Option A: identity; where the shape changes, every stride-th pixel, new channels zero. No parameters.

    The zero channels come after the old ones. Paper: He et al. 2015, sections 3.3 and 4.2.
    """

    any_layout = True

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.stride = stride
        self.new_channels = outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
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


class Projection(nn.Module):
    """Option C, and option B where the shape changes: 1x1 convolution without bias, then BN.

    Paper: He et al. 2015, section 3.3, equation 2, and section 4.1. Projections do not count into the depth.
    """

    any_layout = True
    conv_bn_pairs = (("conv", "bn"),)

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return the projected x."""
        return self.bn(self.conv(x))


def projection_where_shape_changes(inputs: int, outputs: int, stride: int) -> nn.Module:
    """Option B: identity, and a projection where the block changes the shape."""
    return (Projection if inputs != outputs or stride != 1 else ZeroPadded)(inputs, outputs, stride)
