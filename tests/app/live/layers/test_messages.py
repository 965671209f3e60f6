import base64

import numpy as np
import pytest

from app.live.layers.messages import INFINITE, NOTHING, TOP, WIDER, codes, histogram_document, packed

NAN, INF = float("nan"), float("inf")


def decoded(found, scale, low, high):
    place = (found.astype(float) - 1) / (TOP - 1)
    if scale == "log":
        low, high = low / WIDER, high * WIDER
        return low * (high / low) ** place
    return low + place * (high - low)


@pytest.mark.parametrize(("scale", "low", "high", "near"), [("log", 1e-6, 1e2, 4e-4), ("linear", -1.0, 1.0, 2e-5)])
def test_codes_are_finer_than_a_screen(scale, low, high, near):
    values = np.geomspace(low / 900, 900 * high, 999) if scale == "log" else np.linspace(low, high, 999)
    back = decoded(codes(values, scale, low, high), scale, low, high)
    error = np.abs(back / values - 1) if scale == "log" else np.abs(back - values)
    assert error.max() < near


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_what_has_no_place_has_its_own_code(scale):
    found = codes(np.array([NAN, -INF, INF, 1e9, -5.0, 0.0]), scale, 0.5, 2.0)
    assert found.tolist() == [NOTHING, NOTHING, INFINITE, TOP, 1, 1]


def test_packed_is_little_endian_and_column_after_column():
    text = packed("dead_share", np.array([[0.0, 1.0], [0.5, NAN]]))
    assert np.frombuffer(base64.b64decode(text), dtype="<u2").tolist() == [1, TOP, 1 + round(0.5 * (TOP - 1)), 0]


def test_the_share_that_is_not_finite_stands_apart():
    assert histogram_document(np.array([0.25, 0.5, 0.123456])) == {"histogram": [0.25, 0.5], "not_finite": 0.123}
    assert histogram_document(np.zeros(0)) == {"histogram": [], "not_finite": 0}
