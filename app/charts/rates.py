"""The learning-rate curves of a race: training error at the end of each trial against the rate that was tried.

Plain values in, a Plotly figure out. science.md E1: a gap may be nothing but a rate that suits one arm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

#: The page's own, as Streamlit serves it.
FONT = '"Source Sans", sans-serif'
HEIGHT_PX = 340
_LABEL_PX = 17
_MARGIN = {"t": 16, "r": 150, "b": 48, "l": 56}


@dataclass(frozen=True, slots=True)
class RateCurve:
    """One arm: ``points`` are (rate, error in percent, None where the trial gave none) of the trials that have ended,
    by rate; ``chosen`` the rate that its runs take, None so far; ``under_way`` the points so far of trials that go on.
    ``colour`` of its line, ``ink`` of its name, ``mark`` as Plotly calls it.
    """

    arm: str
    colour: str
    ink: str
    mark: str
    points: tuple[tuple[float, float | None], ...]
    chosen: float | None = None
    under_way: tuple[tuple[float, float], ...] = ()


def rates_figure(
    curves: Sequence[RateCurve], rates: Sequence[float], *, text: str, muted: str, grid: str, page: str
) -> go.Figure:
    """Return the figure: one line per arm, ``rates`` on a logarithmic axis, the chosen rate in a ring.

    A trial without an error (it diverged) stands as a cross at the top. The colours are those of the page.
    """
    figure = go.Figure()
    for curve in curves:
        found = [(rate, error) for rate, error in curve.points if error is not None]
        lost = [rate for rate, error in curve.points if error is None]
        figure.add_scatter(
            x=[rate for rate, _ in found], y=[error for _, error in found], mode="lines+markers", name=curve.arm,
            line={"color": curve.colour, "width": 2}, marker={"symbol": curve.mark, "size": 8, "color": curve.colour},
            hovertemplate=f"{curve.arm}<br>rate %{{x:g}}<br>training error %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
        if lost:
            figure.add_scatter(
                x=lost, y=[100.0] * len(lost), mode="markers", name=curve.arm, cliponaxis=False,
                marker={"symbol": "x-thin-open", "size": 10, "color": curve.colour, "line": {"width": 2}},
                hovertemplate=f"{curve.arm}<br>rate %{{x:g}}<br>no error: it diverged<extra></extra>",
            )  # fmt: skip
        if curve.under_way:
            figure.add_scatter(
                x=[rate for rate, _ in curve.under_way], y=[error for _, error in curve.under_way], mode="markers",
                name=f"{curve.arm}, so far", marker={"symbol": f"{curve.mark}-open", "size": 8, "color": curve.colour},
                hovertemplate=f"{curve.arm}<br>rate %{{x:g}}<br>so far %{{y:.1f}} %<extra></extra>",
            )  # fmt: skip
        taken = [(rate, error) for rate, error in found if rate == curve.chosen]
        if taken:
            figure.add_scatter(
                x=[taken[0][0]], y=[taken[0][1]], mode="markers", name=f"{curve.arm}, chosen",
                marker={"symbol": "circle-open", "size": 18, "color": curve.colour, "line": {"width": 2.5}},
                hovertemplate=f"{curve.arm}<br>chosen: %{{x:g}}<extra></extra>",
            )  # fmt: skip
    axis = {"gridcolor": grid, "linecolor": muted, "zeroline": False, "tickfont": {"color": muted}}
    figure.update_layout(
        height=HEIGHT_PX, margin=_MARGIN, showlegend=False, hovermode="closest", dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"family": FONT, "size": 14, "color": text},
        hoverlabel={"bgcolor": page, "font": {"family": FONT, "color": text}},
        xaxis={
            **axis, "type": "log", "title": {"text": "learning rate", "standoff": 8}, "tickvals": rates,
            "ticktext": [f"{rate:g}" for rate in rates], "range": _range(rates), "fixedrange": True,
        },
        yaxis={**axis, "title": {"text": "training error (%)", "standoff": 6}, "range": [0, 100], "fixedrange": True},
        annotations=_labels(curves),
    )  # fmt: skip
    return figure


def _range(rates: Sequence[float]) -> list[float]:
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    return [low - 0.06 * (high - low + 1), high + 0.06 * (high - low + 1)]


def _labels(curves: Sequence[RateCurve]) -> list[dict]:
    """Names at the line ends, pushed apart where they would cover one another."""
    ends = []
    for curve in curves:
        found = [(rate, error) for rate, error in curve.points if error is not None]
        if found:
            ends.append((found[-1][1], found[-1][0], curve))
    per_point = (HEIGHT_PX - _MARGIN["t"] - _MARGIN["b"]) / 100
    ends.sort(key=lambda end: (end[0], end[2].arm))
    heights = apart([error * per_point for error, _, _ in ends], _LABEL_PX)
    return [
        {"text": curve.arm, "x": math.log10(rate), "y": error, "xref": "x", "yref": "y", "xanchor": "left",
         "yanchor": "middle", "xshift": 14, "yshift": height - error * per_point, "showarrow": False,
         "font": {"size": 13, "color": curve.ink}}
        for height, (error, rate, curve) in zip(heights, ends, strict=True)
    ]  # fmt: skip


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Return ascending ``heights`` moved as little as possible so that neighbours are at least ``least`` apart."""
    groups: list[tuple[float, int]] = []  # middle and number of those that stand close together
    for height in heights:
        middle, number = height, 1
        while groups and middle - groups[-1][0] < least * (number + groups[-1][1]) / 2:
            other, others = groups.pop()
            middle, number = (middle * number + other * others) / (number + others), number + others
        groups.append((middle, number))
    return [middle + least * (place - (number - 1) / 2) for middle, number in groups for place in range(number)]
