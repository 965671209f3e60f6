"""Arrays as little-endian bytes without pickle. A code keeps the precision that a plot needs. Torch-free.

f4      float32; NaN and infinities are kept
log16   uint16: 0 = NaN, 1 = at or below ``low``, 65535 = at or above ``high``, logarithmic between (0.02 % a step
        over five decades); +inf is 65535
root8   uint8 of a share: 255 x the square root, at least 1 for a share above 0, so that rare values stay visible
"""

import numpy as np

_TOP = 255
_TOP16 = 65535


def encode(values: np.ndarray, code: str, low: float = 0.0, high: float = 1.0) -> bytes:
    """Return the bytes of an array in C order; ``low`` and ``high`` are the range of ``log16``."""
    values = np.asarray(values, dtype=np.float64)
    if code == "f4":
        with np.errstate(over="ignore"):
            return values.astype("<f4").tobytes()
    if code == "log16":
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.log(np.maximum(values, 0.0) / low) / np.log(high / low)
        coded = 1 + np.round(np.clip(np.nan_to_num(place, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0) * (_TOP16 - 1))
        return np.where(np.isnan(values), 0, coded).astype("<u2").tobytes()
    if code == "root8":
        root = np.sqrt(np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)) * _TOP
        return np.where(root > 0, np.maximum(1, np.round(root)), 0).astype(np.uint8).tobytes()
    raise ValueError(f"unknown code {code!r}")


def decode(data: bytes, code: str, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Return the array of ``encode`` as flat float32."""
    if code == "f4":
        return np.frombuffer(data, dtype="<f4").astype(np.float32)
    if code == "log16":
        raw = np.frombuffer(data, dtype="<u2").astype(np.float64)
        values = low * (high / low) ** ((raw - 1) / (_TOP16 - 1))
        return np.where(raw == 0, np.nan, values).astype(np.float32)
    if code == "root8":
        raw = np.frombuffer(data, dtype=np.uint8).astype(np.float64)
        return ((raw / _TOP) ** 2).astype(np.float32)
    raise ValueError(f"unknown code {code!r}")
