"""Curves over the seeds of a lab: means, and a part for each seed. Torch-free."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, geometric_mean

from engine.events import CurveName, CurveUpdated


def geometric(values: Iterable[float], diverged: float = math.nan) -> float:
    """Return the geometric mean: 0 if a value is 0 or less, ``diverged`` if a value is not finite."""
    values = list(values)
    if not all(map(math.isfinite, values)):
        return diverged
    return geometric_mean(values) if values and min(values) > 0 else 0.0


def means(rows: Iterable[Sequence[float]]) -> list[float]:
    """Return the mean of each column of ``rows``, a row for each seed."""
    return [fmean(column) for column in zip(*rows, strict=True)]


def seeded(
    panel: str, name: CurveName, x: Sequence[float], rows: Mapping[int, Sequence[float]]
) -> Iterator[CurveUpdated]:
    """Yield the geometric mean over the seeds of ``rows``, then a part for each seed."""
    yield CurveUpdated(panel, name, list(x), [geometric(column) for column in zip(*rows.values(), strict=True)])
    for seed, row in rows.items():
        yield CurveUpdated(panel, name._replace(part=f"seed {seed}"), list(x), [finite(value) for value in row])


def finite(value: float) -> float:
    """Return a finite value, else NaN, a gap in the curve."""
    return float(value) if math.isfinite(value) else math.nan
