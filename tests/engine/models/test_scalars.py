"""Fixup's trained numbers: what they compute, and that each learns at a tenth of the rate of the weights."""

import pytest
import torch

from engine.models.shortcuts.scalars import ScaleShift, Shift


@pytest.mark.parametrize("make", [Shift, ScaleShift])
def test_numbers_act_in_full_and_get_a_tenth_of_their_gradients(make):
    module = make()
    with torch.no_grad():
        module.reset_parameters()
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module(x), x), "at its start a number changes nothing"
    with torch.no_grad():
        module.bias.fill_(0.5)
        if make is ScaleShift:
            module.weight.fill_(2.0)
    out = module(x)
    torch.testing.assert_close(out, x * getattr(module, "weight", 1.0) + 0.5)
    out.sum().backward()
    torch.testing.assert_close(module.bias.grad, torch.tensor(0.1 * x.numel()))
    if make is ScaleShift:
        torch.testing.assert_close(module.weight.grad, 0.1 * x.sum())
