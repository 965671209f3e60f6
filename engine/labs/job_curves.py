"""The curves of a lab's job for its findings: lists of floats, without parts. Torch-free."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from engine.events import CurveName


@dataclass(frozen=True, slots=True)
class JobCurve:
    """One curve: ``y`` over ``x``; NaN or infinity without a finite value."""

    panel: str
    name: CurveName
    x: list[float]
    y: list[float]

    @property
    def kind(self) -> str:
        """The kind of the curve."""
        return self.name.kind

    @property
    def points(self) -> list[tuple[float, float]]:
        """The finite points in their order."""
        return [(x, y) for x, y in zip(self.x, self.y, strict=True) if isfinite(y)]


class JobCurves:
    """The curves of one job without their parts, in the order of their last update.

    Args:
        curves: events ``CurveUpdated`` or their rows in the store.
    """

    def __init__(self, curves: Iterable[Any]) -> None:
        self._curves = [
            JobCurve(curve.panel, curve.name, [float(x) for x in curve.x], [float(y) for y in curve.y])
            for curve in curves
            if not curve.name.part
        ]

    def of(self, panel: str, kind: str = "") -> list[JobCurve]:
        """Return the curves of a panel, of one kind or of any."""
        return [curve for curve in self._curves if curve.panel == panel and kind in ("", curve.kind)]


def kind_name(names: Mapping[str, str], kind: str) -> str:
    """Return a kind of curve in words for people: every pattern of ``names`` replaced by its words."""
    for pattern, words in names.items():
        kind = re.sub(pattern, words, kind)
    return kind
