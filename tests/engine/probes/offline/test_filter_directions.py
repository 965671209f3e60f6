"""Filter-normalised directions: lengths, what stays still, and that equal layers get equal draws."""

import pytest
import torch

from engine.models.build import build_model
from engine.probes.offline.filter_directions import flat_weights, random_direction
from tests.engine.training import tiny


def parameters(**changes):
    model = build_model(tiny.config(**changes).model, 0)
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.add_(0.01 * (number + 1))
    return {name: p.detach() for name, p in model.named_parameters()}


def pieces(flat, of):
    parts = flat.split([parameter.numel() for parameter in of.values()])
    return {name: part.view_as(parameter) for (name, parameter), part in zip(of.items(), parts, strict=True)}


def test_every_filter_of_a_direction_is_as_long_as_the_weights_own():
    of = parameters()
    for name, part in pieces(random_direction(of, 0, 0), of).items():
        if of[name].dim() >= 2:
            assert torch.allclose(torch.norm_except_dim(part), torch.norm_except_dim(of[name]), rtol=1e-5)
        else:
            assert not part.any(), name
    assert random_direction(of, 0, 0).norm() == pytest.approx(float(flat_weights(of).norm()), rel=1e-5)


def test_equal_layers_get_equal_draws_whatever_the_weights():
    one, other = parameters(model__shortcut="none"), parameters(model__shortcut="A")
    assert all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))
    doubled = {name: 2 * p for name, p in other.items()}
    assert torch.equal(2 * random_direction(one, 3, 1), random_direction(doubled, 3, 1))
    deeper = parameters(model__depth=14)
    a, b = pieces(random_direction(one, 3, 1), one), pieces(random_direction(deeper, 3, 1), deeper)
    shared = [name for name in a if name in b and torch.equal(one[name], deeper[name]) and one[name].dim() >= 2]
    assert shared and all(torch.equal(a[name], b[name]) for name in shared)


def test_axes_and_seeds_draw_differently():
    of = parameters()
    drawn = [random_direction(of, seed, axis) for seed in (0, 1) for axis in (0, 1)]
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            assert abs(float(torch.cosine_similarity(one, other, dim=0))) < 0.2


def test_a_filter_of_zeros_stays_where_it_is():
    of = {"conv.weight": torch.ones(2, 1, 3, 3)}
    of["conv.weight"][1] = 0
    direction = random_direction(of, 0, 0).view(2, 9)
    assert float(direction[0].norm()) == pytest.approx(3.0) and not direction[1].any()
