"""What the streaming components have in common: how one is registered, and what each is told of its surroundings.

A component is three files, ``STEM.html``, ``STEM.css`` and the modules that its root element names (``data-module``,
``data-view``); ``mount.js`` is the entry of all of them. A part with many rules of its own
may have a style sheet of its own.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import plotly
import streamlit as st

from app import theme
from app.web import presenter_link

_HERE = Path(__file__).parent


@cache
def component(name: str, stem: str, *styles: str) -> Callable[..., Any]:
    """Return the component ``name`` made of ``STEM.html``, ``STEM.css`` and more ``styles``, registered once."""
    # isolate_styles=False: Plotly puts its style sheet into the document's head, which a shadow root would not see.
    return st.components.v2.component(
        name,
        html=(_HERE / f"{stem}.html").read_text(),
        css="\n".join((_HERE / f"{style}.css").read_text() for style in (stem, *styles)),
        js=(_HERE / "mount.js").read_text(),
        isolate_styles=False,
    )


def surroundings(**urls: str) -> dict[str, Any]:
    """Return what every component is told, whether it may offer commands among it; ``urls`` are its own addresses."""
    return {
        "mayCommand": presenter_link.may_command(),
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
        "urls": {**urls, "plotly": f"live/plotly-{plotly.__version__}.js"},
    }


@cache
def modules_version() -> str:
    """Return a version of the JavaScript modules that changes whenever one of them does."""
    newest = max(path.stat().st_mtime_ns for path in _HERE.glob("*.js"))
    return f"{newest:x}"
