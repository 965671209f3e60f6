"""The nets of the gradients lab against references that are written plainly and slowly, and against the literature."""

import math

import pytest
import torch

from engine.labs import dense_stacks as stacks
from engine.labs.gradient_kinds import BN, KINDS, PLAIN, RESIDUAL
from tests.engine.labs.bench import CPU

LAYERS, WIDTH, IMAGES = 3, 5, 8


def norm_by_columns(z):
    """Batch norm, one number at a time."""
    out = [[0.0] * WIDTH for _ in range(IMAGES)]
    for unit in range(WIDTH):
        column = [z[image][unit] for image in range(IMAGES)]
        mean = sum(column) / IMAGES
        variance = sum((value - mean) ** 2 for value in column) / IMAGES
        for image in range(IMAGES):
            out[image][unit] = (column[image] - mean) / math.sqrt(variance + 1e-5)
    return out


def next_layer(kind, h, weight):
    """One layer, one number at a time."""
    inputs = [[max(value, 0.0) for value in row] for row in h] if kind == RESIDUAL else h
    z = [[sum(row[k] * weight[k][unit] for k in range(WIDTH)) for unit in range(WIDTH)] for row in inputs]
    if kind != PLAIN:
        z = norm_by_columns(z)
    if kind == RESIDUAL:
        return [[a + b for a, b in zip(old, new, strict=True)] for old, new in zip(h, z, strict=True)]
    return [[max(value, 0.0) for value in row] for row in z]


def loss(kind, h, weights, v):
    for weight in weights:
        h = next_layer(kind, h, weight)
    return sum(a * b for row, along in zip(h, v, strict=True) for a, b in zip(row, along, strict=True))


