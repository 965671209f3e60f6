"""The streaming component: one call draws curves, cards, states and the gap line of a race from one stream.

Registered once per process. The JavaScript beside this file owns everything that moves; the script only says which
runs, which view and which colours, and gets commands back as a trigger. Used by ``app.views.race``.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

import plotly
import streamlit as st

from app import data, theme

_HERE = Path(__file__).parent


class View(TypedDict):
    """How the curves are drawn; every value is one of the options of the page's controls."""

    layout: str
    metric: str
    scale: str
    x: str


class Run(TypedDict):
    """What the component must know of a run before the stream tells the rest."""

    run: int
    label: str
    shortcut: str
    depth: int


@cache
def _component() -> Callable[..., Any]:
    # isolate_styles=False: Plotly puts its style sheet into the document's head, which a shadow root would not see.
    return st.components.v2.component(
        "skipscope_race",
        html=(_HERE / "chart.html").read_text(),
        css=(_HERE / "chart.css").read_text(),
        js=(_HERE / "chart.js").read_text(),
        isolate_styles=False,
    )


def live_race(race: int, runs: Sequence[Run], view: View, on_command: Callable[[], None], key: str = "race") -> None:
    """Mount the live race.

    ``on_command`` is called before the script's next run; ``st.session_state[key].command`` then holds
    ``{"verb": ..., "run": ...}``. Verbs: pause, resume, stop, delete (of a run), pause-all, resume-all, engine, gone.
    """
    _component()(
        key=key,
        data={
            "race": race,
            "runs": [
                {
                    "run": run["run"],
                    "label": run["label"],
                    "colour": {
                        ground: theme.line_colour(run["shortcut"], run["depth"], ground) for ground in theme.GROUND
                    },
                    "ink": {
                        ground: theme.word_colour(run["shortcut"], run["depth"], ground) for ground in theme.GROUND
                    },
                }
                for run in runs
            ],
            "view": view,
            "engineGone": data.ENGINE_GONE,
            "states": theme.STATES,
            "themes": {
                ground: {"text": theme.TEXT[ground], "muted": theme.MUTED[ground], "grid": theme.GRID[ground]}
                for ground in theme.GROUND
            },
            "modules": f"live/js/{modules_version()}/",
            "urls": {
                "history": "live/history",
                "stream": "live/stream",
                "plotly": f"live/plotly-{plotly.__version__}.js",
            },
        },
        on_command_change=on_command,
    )


@cache
def modules_version() -> str:
    """Return a version of the JavaScript modules that changes whenever one of them does."""
    newest = max(path.stat().st_mtime_ns for path in _HERE.glob("*.js"))
    return f"{newest:x}"
