"""The component that looks inside the nets of a race: profiles over depth, a map over depth and time, one layer.

Registered once per process. The JavaScript beside this file owns everything that moves; the script only says which runs
and which layout. What can be shown, and every word about it, comes from the registry of quantities.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Literal

import plotly
import streamlit as st

from app import data, theme
from app.live.chart import Run, modules_version

_HERE = Path(__file__).parent
Layout = Literal["layers", "gradients"]

#: What a layout begins with, offers at once, and shows beside it. ``always`` is fetched whatever is chosen.
LAYOUTS: dict[Layout, dict[str, Any]] = {
    "layers": {
        "quantity": "response_std",
        "quick": [],
        "families": ("responses", "gradients", "directions"),
        "forms": ["order", "sorted"],
        "sides": [],
        "growth": False,
        "always": [],
    },
    "gradients": {
        "quantity": "gradient_response",
        "quick": [("gradient_response", "of the responses"), ("gradient_weight", "of the weights")],
        "families": ("gradients", "directions"),
        "forms": ["order"],
        "sides": [("gradient_cosine", "Direction"), ("activation_cosine", "Likeness")],
        "growth": True,
        "always": ["gradient_growth", "gradient_cosine", "activation_cosine"],
    },
}
#: Quantities with one value per layer or block can be a profile and a map.
_DRAWN = ("layer", "block")


@cache
def _component() -> Callable[..., Any]:
    # isolate_styles=False: Plotly puts its style sheet into the document's head, which a shadow root would not see.
    return st.components.v2.component(
        "skipscope_probes",
        html=(_HERE / "probe_chart.html").read_text(),
        css=(_HERE / "probe_chart.css").read_text(),
        js=(_HERE / "probe_chart.js").read_text(),
        isolate_styles=False,
    )


def live_probes(runs: Sequence[Run], layout: Layout, key: str, race: int) -> None:
    """Mount the insides of some runs of a race; both layouts have one slider of time for everything in them."""
    chosen = LAYOUTS[layout]
    rows = data.quantities()
    _component()(
        key=key,
        data={
            "race": race,
            "runs": [
                {
                    "run": run["run"],
                    "label": run["label"],
                    "family": "plain" if run["shortcut"] == "none" else "residual",
                    "colour": {g: theme.line_colour(run["shortcut"], run["depth"], g) for g in theme.GROUND},
                    "ink": {g: theme.word_colour(run["shortcut"], run["depth"], g) for g in theme.GROUND},
                }
                for run in runs
            ],
            "layout": layout,
            **{name: chosen[name] for name in ("quantity", "quick", "forms", "sides", "growth", "always")},
            "offered": [row.name for row in rows if row.per in _DRAWN and row.family in chosen["families"]],
            "quantities": [asdict(row) for row in rows],
            "edges": data.histogram_edges(),
            "states": theme.STATES,
            "themes": {
                ground: {
                    "text": theme.TEXT[ground],
                    "muted": theme.MUTED[ground],
                    "grid": theme.GRID[ground],
                    "page": theme.GROUND[ground],
                }
                for ground in theme.GROUND
            },
            "modules": f"live/js/{modules_version()}/",
            "urls": {
                "history": "live/probes/history",
                "stream": "live/probes/stream",
                "detail": "live/probes/detail",
                "plotly": f"live/plotly-{plotly.__version__}.js",
            },
        },
        on_command_change=_on_command,
    )


def _on_command() -> None:
    """The runs were deleted: the page looks for another race, which its next run does."""
