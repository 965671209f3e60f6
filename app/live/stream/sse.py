"""Compact JSON, Server-Sent Events, and numbers rounded to the resolution of a screen."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def dumps(document: Any) -> str:
    """Return JSON without spaces and escapes."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def event(cursor: str | None, document: Mapping[str, Any]) -> bytes:
    """Return one Server-Sent Event; only an event with a cursor moves the browser's Last-Event-ID."""
    head = f"id:{cursor}\n" if cursor else ""
    return f"{head}data:{dumps(document)}\n\n".encode()


def rounded(values: np.ndarray, digits: int) -> list[float | None]:
    """Round to significant digits, (points,) -> list; ``nan`` and ``inf`` become None."""
    finite = np.isfinite(values)
    safe = np.where(finite & (values != 0), np.abs(values), 1.0)
    decimals = np.maximum(digits - 1 - np.floor(np.log10(safe)), 0)
    scale = 10.0**decimals
    result: list[float | None] = (np.round(np.where(finite, values, 0.0) * scale) / scale).tolist()
    if not finite.all():
        result = [value if good else None for value, good in zip(result, finite.tolist(), strict=True)]
    return result


def short(value: float | None, digits: int) -> float | int | None:
    """Round one number like ``rounded``; whole numbers lose their ``.0``."""
    if value is None or not math.isfinite(value):
        return None
    if value == 0:
        return 0
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    scale = 10.0**decimals
    result = round(value * scale) / scale
    return int(result) if result == int(result) else result
