"""One residual block as a drawing: its layers, its shortcut, the addition. Pure; SVG text out.

The block is one inside a stage; the box of a shortcut says what differs where the shape changes.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from app import theme

#: The drawing's width in pixels: about a side bar.
WIDTH = 240
_BRANCH, _BRANCH_WIDTH = 58, 112
_PATH, _PATH_WIDTH = 181, 114
_LINE, _PAD, _GAP = 14, 5, 9
_SIZE = 11.5
_THIN = 'stroke-width="1.5"'
#: Letters in a line of a box.
_LETTERS = 16
_TOP = 26
#: Of the sum's sign.
_RADIUS = 10

#: The boxes of a shortcut from top to bottom, by the name of its builder.
_PATHS: dict[str, tuple[str, ...]] = {
    "option_a": ("identity; zero-pad where the shape changes",),
    "option_b": ("identity; 1x1 conv, BN where the shape changes",),
    "option_c": ("1x1 conv", "BN"),
    "scaled": ("x {shortcut}",),
    "carried": ("gate: x (1 - g)",),
    "shortcut_gated": ("g = sigmoid(1x1 conv)", "gate: x (1 - g)"),
    "bare_convolution": ("1x1 conv",),
    "dropped": ("dropout {rate}",),
}
#: The same where a projection gets the activated input.
_ACTIVATED: dict[str, tuple[str, ...]] = {
    "option_b": ("identity; 1x1 conv of the activated x, BN where the shape changes",),
}
#: The factor of the branch, by the name of the coefficient's builder.
_COEFFICIENTS: dict[str, tuple[str, ...]] = {
    "constant": ("x {branch}",),
    "gate": ("x g, g = sigmoid(1x1 conv of the input)",),
    "wide_gate": ("x g, g = sigmoid(3x3 conv of the input)",),
    "stochastic_depth": ("dropped at random, the last block kept with {survival}",),
    "multiplier": ("x alpha, {start} at first",),
}
#: The start of the first convolutions, of the last one and of the last BN, by initializer.
_STARTS: dict[str, tuple[str, str, str]] = {
    "he": ("", "", ""),
    "zero-gamma": ("", "", "scale 0 at first"),
    "fixup": ("small at first", "0 at first", ""),
    "dirac": ("identity at first", "identity at first", ""),
    "delta-orthogonal": ("rotation at first", "rotation at first", ""),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the drawing: its lines of words, its middle ``x`` and upper edge ``y``, its width and kind."""

    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    kind: str

    @property
    def height(self) -> float:
        """The height for the lines."""
        return _LINE * len(self.lines) + 2 * _PAD

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Left, upper, right and lower edge."""
        return self.x - self.width / 2, self.y, self.x + self.width / 2, self.y + self.height


@dataclass(frozen=True, slots=True)
class Plan:
    """The layout of a block: boxes of the branch, of the shortcut and after the sum.

    ``fork_y`` and ``sum_y`` are the heights at which the shortcut leaves and comes back.
    """

    branch: tuple[Box, ...]
    path: tuple[Box, ...]
    finish: tuple[Box, ...]
    fork_y: float
    sum_y: float
    height: float
    plain: bool

    @property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes."""
        return (*self.branch, *self.path, *self.finish)


def branch_words(variant: Any) -> tuple[list[str], list[str]]:
    """Return the steps of the branch and those after the addition, in order; ``variant`` is a ``Variant``."""
    order, last, row = variant.order, variant.layers, variant.shortcut
    normed, pre = variant.norm == "batch", order in ("relu-only-pre", "full-pre")
    early, late, norm = _STARTS[row.initializer]
    steps: list[str] = []
    for i in range(1, last + 1):
        if pre:
            steps += ["BN"] * (normed and order == "full-pre") + ["ReLU"]
        steps += ["+ bias"] * row.scalars
        note = late if i == last else early
        steps.append(f"3x3 conv, {note}" if note else "3x3 conv")
        if row.scalars:
            steps.append("x scale, + bias" if i == last else "+ bias")
        if normed and order != "full-pre" and not (order == "bn-after-addition" and i == last):
            steps.append(f"BN, {norm}" if norm and i == last else "BN")
        if not pre and (i < last or order == "relu-before-addition"):
            steps.append("ReLU")
    finish = ["BN"] * (normed and order == "bn-after-addition")
    finish += ["ReLU"] * (order in ("post", "bn-after-addition"))
    return steps + coefficient_words(variant), finish


def path_words(variant: Any) -> list[str]:
    """Return the shortcut's boxes, none without a shortcut; an unknown shortcut has its formula."""
    row = variant.shortcut
    if variant.plain:
        return []
    paths = _PATHS | (_ACTIVATED if variant.projects_activated else {})
    return _filled(paths.get(row.builder.rpartition(":")[2], (row.formula,)), variant.options)


def shared_words(variant: Any) -> list[str]:
    """Return the first steps of the branch that the shortcut has too: what activates the input of a projection."""
    if not (variant.projects_activated and variant.shortcut.builder.endswith(":option_c")):
        return []
    steps = branch_words(variant)[0]
    return steps[: steps.index("ReLU") + 1]


def coefficient_words(variant: Any) -> list[str]:
    """Return the factor of the branch before the addition, empty without a factor."""
    row = variant.shortcut
    if not row.coefficient or variant.options.get("branch") == 1:
        return []
    return _filled(_COEFFICIENTS.get(row.coefficient.rpartition(":")[2], (row.formula,)), variant.options)


