"""The shattering lab against slow references, exact controls and the published figures."""

import math

import pytest
import torch

from engine.errors import ConfigError
from engine.events import CurveUpdated, MetricReported
from engine.labs import dense_stacks
from engine.labs.gradient_kinds import BN as LAYER_BN
from engine.labs.registry import LABS, check_settings
from engine.labs.shattering import nets
from engine.labs.shattering.lab import ROWS, ShatteringLab
from engine.labs.shattering.plan import (
    BN,
    BRANCHES,
    KINDS,
    LOOKS_LINEAR,
    NOISES,
    PLAIN,
    RESIDUAL,
    SCALED,
    WHITE,
)
from tests.engine.labs.bench import CPU, DEVICE

ROW = LABS["shattering"]
LAG = dense_stacks.LAG


def at_lag(kind, count, seeds, branch=0.1):
    """Autocorrelation at lag 4 after 2, 10 and ``count`` layers, mean over the nets."""
    rows = [
        [dense_stacks.autocorrelations(layer.slopes)[LAG] for layer in nets.layers(kind, count, branch, s)]
        for s in seeds
    ]
    return [sum(row[depth - 1] for row in rows) / len(rows) for depth in (2, 10, count)]


def test_the_looks_linear_gradient_is_exactly_constant():
    for layer in nets.layers(LOOKS_LINEAR, 24, 0.1, 3):
        assert layer.slopes.max() - layer.slopes.min() < 1e-9
        assert dense_stacks.autocorrelations(layer.slopes) == [1.0] * (dense_stacks.LAGS + 1)
    assert layer.slopes.abs().max() > 1e-3


def test_slopes_are_those_of_autograd_where_inputs_do_not_act_on_one_another():
    """Without batch norm: between two inputs the slope is the derivative there, but for kinks."""
    (*_, last) = nets.layers(PLAIN, 3, 0.1, 1)
    generator = torch.Generator().manual_seed(1)
    first, bias, readout = (torch.randn(200, generator=generator).double() for _ in range(3))
    x = ((nets.LINE[1:] + nets.LINE[:-1]) / 2).requires_grad_()
    h = x[:, None] * first + bias
    for _ in range(3):
        h = torch.relu(h) @ (torch.randn(200, 200, generator=generator).double() * math.sqrt(2 / 200))
    (expected,) = torch.autograd.grad((h @ readout / math.sqrt(200)).sum(), x)
    assert torch.corrcoef(torch.stack([last.slopes, expected]))[0, 1] > 0.99
    assert last.slopes.mean() == pytest.approx(expected.mean().item(), abs=0.02)


def test_nets_are_those_of_the_gradients_lab():
    expected = dense_stacks.direction(dense_stacks.Net(LAYER_BN, 8, 1.0, 2), CPU)
    measured = [dense_stacks.autocorrelations(layer.slopes)[LAG] for layer in nets.layers(BN, 8, 0.1, 2)]
    assert measured == pytest.approx(expected, abs=1e-3)


def test_autocorrelations_of_known_signals():
    points = torch.arange(2000, dtype=torch.float64)
    wave = dense_stacks.autocorrelations(torch.cos(points * math.pi / 4))
    assert wave[0] == pytest.approx(1)
    assert [wave[lag] for lag in (2, 4, 8)] == pytest.approx([0, -1, 1], abs=0.02)
    assert dense_stacks.autocorrelations(torch.full((50,), 0.3, dtype=torch.float64)) == [1.0] * (dense_stacks.LAGS + 1)
    lags = [[dense_stacks.autocorrelations(nets.noise(kind, seed))[LAG] for seed in range(20)] for kind in NOISES]
    white, brown = (sum(row) / len(row) for row in lags)
    assert abs(white) < 0.05
    assert brown > 0.8


def test_plain_nets_with_bn_shatter_and_those_with_shortcuts_do_not():
    """As Balduzzi et al. 2017, lag 4, 2 / 10 / 24 layers: .90/-.04/-.05; .92/.64/.42; branch x 0.1 .84/.83/.70."""
    assert at_lag(BN, 24, range(4)) == pytest.approx([0.90, -0.04, -0.05], abs=0.15)
    assert at_lag(RESIDUAL, 24, range(4)) == pytest.approx([0.92, 0.64, 0.42], abs=0.2)
    scaled = at_lag(SCALED, 24, range(4))
    assert scaled[0] == pytest.approx(0.84, abs=0.15)
    assert scaled[2] == pytest.approx(0.70, abs=0.3)


