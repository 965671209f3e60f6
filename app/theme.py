"""Colours, marks and states: one table for every page, so that a run looks the same everywhere. No ``st.`` here.

Hue = shortcut type, lightness = depth: deeper is darker on a light page, brighter on a dark one. Few eyes tell sixteen
hues apart, so every type also has a mark, and hues of one mark are safe for all eyes. By hand: ``plotly.colors`` knows
neither perceived lightness nor contrast.
"""

import colorsys
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

#: Page backgrounds, as in ``app/.streamlit/config.toml``.
BACKGROUND = {"light": "#ffffff", "dark": "#0b0e12"}
TEXT = {"light": "#1b2229", "dark": "#e8ecf1"}
MUTED = {"light": "#59636e", "dark": "#9aa7b4"}
GRID = {"light": "#e7ebef", "dark": "#262d35"}

#: Okabe and Ito 2008: vermilion for plain, blue, green, purple for A, B, C. The others come from a search: each pair is
#: distinct for the usual eye, pairs of one mark also for red- and green-blind eyes. Two of stacks of sublayers have the
#: hues of B and dirac, which no such net has.
COLORS = {
    "none": "#d55e00", "A": "#0072b2", "B": "#009e73", "C": "#cc79a7", "scaled": "#4b608b", "gated": "#d11605",
    "shortcut-gated": "#8b5b4b", "conv1x1": "#16d105", "dropout": "#259ab1", "highway": "#633b9b",
    "stochastic-depth": "#6b9b3b", "skipinit": "#d105c0", "zero-gamma": "#0527d1", "fixup": "#8d05d1",
    "dirac": "#d18d05", "delta-orthogonal": "#8b864b", "deepnorm": "#009e73", "shaped": "#d18d05",
}  # fmt: skip
#: Plotly's names of the marks, with the glyph of each beside a name.
MARKS = {
    "circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "triangle-down": "▼", "star": "★", "cross": "✚",
    "x": "✖",
}  # fmt: skip
_MARK_OF = {
    "scaled": "square", "gated": "diamond", "shortcut-gated": "triangle-up", "conv1x1": "triangle-down",
    "dropout": "star", "highway": "cross", "stochastic-depth": "square", "skipinit": "diamond",
    "zero-gamma": "triangle-up", "fixup": "triangle-down", "dirac": "star", "delta-orthogonal": "cross",
    "deepnorm": "triangle-down", "shaped": "star",
}  # fmt: skip
#: For names off the table.
_SPARE_COLORS = ("#e69f00", "#56b4e9", "#b8a800", "#7a6a58")
#: Degrees by which the hue of each variant of one type in a race turns.
_TURNS = (0, 28, -22, 50, -44, 72)


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a run's lines but for the lightness: a hue as ``#rrggbb`` and a mark of ``MARKS``."""

    color: str
    mark: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Return the look of every name of one race; a name is a variant, or a variant and a word behind it.

    The first of a type has the type's hue and mark, later ones neighbouring hues and other marks. Later names never
    change the looks of earlier ones.
    """
    by_name: dict[str, Look] = {}
    seen: dict[str, int] = {}
    for name in dict.fromkeys(names):
        base = _base(name)
        nth = seen[base] = seen.get(base, -1) + 1
        marks = list(MARKS)
        mark = marks[(marks.index(_MARK_OF.get(base, "circle")) + nth) % len(marks)]
        by_name[name] = Look(_turned(color(base), _TURNS[nth % len(_TURNS)]), mark)
    return by_name


def _base(name: str) -> str:
    return name.split(":")[0].split(" ")[0]


def _turned(value: str, degrees: float) -> str:
    tone, lightness, saturation = colorsys.rgb_to_hls(*_channels(value))
    return _text(*colorsys.hls_to_rgb((tone + degrees / 360) % 1, lightness, saturation)) if degrees else value


#: Perceived lightness L* (0 to 100) of the shallowest and the deepest net of a family, per scheme.
_LIGHTNESS = {"light": (60.0, 20.0), "dark": (46.0, 90.0)}
#: Words need more contrast than lines: largest L* on a light page, smallest L* on a dark page.
_READABLE = {"light": 49.0, "dark": 53.0}
_SHALLOWEST, _DEEPEST = 8, 110
#: Steps of the lightness of HLS.
_LEVELS = 2**24

#: State -> (symbol, tone); tones are Streamlit's semantic colour families.
STATES = {
    "queued": ("◌", "gray"),
    "starting": ("◔", "blue"),
    "running": ("▶", "green"),
    "paused": ("‖", "orange"),
    "stopping": ("◼", "gray"),
    "stopped": ("◼", "gray"),
    "finished": ("✓", "blue"),
    "diverged": ("∞", "red"),
    "failed": ("✕", "red"),
    "lost": ("?", "red"),
}


@cache
def line_color(shortcut: str, depth: int, scheme: str) -> str:
    """Return the colour of a run's lines as ``#rrggbb`` for a ``light`` or ``dark`` page.

    ``shortcut`` is a variant or a hue of ``looks``. The lightness follows the logarithm of the depth.
    """
    place = math.log(depth / _SHALLOWEST) / math.log(_DEEPEST / _SHALLOWEST)
    shallow, deep = _LIGHTNESS[scheme]
    return _shade(shortcut, shallow + (deep - shallow) * min(1.0, max(0.0, place)))


@cache
def text_color(shortcut: str, depth: int, scheme: str) -> str:
    """Return the colour of a run's name as ``#rrggbb``: the nearest readable colour to its lines."""
    lightness = perceived_lightness(line_color(shortcut, depth, scheme))
    limit = _READABLE[scheme]
    return _shade(shortcut, min(lightness, limit) if scheme == "light" else max(lightness, limit))


def _shade(shortcut: str, target: float) -> str:
    tone, _, saturation = colorsys.rgb_to_hls(*_channels(color(shortcut)))

    def shaded(level: int) -> str:
        return _text(*colorsys.hls_to_rgb(tone, level / _LEVELS, saturation))

    # L* grows with the lightness of HLS at fixed hue and saturation.
    return shaded(max(0, bisect_left(range(_LEVELS), target, key=lambda at: perceived_lightness(shaded(at))) - 1))


def color(shortcut: str) -> str:
    """Return the base colour of a variant's type, also for names off the table; a hue is its own colour."""
    if shortcut.startswith("#"):
        return shortcut
    shortcut = _base(shortcut)
    if shortcut in COLORS:
        return COLORS[shortcut]
    return _SPARE_COLORS[sum(shortcut.encode()) % len(_SPARE_COLORS)]


def contrast(one: str, other: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours, 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def perceived_lightness(value: str) -> float:
    """Return CIE L* of a colour, 0 to 100."""
    y = _luminance(value)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def _luminance(value: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(value)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(value: str) -> tuple[float, float, float]:
    red, green, blue = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _text(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, c))):02x}" for c in (red, green, blue))
