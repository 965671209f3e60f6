"""The bottleneck block and the large stem of the ImageNet family. Paper: He et al. 2015, section 4.1, Fig. 5, Table 1.

They say of themselves what the blocks of ``engine.models.blocks`` say: ``conv_bn_pairs`` for evaluation, ``taps`` and
``branch`` for the probes. Only 3x3 convolutions are layers there: the middle one of a bottleneck, none of this stem.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.sites import EXPANSION
from engine.models.taps import Tap


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut: y = ReLU(v * s(x) + F(x)), or ReLU(F(x)) in a plain net.

    v is ``strength``, how much of the shortcut is added. Shapes: (N, inputs, S, S) ->
    (N, 4 * width, ceil(S / stride), ceil(S / stride)).
    """

    any_layout = True
    conv_bn_pairs = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))
    taps = (Tap(conv="conv2", response="bn2", norm="bn2", activation_into="conv3"),)
    branch = "bn3"

    def __init__(self, inputs: int, width: int, stride: int, shortcut: nn.Module | None):
        super().__init__()
        self.strength = 1.0
        self.outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        # DEVIATION: the paper halves the maps in the first 1x1 convolution; here the 3x3 does, as in torchvision, whose
        # weights these nets can load. It sees all pixels and costs up to 6 % more multiply-adds (ResNet-50: 4.09e9
        # instead of 3.86e9).
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, self.outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(self.outputs)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        if self.shortcut is not None:
            # In place, as in ``engine.models.blocks``: BN's backward does not need its output.
            y.add_(self.shortcut(x), alpha=self.strength)
        return F.relu(y, inplace=True)


class LargeStem(nn.Module):
    """7x7 convolution with stride 2, BN, ReLU, 3x3 max pooling with stride 2: (N, channels, S, S) -> quarter maps.

    Paper: He et al. 2015, Table 1, conv1 and the pooling of conv2_x. Shapes: -> (N, width, ceil(S / 4), ceil(S / 4)).
    """

    any_layout = True
    conv_bn_pairs = (("conv", "bn"),)

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the first feature maps."""
        return F.max_pool2d(F.relu(self.bn(self.conv(x)), inplace=True), 3, stride=2, padding=1)