def draws(seed, gain):
    """Inputs, output direction and weights, drawn in the documented order."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(IMAGES, WIDTH, generator=generator).tolist()
    v = torch.randn(IMAGES, WIDTH, generator=generator, dtype=torch.float64)
    v = (v / v.square().sum().sqrt()).tolist()
    scale = gain * math.sqrt(2 / WIDTH)
    return x, v, [(torch.randn(WIDTH, WIDTH, generator=generator) * scale).tolist() for _ in range(LAYERS)]


@pytest.mark.parametrize("gain", [0.8, 1.3])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_norms_are_those_of_finite_differences(kind, gain):
    # No value sits at a kink: the next ReLU acts on BN(hW), on hW or on x + F(x), which are never exactly zero.
    h, v, weights = draws(3, gain)
    measured = stacks.profile(stacks.Net(kind, LAYERS, gain, 3), WIDTH, IMAGES, CPU).log_norms
    assert len(measured) == LAYERS
    for number in range(LAYERS):
        h, rest, squares = next_layer(kind, h, weights[number]), weights[number + 1 :], 0.0
        for image in range(IMAGES):
            for unit in range(WIDTH):
                sides = []
                for sign in (1, -1):
                    moved = [list(row) for row in h]
                    moved[image][unit] += sign * 1e-6
                    sides.append(loss(kind, moved, rest, v))
                squares += ((sides[0] - sides[1]) / 2e-6) ** 2
        assert math.exp(measured[number]) == pytest.approx(math.sqrt(squares), rel=1e-4)


def test_mean_cosine_is_the_mean_over_pairs():
    h = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    pairs = [torch.cosine_similarity(h[i], h[j], dim=0).item() for i in range(6) for j in range(6) if i != j]
    assert stacks.mean_cosine(h).item() == pytest.approx(sum(pairs) / 30, rel=1e-5)
    assert stacks.mean_cosine(torch.ones(5, 3) * 1e30).item() == pytest.approx(1)
    assert stacks.mean_cosine(torch.zeros(5, 3)).item() == 0


def test_autocorrelation_of_known_signals():
    points = torch.arange(400, dtype=torch.float64)
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    half, whole = (torch.sin(points * turns * math.pi / stacks.LAG) for turns in (1, 2))
    assert stacks.autocorrelations(torch.full((100,), 0.3, dtype=torch.float64)) == [1.0] * (stacks.LAGS + 1)
    assert stacks.autocorrelations(half)[stacks.LAG] == pytest.approx(-1, abs=0.02)
    assert stacks.autocorrelations(whole)[stacks.LAG] == pytest.approx(1, abs=0.02)
    assert abs(stacks.autocorrelations(noise)[stacks.LAG]) < 0.05
    assert len(stacks.autocorrelations(noise, 2)) == 3


def growth(kind, gain, seeds=2, layers=50):
    logs = [stacks.profile(stacks.Net(kind, layers, gain, seed), 256, 128, CPU).log_norms for seed in range(seeds)]
    return math.exp(sum(norms[0] - norms[-1] for norms in logs) / seeds / (layers - 1))


def test_growth_per_layer_at_the_size_of_the_literature():
    """Measured before by other code: 1.210 with BN (theory sqrt(pi/(pi-1)) = 1.2112), 0.797 without at gain 0.8."""
    with_bn = {gain: growth(BN, gain) for gain in (0.5, 1.0, 2.0)}
    assert with_bn[1.0] == pytest.approx(1.210, abs=0.03)
    assert max(with_bn.values()) - min(with_bn.values()) < 0.005
    assert growth(PLAIN, 0.8) == pytest.approx(0.797, abs=0.03)
    assert growth(PLAIN, 2.0) == pytest.approx(2.0, abs=0.05)
    assert growth(RESIDUAL, 1.0, seeds=1) == pytest.approx(1.048, abs=0.01)


def test_direction_shatters_with_bn_and_not_with_shortcuts():
    """Balduzzi et al. 2017, lag 4: 2 / 10 / 24 / 50 layers: plain+BN .90/-.04/-.05/.02; residual+BN .92/.64/.42/.27."""
    means = {}
    for kind in KINDS:
        nets = [stacks.direction(stacks.Net(kind, 50, 1.0, seed), CPU) for seed in range(5)]
        means[kind] = [sum(net[depth - 1] for net in nets) / 5 for depth in (2, 10, 24, 50)]
    assert means[BN] == pytest.approx([0.90, -0.04, -0.05, 0.02], abs=0.12)
    assert means[RESIDUAL] == pytest.approx([0.92, 0.64, 0.42, 0.27], abs=0.15)
    assert means[BN][-1] < means[RESIDUAL][-1] - 0.1
    assert means[BN][-1] < means[PLAIN][-1] - 0.1


def test_plain_nets_collapse_and_batch_norm_prevents_it():
    last = {kind: stacks.profile(stacks.Net(kind, 50, 1.0, 0), 256, 128, CPU).cosines for kind in KINDS}
    assert last[PLAIN][0] == pytest.approx(1 / math.pi, abs=0.01)
    assert last[PLAIN][-1] > 0.95
    assert last[BN][-1] == pytest.approx(1 / math.pi, abs=0.05)
    assert abs(last[RESIDUAL][-1]) < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_deeper_nets_begin_with_the_layers_of_shallower_ones(kind):
    shallow, deep = (stacks.profile(stacks.Net(kind, layers, 1.0, 0), 16, 16, CPU).cosines for layers in (3, 6))
    assert deep[:3] == shallow
    short, long = (stacks.direction(stacks.Net(kind, layers, 1.0, 0), CPU) for layers in (3, 6))
    assert long[:3] == short


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_the_gain_scales_gradients_by_its_powers_without_bn(gain):
    at_one, scaled = (stacks.profile(stacks.Net(PLAIN, 100, g, 1), 16, 16, CPU).log_norms for g in (1.0, gain))
    for layer, (a, b) in enumerate(zip(at_one, scaled, strict=True), start=1):
        assert b - a == pytest.approx((100 - layer) * math.log(gain), abs=1e-3)
