"""The bottleneck block against its formula."""

import pytest
import torch
from torch import nn

from engine.models.bottleneck import Bottleneck


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_the_output_is_the_branch_and_so_much_of_the_shortcut(strength, stride):
    """y = ReLU(v * s(x) + F(x)); He et al. 2015, Fig. 5."""
    generator = torch.Generator().manual_seed(0)
    block = Bottleneck(8, 4, stride, nn.Conv2d(8, 16, 1, stride=stride, bias=False)).eval()
    block.strength = strength
    x = torch.randn(2, 8, 6, 6, generator=generator)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
        y = block.bn1(block.conv1(x)).relu()
        y = block.bn3(block.conv3(block.bn2(block.conv2(y)).relu()))
        torch.testing.assert_close(block(x), (strength * block.shortcut(x) + y).relu())
        block.shortcut = None
        torch.testing.assert_close(block(x), y.relu())
