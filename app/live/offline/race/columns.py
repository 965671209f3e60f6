"""Every step of a training in few bytes, for zooms to single steps; ``columns.js`` reads it. Pure functions of arrays.

Errors are whole numbers of images of the batch, so they are exact; where they are not, or 16 bits do not hold them,
hundredths of a point. Losses are logarithms in steps of 0.1 %: a loss is off by 0.05 % at most. The clock is that of
every 16th step, in hundredths of a second. The running means follow from the steps, and are stored only where they do
not, as in a fork. Numbers of 16 and 32 bits are split into their bytes, all low ones first: alike bytes side by side
are compressed best.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Of a logarithm of a loss, and the code of 1 nat. The code of what is not finite.
LOSS_STEP, LOSS_ONE, NOTHING = 0.001, 32768, 65535
#: The clock is stored so often.
CLOCK_EVERY = 16
#: Points, where errors are no whole numbers of images, or those of too many.
FINE_ERROR = 0.01
#: By so many images an error may be off a whole number of them: as much as 32-bit floats round.
_WHOLE = 0.01
#: By so much may a running mean differ that follows from the steps: the error in points, the loss as a share.
_RUNNING_POINTS, _RUNNING_SHARE = 0.006, 0.001


def encoded(columns: Mapping[str, np.ndarray], batch: int, window: int) -> tuple[dict[str, Any], bytes]:
    """Return how the columns of a run are stored, and their bytes.

    Args:
        batch: Images of a step.
        window: Steps of a running mean.
    """
    steps = columns["step"].astype(np.int64)
    rows = len(steps)
    unit, exact = error_unit(columns["error"], batch)
    index: dict[str, Any] = {"rows": rows, "window": window, "every": CLOCK_EVERY, "unit": unit, "exact": exact}
    contiguous = rows > 0 and bool((np.diff(steps) == 1).all())
    parts: list[bytes] = []
    if contiguous:
        index["first"] = int(steps[0])
    else:
        parts.append(planes(np.diff(steps, prepend=0), 4))
    parts.append(planes(_counts(columns["error"], unit), 2))
    parts.append(planes(loss_codes(columns["loss"]), 2))
    clock = np.round(100 * np.maximum.accumulate(columns["seconds"][clock_rows(rows)])).astype(np.int64)
    parts.append(planes(np.diff(clock, prepend=0), 4))
    index["running"] = not (contiguous and follows(columns, window))
    if index["running"]:
        parts.append(planes(_counts(columns["running_error"], FINE_ERROR), 2))
        parts.append(planes(loss_codes(columns["running_loss"]), 2))
    return index, b"".join(parts)


def error_unit(errors: np.ndarray, batch: int) -> tuple[float, bool]:
    """Return the points of one image of a batch, of a fine step where images do not do; whether errors are exact."""
    counts = errors[np.isfinite(errors)] * batch / 100
    is_whole = batch < NOTHING and bool((np.abs(counts - np.round(counts)) <= _WHOLE).all())
    return (100 / batch, True) if is_whole else (FINE_ERROR, False)


def clock_rows(rows: int) -> np.ndarray:
    """Return the rows whose clock is stored: every 16th, and the last."""
    return np.unique(np.append(np.arange(0, rows, CLOCK_EVERY), max(0, rows - 1))) if rows else np.arange(0)


def loss_codes(losses: np.ndarray) -> np.ndarray:
    """Return the codes of losses in nats, 1 to 65534."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.clip(np.log(losses) / LOSS_STEP + LOSS_ONE, 1, NOTHING - 1)
    return np.where(np.isfinite(losses), np.round(np.nan_to_num(places, nan=1)), NOTHING).astype(np.int64)


def follows(columns: Mapping[str, np.ndarray], window: int) -> bool:
    """Return whether the running means are those of the steps, as the browser computes them."""
    for name, bound in (("error", _RUNNING_POINTS), ("loss", None)):
        single, stored = columns[name], columns[f"running_{name}"]
        if not (np.isfinite(single).all() and np.isfinite(stored).all()):
            return False
        off = np.abs(running_mean(single, window) - stored)
        if (off > (bound if bound is not None else _RUNNING_SHARE * np.abs(stored) + 1e-6)).any():
            return False
    return True


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of the last ``window`` values at each, of all where they are fewer."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    means: np.ndarray = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def planes(values: np.ndarray, width: int) -> bytes:
    """Return whole numbers of so many bytes, all their low bytes first."""
    raw = values.astype(f"<u{width}").view(np.uint8).reshape(-1, width)
    return np.ascontiguousarray(raw.T).tobytes()


def _counts(errors: np.ndarray, unit: float) -> np.ndarray:
    return np.where(np.isfinite(errors), np.round(np.nan_to_num(errors) / unit), NOTHING).astype(np.int64)
