import math

import numpy as np
import pytest
import torch

from engine.probes.online import histogram
from engine.probes.online.histogram import BINS, edges, stride
from engine.probes.online.histogram_measure import ResponseHistogram
from engine.probes.online.measure import Response


def shares(*layers):
    measure = ResponseHistogram(None)
    for position, values in enumerate(layers):
        measure.response(position, Response(values))
    return measure.result().numpy()


def layer(values):
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 1, -1)


def test_the_middle_of_every_bin_falls_into_it():
    inner = edges()
    middles = [-200.0, *(inner[1:] + inner[:-1]) / 2, 200.0]
    assert len(middles) == BINS
    (row,) = shares(layer(middles))
    np.testing.assert_allclose(row, [1 / BINS] * BINS + [0.0], rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-30, -1e-30, 0.0099, -0.0099])
def test_small_values_are_in_the_middle_bin(value):
    (row,) = shares(layer([value]))
    assert row[BINS // 2] == 1.0


@pytest.mark.parametrize(("value", "place"), [(3e38, BINS - 1), (-3e38, 0), (101.0, BINS - 1), (-101.0, 0)])
def test_large_values_are_in_the_end_bins(value, place):
    (row,) = shares(layer([value]))
    assert row[place] == 1.0


def test_values_that_are_not_finite_are_counted_apart():
    nan, inf = math.nan, math.inf
    rows = shares(layer([1.0, nan, inf, -inf]), layer([nan, nan]), layer([2.0, 2.0]))
    assert rows[:, -1].tolist() == [0.75, 1.0, 0.0]
    assert rows[:, :-1].max(1).tolist() == [0.25, 0.0, 1.0]
    np.testing.assert_allclose(rows.sum(1), 1.0)


def test_bf16_is_sorted_as_it_is():
    values = torch.tensor([0.5, -3.0, 70.0]).view(1, 1, 1, 3)
    np.testing.assert_array_equal(shares(values.bfloat16()), shares(values))


def test_large_layers_are_sampled_evenly(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(8, 16, 12, 12, generator=generator)
    values[:, 3] *= 30  # one loud channel of 16
    values[0, 0, 0, 0] = math.nan
    (whole,) = shares(values)
    monkeypatch.setattr(histogram, "SAMPLE", 4000)
    (sampled,) = shares(values)
    assert sampled[-1] == whole[-1] == np.float32(1 / values.numel())
    np.testing.assert_allclose(sampled, whole, atol=0.01)
    loud = np.flatnonzero(edges() > 10.0)[0] + 1  # the first bin that only the loud channel reaches
    assert sampled[loud:BINS].sum() == pytest.approx(whole[loud:BINS].sum(), rel=0.25)


@pytest.mark.parametrize("size", [1, 100, 16_384, 16_385, 50_176, 524_288, 32 * 15 * 33 * 33])
def test_the_grid_prefers_no_channel(size):
    step = stride(size)
    assert math.gcd(step, size) == 1
    assert step == 1 or size / step > 8_000
