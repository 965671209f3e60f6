"""A chart of lines as SVG for paper: axes with round numbers. By hand: plotly.py needs a browser for a picture.

Places are pixels of the SVG, which CSS scales to the width of the page. All texts are escaped here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from app.data.exchange.offline import with_extremes

WIDTH, HEIGHT = 430, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 24, 36
#: Points of a line at most: finer than a printer's.
MAX_POINTS = 600
#: Ticks of a logarithmic axis at least, and which multiples of powers of ten they are, the fewest first.
MIN_TICKS, _FACTORS = 4, ((1,), (1, 2, 5), range(1, 10))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart; values that are not finite are gaps. ``dash``: as in SVG, '' for a solid one."""

    x: Sequence[float]
    y: Sequence[float]
    color: str
    width: float = 1.6
    dash: str = ""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` to ``high``, linear or logarithmic, with what it counts."""

    low: float
    high: float
    label: str
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, 0 to 1 within the axis."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round numbers on the axis: 1, 2 or 5 times a power of ten, more of them on a short logarithmic one."""
        if self.log:
            found = next((ticks for factors in _FACTORS if len(ticks := self._multiples(factors)) >= MIN_TICKS), None)
            if found is not None:
                return found
        step = next(step for step in _steps() if (self.high - self.low) / step <= 6)
        first = math.ceil(self.low / step - 1e-9)
        return [step * at for at in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _multiples(self, factors: Sequence[int]) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [factor * 10.0**decade for decade in decades for factor in factors]
        return [value for value in found if self.low <= value <= self.high]


def _steps() -> list[float]:
    return [factor * 10.0**power for power in range(-6, 12) for factor in (1, 2, 5)]


def chart(title: str, lines: Sequence[Line], x: Axis, y: Axis) -> str:
    """Return a chart of these lines as an SVG element."""
    name = escape(title)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">',
        f'<text class="title" x="{LEFT}" y="14">{name}</text>',
        *(_tick_x(value, x) for value in x.ticks()), *(_tick_y(value, y) for value in y.ticks()),
        f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>',
        f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">'
        f"{escape(x.label)}</text>",
        f'<text class="label" transform="translate(11 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}{', logarithmic' if y.log else ''}</text>",
        *(_path(line, x, y) for line in lines),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def thinned(line: Line) -> Line:
    """Return a line over steps with ``MAX_POINTS`` points at most; spikes stay, and what is not finite stays a gap."""
    x, y = np.asarray(line.x, dtype=float), np.asarray(line.y, dtype=float)
    kept = with_extremes(x, y, MAX_POINTS)
    return replace(line, x=x[kept].tolist(), y=y[kept].tolist())


def _across(value: float, axis: Axis) -> float:
    return LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)


def _up(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)


def _tick_x(value: float, axis: Axis) -> str:
    at = f"{_across(value, axis):.1f}"
    return f'<text class="tick" x="{at}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle">{value:,.10g}</text>'


def _tick_y(value: float, axis: Axis) -> str:
    at = _up(value, axis)
    grid = f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>'
    return f'{grid}<text class="tick" x="{LEFT - 5}" y="{at + 3.5:.1f}" text-anchor="end">{value:,.10g}</text>'


def _path(line: Line, x: Axis, y: Axis) -> str:
    across, up = np.asarray(line.x, dtype=float), np.asarray(line.y, dtype=float)
    words, pen = [], "M"
    for at in range(len(across)):
        if not math.isfinite(up[at]) or (y.log and up[at] <= 0):
            pen = "M"
            continue
        value = min(y.high, max(y.low, up[at]))
        words.append(f"{pen}{_across(across[at], x):.1f} {_up(value, y):.1f}")
        pen = "L"
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    style = f'stroke="{line.color}" stroke-width="{line.width}" stroke-opacity="{line.opacity}"{dash}'
    return f'<path fill="none" stroke-linejoin="round" stroke-linecap="round" {style} d="{"".join(words)}"/>'