def test_plain_nets_without_bn_collapse_instead():
    (*_, plain) = nets.layers(PLAIN, 40, 0.1, 0)
    (*_, normed) = nets.layers(BN, 40, 0.1, 0)
    assert plain.cosine > 0.9
    assert normed.cosine < 0.5


def test_a_scale_of_one_is_the_unscaled_net_and_deeper_nets_begin_with_shallower_ones():
    scaled, whole = (list(nets.layers(kind, 3, 1.0, 0)) for kind in (SCALED, RESIDUAL))
    for a, b in zip(scaled, whole, strict=True):
        assert torch.equal(a.slopes, b.slopes)
    assert torch.equal(next(nets.layers(RESIDUAL, 1, 1.0, 0)).slopes, whole[0].slopes)


@pytest.fixture(scope="module")
def small():
    """Curves (panel, name) -> (x, y) and figures of a small lab on the full grid, and its events."""
    settings = check_settings(ROW, {"layers": 3, "shown": 3, "nets": 2, "branch": 0.2, "grid": "full"})
    events = list(ShatteringLab(settings, DEVICE).events())
    curves = {(e.panel, e.name.text): (e.x, e.y) for e in events if isinstance(e, CurveUpdated)}
    return events, curves, {e.name: e.value for e in events if isinstance(e, MetricReported)}


def test_gradients_of_one_net_each_come_first(small):
    events, curves, _ = small
    names = [event.name.kind for event in events if isinstance(event, CurveUpdated) and event.panel == "gradient"]
    assert names[:2] == list(NOISES)
    assert names[2:] == list(KINDS)
    (*_, last) = nets.layers(BN, 3, 0.2, 0)
    size = last.slopes.square().mean().sqrt()
    heights = {name: sum(curves["gradient", name][1]) / 128 for name in names}
    assert sorted(heights, key=heights.get, reverse=True) == list(ROWS)
    x, y = curves["gradient", BN]
    assert y == pytest.approx((len(ROWS) - ROWS.index(BN) + last.slopes / size / 4)[::2].tolist())
    assert x[:2] == pytest.approx([-2 + 2 / 255, -2 + 10 / 255])
    constant = curves["gradient", LOOKS_LINEAR][1]
    assert max(constant) == pytest.approx(min(constant), abs=1e-9)


def test_curves_are_means_over_the_nets_and_figures_their_ends(small):
    _, curves, figures = small
    for kind in KINDS:
        for panel in ("depth", "cosine"):
            x, y = curves[panel, kind]
            parts = [curves[panel, f"{kind}; seed {seed}"][1] for seed in (0, 1)]
            assert x == [1, 2, 3]
            assert y == pytest.approx([(a + b) / 2 for a, b in zip(*parts, strict=True)])
        assert curves["lags", kind][1][LAG] == pytest.approx(curves["depth", kind][1][-1])
    assert figures["plain_bn_autocorrelation"] == curves["depth", BN][1][-1]
    assert figures["plain_cosine"] == curves["cosine", PLAIN][1][-1]
    assert figures["looks_linear_gradient_spread"] < 1e-9
    assert curves["lags", WHITE][1][0] == 1


def test_the_full_grid_has_more_branch_scales(small):
    _, curves, _ = small
    x, y = curves["branches", SCALED]
    assert x == sorted({*BRANCHES, 0.2, 1.0})
    assert y[x.index(1.0)] == curves["depth", RESIDUAL][1][-1]
    assert y[x.index(0.2)] == curves["depth", SCALED][1][-1]
    assert {name.partition(";")[0] for panel, name in curves if panel == "depth"} == set(KINDS)


def test_more_layers_cannot_be_shown_than_there_are():
    with pytest.raises(ConfigError, match=r"layers shown \(24\) must be at most the layers \(10\)"):
        check_settings(ROW, {"layers": 10})
    assert ROW.seconds(ROW.defaults()) < 30
