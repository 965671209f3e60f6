"""The labs that have a page of their own: one page each, in the order in which a newcomer would ask."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import data
from app.live.labs.component import CurveSelector
from app.views.labs import lab
from app.web import presenter_link

#: Lab -> icon of its page, and the switches above its pictures. Labs that another page draws are not here.
PAGES: dict[str, tuple[str, CurveSelector | None]] = {
    "constructed": (":material/construction:", None),
    "mapping": (":material/grid_on:", None),
    "conditioning": (":material/equalizer:", None),
    "shattering": (":material/grain:", None),
    "smoothness": (":material/waves:", None),
    "lesion": (":material/healing:", None),
    "landscape": (":material/landscape:", None),
}


def pages() -> list[tuple[str, str, str, Callable[[], None]]]:
    """Return (title, place in the address, icon, what draws it) of every lab's page."""
    known = data.lab_specs()
    return [
        (known[name].title or name.capitalize(), f"lab-{name}", icon, partial(_render, name, picks))
        for name, (icon, picks) in PAGES.items()
        if name in known
    ]


def _render(name: str, picks: CurveSelector | None) -> None:
    health = data.health()
    if not health.usable:
        st.header(data.lab_specs()[name].title or name.capitalize(), anchor=False)
        way_out = " The Race page says what can be done." if presenter_link.may_command() else ""
        st.error(f"{health.message}{way_out}", icon=":material/error:")
        return
    lab.render(name, picks)