def plan(variant: Any) -> Plan:
    """Return the layout of a block."""
    steps, after = branch_words(variant)
    first = _TOP + _GAP
    branch, branch_end = _column(steps, _BRANCH, first, _BRANCH_WIDTH)
    words = path_words(variant)
    height = _column(words, _PATH, 0, _PATH_WIDTH)[1] - _GAP
    middle = (first + branch_end - _GAP - height) / 2
    shared = branch[: len(shared_words(variant))]
    fork_y = shared[-1].rectangle[3] + _GAP / 2 if shared else _TOP - 1
    path, path_end = _column(words, _PATH, max(fork_y + _GAP + 1, middle), _PATH_WIDTH, kind="path")
    sum_y = max(branch_end, path_end) + _RADIUS
    below = branch_end if variant.plain else sum_y + _RADIUS + _GAP
    finish, end = _column(after, _BRANCH, below, _BRANCH_WIDTH)
    return Plan(tuple(branch), tuple(path), tuple(finish), fork_y, sum_y, end + 16, variant.plain)


def svg(variant: Any, scheme: str, color: str) -> str:
    """Return the drawing as SVG text for a ``light`` or ``dark`` page; ``color`` is the shortcut's colour."""
    drawn, text_color = plan(variant), theme.TEXT[scheme]
    parts = [_words(_BRANCH, _TOP - 10, "input x", theme.MUTED[scheme])]
    parts += _wires(drawn, text_color, color)
    parts += [part for box in drawn.boxes for part in _box(box, scheme, color)]
    if not drawn.plain:
        parts.append(
            f'<circle cx="{_BRANCH}" cy="{drawn.sum_y:g}" r="{_RADIUS}" fill="none" stroke="{text_color}" {_THIN}/>'
        )
        parts.append(_words(_BRANCH, drawn.sum_y + 4.5, "+", text_color, size=15))
    else:
        parts.append(_words(_PATH, (_TOP + drawn.height) / 2, "no shortcut", theme.MUTED[scheme]))
    parts.append(_words(_BRANCH, drawn.height - 1, "output y", theme.MUTED[scheme]))
    height = f"{drawn.height + 4:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    )


def in_words(variant: Any) -> str:
    """Return the drawing's text alternative in one line."""
    steps, after = branch_words(variant)
    words = [f"Branch: {'; '.join(steps)}."]
    start = f"from behind {', '.join(shared)}; " if (shared := shared_words(variant)) else ""
    path = f"Shortcut: {start}{'; '.join(path_words(variant))}, then the sum."
    words.append("No shortcut." if variant.plain else path)
    return " ".join(words + [f"After it: {', '.join(after)}."] * bool(after))


def _filled(words: Sequence[str], options: Any) -> list[str]:
    return [text.format(**{key: f"{value:g}" for key, value in options.items()}) for text in words]


def _column(words: Sequence[str], x: float, y: float, width: float, kind: str = "layer") -> tuple[list[Box], float]:
    """Return boxes below each other, and the upper edge of a next one."""
    boxes = []
    for text in words:
        lines = textwrap.wrap(text, _LETTERS, break_long_words=False, break_on_hyphens=False)
        boxes.append(Box(tuple(lines), x, y, width, kind))
        y += boxes[-1].height + _GAP
    return boxes, y


def _wires(drawn: Plan, text_color: str, color: str) -> list[str]:
    """Return the lines between the boxes; the boxes cover them."""
    end = drawn.height - 13
    stem = f'<line x1="{_BRANCH}" y1="{_TOP - 6}" x2="{_BRANCH}" y2="{{}}" stroke="{text_color}" stroke-width="1.5"/>'
    tip = f"M{_BRANCH - 4} {end - 5:g}L{_BRANCH} {end:g}L{_BRANCH + 4} {end - 5:g}"
    arrow = f'<path d="{tip}" fill="none" stroke="{text_color}"/>'
    if drawn.plain:
        return [stem.format(f"{end:g}"), arrow]
    joined = drawn.sum_y
    way = f"M{_BRANCH} {drawn.fork_y:g}H{_PATH}V{joined:g}H{_BRANCH + 14}"
    tip = f"M{_BRANCH + 16} {joined - 4:g}L{_BRANCH + 11} {joined:g}L{_BRANCH + 16} {joined + 4:g}"
    return [
        stem.format(f"{joined - _RADIUS:g}"),
        f'<line x1="{_BRANCH}" y1="{joined + _RADIUS:g}" x2="{_BRANCH}" y2="{end:g}" stroke="{text_color}" {_THIN}/>',
        f'<path d="{way}" fill="none" stroke="{color}" stroke-width="2.5"/>',
        f'<path d="{tip}" fill="none" stroke="{color}" stroke-width="2"/>',
        arrow,
    ]


def _box(box: Box, scheme: str, color: str) -> list[str]:
    edge, weight = (color, 1.5) if box.kind == "path" else (theme.MUTED[scheme], 1)
    left, top = box.rectangle[:2]
    parts = [
        f'<rect x="{left:g}" y="{top:g}" width="{box.width:g}" height="{box.height:g}" rx="5" '
        f'fill="{theme.BACKGROUND[scheme]}" stroke="{edge}" stroke-width="{weight}"/>'
    ]
    for number, line in enumerate(box.lines, start=1):
        parts.append(_words(box.x, top + _PAD + _LINE * number - 3.2, line, theme.TEXT[scheme]))
    return parts


def _words(x: float, y: float, text: str, color: str, size: float = _SIZE) -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="middle" fill="{color}">{_shown(text)}</text>'


def _shown(text: str) -> str:
    """Return a text with typographic signs."""
    signed = text.replace("3x3", "3×3").replace("1x1", "1×1").replace(" - ", " − ")
    signed = signed.replace(": x (", ": × (") if ": x (" in signed else signed
    return escape(f"×{signed[1:]}" if signed.startswith("x ") else signed)
