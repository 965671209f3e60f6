"""The view of one lab job: panels, switches, numbers and words, fed by the job's own stream.

The script names the job and gets commands back as a trigger. The lab's row in the registry says what there is to see.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import cycle
from typing import Any

from app import theme
from app.data import labs
from app.live.shared.component import component, surroundings

#: Lightness of a lab's curves: that of a net of this depth.
_DEPTH = 26
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
#: What the kinds of plain and of residual nets begin with, and their hue on every page.
_FAMILIES = {"plain": "none", "residual": "A"}
#: For kinds that say neither: hues of Okabe and Ito and a depth that gives the lightness, chosen by search so that
#: all of them and the two above are apart for usual, red-blind and green-blind eyes on both grounds.
_SPARE = (
    ("#009e73", 14), ("#cc79a7", 56), ("#e69f00", 8), ("#56b4e9", 8), ("#808080", 8), ("#009e73", 26),
    ("#cc79a7", 110), ("#f0e442", 110), ("#56b4e9", 14),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How the curves of one kind look: the hue of a shortcut type, and a dash (``solid``, ``dash``, ``dot``)."""

    shortcut: str
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class CurveSelector:
    """The switches that choose the bold curve.

    Args:
        kinds: The switch's word for each kind of curve; ``kind`` is the first choice.
        setting: The lab's setting that the slider moves.
        measure: The words of the button for a value that was not measured.
        alone: Why a kind is measured at the job's own setting only. The slider then rests.
    """

    label: str
    kinds: Mapping[str, str]
    kind: str
    setting: str
    measure: str
    styles: Mapping[str, Style]
    alone: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabView:
    """What is drawn of a lab: the switches above its pictures, and which panels (None: all, in the row's order)."""

    selector: CurveSelector | None = None
    panels: tuple[str, ...] | None = None


def live_lab(name: str, run: int | None, on_command: Callable[[], None], view: LabView, key: str = "lab") -> None:
    """Mount the view of a lab's job, of none yet with ``run`` None.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, engine, and measure with ``setting`` and ``value``.
    """
    lab, picks = labs.LABS[name], view.selector
    component("labs", "skipscope_lab", "shared/export/buttons.css")(
        key=key,
        data={
            "lab": name,
            "run": run,
            "whole": view.panels is None,
            "panels": [asdict(panel) for panel in chosen_panels(lab.panels, view.panels)],
            "figures": [asdict(figure) for figure in lab.metrics],
            "options": {option.name: option.label for option in lab.options},
            "picks": _picks(lab, picks) if picks else None,
            "styles": {kind: _style(style) for kind, style in (picks.styles if picks else {}).items()},
            "families": [{"begins": word, "styles": styles} for word, styles in family_styles().items()],
            "spare": spare_styles(),
            **surroundings(history="live/lab", stream="live/lab/stream"),
        },
        on_command_change=on_command,
    )


def chosen_panels(panels: Sequence[labs.Panel], names: Sequence[str] | None) -> list[labs.Panel]:
    """Return the panels of these names, all with None, and the ways that are drawn on their planes."""
    if names is None:
        return list(panels)
    wanted = {*names, *(panel.path for panel in panels if panel.name in names)}
    # A heat map opens only what is beside it.
    return [panel if panel.opens in wanted else replace(panel, opens="") for panel in panels if panel.name in wanted]


def spare_styles() -> list[dict[str, Any]]:
    """Return the styles of kinds that the page does not name, in the order in which they are taken."""
    dashes = cycle(_DASHES)
    return [_style(Style(color, next(dashes)), depth) for color, depth in _SPARE]


def family_styles() -> dict[str, list[dict[str, Any]]]:
    """Return the styles of plain and of residual nets by how their kinds begin.

    The first has the type's own hue, its variants the neighbouring ones, as in a race, each with a dash of its own.
    """
    return {word: _variants(shortcut) for word, shortcut in _FAMILIES.items()}


def _variants(shortcut: str) -> list[dict[str, Any]]:
    looks = theme.looks([f"{shortcut} {dash}" for dash in _DASHES]).values()
    return [_style(Style(look.color, dash)) for dash, look in zip(_DASHES, looks, strict=True)]


def _picks(lab: labs.LabSpec, picks: CurveSelector) -> dict[str, Any]:
    option = next(option for option in lab.options if option.name == picks.setting)
    limits = {"low": option.low, "high": option.high, "step": option.step}
    return asdict(picks) | limits | {"settingLabel": option.label}


def _style(style: Style, depth: int = _DEPTH) -> dict[str, Any]:
    return {
        "dash": style.dash,
        "color": {scheme: theme.line_color(style.shortcut, depth, scheme) for scheme in theme.BACKGROUND},
        "textColor": {scheme: theme.text_color(style.shortcut, depth, scheme) for scheme in theme.BACKGROUND},
    }
