"""The labs that have a page of their own: one page each, in the order in which a newcomer would ask."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.data import labs, workspace
from app.views.labs import lab
from app.web import presenter_link

#: Lab -> icon of its page. Labs that another page draws are not here.
PAGES = {
    "constructed": ":material/construction:",
    "mapping": ":material/grid_on:",
    "conditioning": ":material/equalizer:",
    "shattering": ":material/grain:",
    "smoothness": ":material/waves:",
    "lesion": ":material/healing:",
    "landscape": ":material/landscape:",
}


def pages() -> list[tuple[str, str, str, Callable[[], None]]]:
    """Return (title, place in the address, icon, what draws it) of every lab's page."""
    known = labs.lab_specs()
    return [
        (known[name].title or name.capitalize(), f"lab-{name}", icon, partial(_render, name))
        for name, icon in PAGES.items()
        if name in known
    ]


def _render(name: str) -> None:
    health = workspace.health()
    if not health.usable:
        st.header(labs.lab_specs()[name].title or name.capitalize(), anchor=False)
        way_out = " The Race page says what can be done." if presenter_link.may_command() else ""
        st.error(f"{health.message}{way_out}", icon=":material/error:")
        return
    lab.render(name)
