"""Main plane and projection of a training's way, against singular value decomposition and least squares."""

import math

import pytest
import torch

from engine.probes.offline.trajectory import main_plane, project


def offsets(n=6, size=40):
    return torch.randn(n, size, generator=torch.Generator().manual_seed(0)) * torch.linspace(3, 0.1, n)[:, None]


def test_the_main_plane_is_that_of_the_singular_vectors():
    way = offsets()
    plane = main_plane(way)
    _, singular, vectors = torch.linalg.svd(way.double(), full_matrices=False)
    for mine, true in zip(plane.double(), vectors[:2], strict=True):
        assert abs(float(mine @ true)) == pytest.approx(1, abs=1e-5)
    places, share = project(way, plane)
    assert share == pytest.approx(float((singular[:2] ** 2).sum() / (singular**2).sum()), rel=1e-5)
    assert places[0, 0] > 0 and places[places[:, 1].abs().argmax(), 1] > 0


def test_a_projection_is_the_nearest_point_of_a_plane_that_is_not_square():
    way, plane = offsets(), torch.randn(2, 40, generator=torch.Generator().manual_seed(1))
    plane[1] += 0.7 * plane[0]
    places, share = project(way, plane)
    best = torch.linalg.lstsq(plane.double().T, way.double().T).solution.T
    assert torch.allclose(places, best)
    assert share == pytest.approx(float(((best @ plane.double()) ** 2).sum() / (way.double() ** 2).sum()))


def test_a_line_spans_no_plane_and_no_way_has_no_share():
    line = torch.arange(1.0, 4.0)[:, None] * torch.ones(3, 5)
    assert main_plane(line) is None
    assert main_plane(line[:1]) is None
    assert math.isnan(project(torch.zeros(2, 5), torch.eye(5)[:2])[1])
