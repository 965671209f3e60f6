"""The component of one lab job: panels, switches, numbers and words, fed by the job's own stream."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import cycle
from typing import Any

from app import theme
from app.data import labs
from app.live.shared.component import component, surroundings
from app.live.stream.plotly_js import BASIC, CARTESIAN, WHOLE, Bundle

#: Depth of the net whose lightness curves without a depth have, and the depths that others have for nearest.
_DEPTH, _DEPTHS = 26, (8, 14, 20, 26, 32, 44, 56, 110)
_ADDRESSES = {"history": "live/lab", "stream": "live/lab/stream", "reference": "live/lab/reference"}
#: Lightness of further kinds of one hue and depth, as depths.
_VARIANTS = (8, 26, 14, 44, 20, 32)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
#: The hue of a race for kinds of every lab, by a pattern in their names, in the order of their tests.
_HUES = {"identity start|^dirac": "dirac", r"^(plain|none)\b": "none", r"^(residual|A|pre-LN)\b": "A"}
#: For other kinds: hues of Okabe and Ito and a depth for the lightness, from a search. All of them and plain and A
#: are distinct for usual, red-blind and green-blind eyes on both backgrounds.
_SPARE = (
    ("#009e73", 14), ("#cc79a7", 56), ("#e69f00", 8), ("#56b4e9", 8), ("#808080", 8), ("#009e73", 26),
    ("#cc79a7", 110), ("#f0e442", 110), ("#56b4e9", 14),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """The look of one kind's curves: the hue of a shortcut type, and a dash (``solid``, ``dash``, ``dot``)."""

    shortcut: str
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class CurveSelector:
    """The switches that choose the bold curve.

    Args:
        kinds: The switch's word for each kind of curve; ``kind`` is the first choice.
        setting: The lab's setting of the slider.
        measure: The words of the button for another value.
        alone: The reason why a kind is measured at the job's own setting only, by kind.
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
    """The drawn parts of a lab: the switches above its pictures, and the panels (None: all)."""

    selector: CurveSelector | None = None
    panels: tuple[str, ...] | None = None


def live_lab(name: str, run: int | None, on_command: Callable[[], None], view: LabView, key: str = "lab") -> None:
    """Mount the view of a lab's job; with ``run`` None, before the first one, that of the recorded results.

    At a call of ``on_command``, ``st.session_state[key].command`` holds ``{"verb": ..., "run": ...}``. Verbs: pause,
    resume, stop, engine, and measure with ``setting`` and ``value``.
    """
    lab, picks = labs.LABS[name], view.selector
    panels = chosen_panels(lab.panels, view.panels)
    component("labs", "skipscope_lab", "shared/export/buttons.css", "shared/presentation/presentation.css")(
        key=key,
        data={
            "lab": name,
            "run": run,
            "recorded": labs.lab_reference(name) is not None,
            "rules": rules_of(lab, view.panels),
            "panels": [asdict(panel) for panel in panels],
            "figures": [asdict(figure) for figure in lab.metrics],
            "options": {option.name: {"label": option.label, "usual": option.default} for option in lab.options},
            **lab_styles(lab, picks),
            **surroundings(**_ADDRESSES, plotly=bundle_for(panels).address),
        },
        on_command_change=on_command,
    )


def lab_styles(lab: labs.LabSpec, picks: CurveSelector | None = None) -> dict[str, Any]:
    """Return how the curves of a lab look, and the switches that choose among them."""
    return {
        "picks": _picks(lab, picks) if picks else None,
        "styles": {kind: _style(style) for kind, style in (picks.styles if picks else {}).items()},
        "hues": [{"match": match, "shades": of} for match, of in hues(lab.run_option is not None).items()],
        "dashes": _DASHES,
        "variants": _VARIANTS,
        "spare": spare_styles(),
    }


def bundle_for(panels: Sequence[labs.Panel]) -> Bundle:
    """Return the smallest plotly.js that draws these panels."""
    kinds = {panel.kind for panel in panels}
    return WHOLE if "plane" in kinds else CARTESIAN if "heat" in kinds else BASIC


def chosen_panels(panels: Sequence[labs.Panel], names: Sequence[str] | None) -> list[labs.Panel]:
    """Return the panels of these names (None: all), and the paths over their planes."""
    if names is None:
        return list(panels)
    wanted = {*names, *(panel.path for panel in panels if panel.name in names)}
    # A heat map opens only a panel beside it.
    return [panel if panel.opens in wanted else replace(panel, opens="") for panel in panels if panel.name in wanted]


def spare_styles() -> list[dict[str, Any]]:
    """Return the styles of kinds without one of their own, in order."""
    dashes = cycle(_DASHES)
    return [_style(Style(color, next(dashes)), depth) for color, depth in _SPARE]


def rules_of(lab: labs.LabSpec, names: Sequence[str] | None) -> list[str]:
    """Return the rules whose sentences a page with these panels shows: those that read one of them."""
    return [rule.name for rule in lab.findings if names is None or set(rule.panels) & set(names)]


def hues(every: bool) -> dict[str, dict[int, dict[str, Any]]]:
    """Return the colours of a race by depth, for each pattern of kinds. Kinds of one colour differ by dash too.

    Args:
        every: Whether kinds are named by arms, which may be of all types.
    """
    arms = {rf"^{name}\b": name for name in sorted(theme.COLORS, key=len, reverse=True)} if every else {}
    return {match: {depth: _colors(name, depth) for depth in _DEPTHS} for match, name in {**_HUES, **arms}.items()}


def _picks(lab: labs.LabSpec, picks: CurveSelector) -> dict[str, Any]:
    option = next(option for option in lab.options if option.name == picks.setting)
    limits = {"low": option.low, "high": option.high, "step": option.step}
    return asdict(picks) | limits | {"settingLabel": option.label}


def _style(style: Style, depth: int = _DEPTH) -> dict[str, Any]:
    return {"dash": style.dash, **_colors(style.shortcut, depth)}


def _colors(shortcut: str, depth: int) -> dict[str, dict[str, str]]:
    return {
        "color": {scheme: theme.line_color(shortcut, depth, scheme) for scheme in theme.BACKGROUND},
        "textColor": {scheme: theme.text_color(shortcut, depth, scheme) for scheme in theme.BACKGROUND},
    }
