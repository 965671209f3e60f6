import numpy as np
import pytest

from engine.store.blobs import decode, encode

NAN, INF = float("nan"), float("inf")


def test_f4_keeps_every_bit_of_a_float32():
    values = np.array([0.0, -1.5, 3e-42, 1e38, NAN, INF, -INF], dtype=np.float32)
    back = decode(encode(values, "f4"), "f4")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, values)
    assert encode(np.array([1.0]), "f4") == b"\x00\x00\x80?", "little-endian"


def test_log16_is_near_on_its_range_and_clamps_beyond():
    values = np.geomspace(1e-3, 1e2, 400)
    back = decode(encode(values, "log16", 1e-3, 1e2), "log16", 1e-3, 1e2)
    half_a_step = (1e5 ** (1 / 65534)) ** 0.5
    assert (np.maximum(back / values, values / back) < half_a_step * 1.00001).all()
    ends = decode(encode(np.array([0.0, 1e-9, 1e9, INF, NAN]), "log16", 1e-3, 1e2), "log16", 1e-3, 1e2)
    np.testing.assert_allclose(ends[:4], [1e-3, 1e-3, 1e2, 1e2], rtol=1e-6)
    assert np.isnan(ends[4])


def test_root8_shows_the_rarest_and_is_near():
    shares = np.array([0.0, 1e-7, 1e-3, 0.02, 0.3, 1.0])
    back = decode(encode(shares, "root8"), "root8")
    assert back[0] == 0
    assert 0 < back[1] < 2e-5
    assert (np.abs(np.sqrt(back[2:]) - np.sqrt(shares[2:])) <= 0.5 / 255 + 1e-7).all()


def test_unknown_codes_are_refused():
    with pytest.raises(ValueError, match="unknown code 'f2'"):
        encode(np.zeros(1), "f2")
    with pytest.raises(ValueError, match="unknown code 'f2'"):
        decode(b"", "f2")
