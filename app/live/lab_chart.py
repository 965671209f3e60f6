"""The view of one lab job: panels, switches, numbers and words, fed by the job's own stream.

Registered once per process. The JavaScript beside this file owns everything that moves; the script only says which
job, and gets commands back as a trigger. What there is to see comes from the lab's row in the registry.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import plotly
import streamlit as st

from app import data, theme
from app.live.chart import modules_version

_HERE = Path(__file__).parent
#: Lightness of a lab's curves: that of a net of this depth.
_DEPTH = 26
_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, slots=True)
class Style:
    """How the curves of one kind look: the hue of a shortcut type, and a dash (``solid``, ``dash``, ``dot``)."""

    shortcut: str
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class Picks:
    """The switches that choose the bold curve.

    ``kinds``: kind of curve -> the switch's word; ``kind`` is the first choice; ``setting`` the lab's setting that the
    slider moves; ``measure`` the words of the button for a value that was not measured; ``alone`` says of a kind that
    it is measured at the job's own setting only, where the slider then rests.
    """

    label: str
    kinds: Mapping[str, str]
    kind: str
    setting: str
    measure: str
    styles: Mapping[str, Style]
    alone: Mapping[str, str] = field(default_factory=dict)


@cache
def _component() -> Callable[..., Any]:
    # isolate_styles=False: Plotly puts its style sheet into the document's head, which a shadow root would not see.
    return st.components.v2.component(
        "skipscope_lab",
        html=(_HERE / "lab_chart.html").read_text(),
        css=(_HERE / "lab_chart.css").read_text(),
        js=(_HERE / "lab_chart.js").read_text(),
        isolate_styles=False,
    )


def live_lab(
    name: str, run: int | None, on_command: Callable[[], None], picks: Picks | None = None, key: str = "lab"
) -> None:
    """Mount the view of a lab's job, of none yet with ``run`` None.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, engine, and measure with ``setting`` and ``value``.
    """
    lab = data.labs()[name]
    _component()(
        key=key,
        data={
            "lab": name,
            "run": run,
            "panels": [asdict(panel) for panel in lab.panels],
            "figures": [asdict(figure) for figure in lab.figures],
            "picks": _picks(lab, picks) if picks else None,
            "styles": {kind: _style(style) for kind, style in (picks.styles if picks else {}).items()},
            "spare": [_style(Style(f"spare {dash}", dash)) for dash in _DASHES],
            "states": theme.STATES,
            "themes": {
                ground: {"text": theme.TEXT[ground], "muted": theme.MUTED[ground], "grid": theme.GRID[ground]}
                for ground in theme.GROUND
            },
            "modules": f"live/js/{modules_version()}/",
            "urls": {
                "history": "live/lab",
                "stream": "live/lab/stream",
                "plotly": f"live/plotly-{plotly.__version__}.js",
            },
        },
        on_command_change=on_command,
    )


def _picks(lab: data.Lab, picks: Picks) -> dict[str, Any]:
    option = next(option for option in lab.options if option.name == picks.setting)
    return {
        "label": picks.label, "kinds": dict(picks.kinds), "kind": picks.kind, "setting": option.name,
        "settingLabel": option.label, "measure": picks.measure, "low": option.low, "high": option.high,
        "step": option.step, "alone": dict(picks.alone),
    }  # fmt: skip


def _style(style: Style) -> dict[str, Any]:
    return {
        "dash": style.dash,
        "colour": {ground: theme.line_colour(style.shortcut, _DEPTH, ground) for ground in theme.GROUND},
        "ink": {ground: theme.word_colour(style.shortcut, _DEPTH, ground) for ground in theme.GROUND},
    }
