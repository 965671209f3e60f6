"""The common part of the live components: their registration, and the data that all of them get.

A component is a folder of ``app/live`` with ``FEATURE.html``, ``FEATURE.css`` and the modules that its root element
names (``data-module``, ``data-view``). ``mount.js`` is the entry of all components. A part with many rules may have a
style sheet of its own.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app import terms
from app.live.shared.presentation.room_code import room_code
from app.live.shared.run import facts
from app.live.stream.plotly_js import BASIC
from app.live.stream.scripts import LIVE, scripts_version
from app.web import presenter_link

_MOUNT = Path(__file__).with_name("mount.js")


@cache
def component(feature: str, name: str, *styles: str) -> Callable[..., Any]:
    """Return the component ``name`` of the folder ``feature`` or of one inside it, registered once.

    Args:
        styles: Further style sheets, by their paths below ``app/live``.
    """
    folder = LIVE / feature
    sheets = [folder / f"{folder.name}.css", *(LIVE / style for style in styles)]
    # isolate_styles=False: Plotly puts its style sheet into the document's head, which a shadow root would not see.
    mount = st.components.v2.component(
        name,
        html=terms.filled((folder / f"{folder.name}.html").read_text()),
        css="\n".join(sheet.read_text() for sheet in sheets),
        js=_MOUNT.read_text(),
        isolate_styles=False,
    )

    def mounted(data: Mapping[str, Any], **settings: Any) -> Any:
        # In a list: Streamlit would look for tables in a dict, and load pandas for that.
        return mount(data=[data], **settings)

    return mounted


def surroundings(**urls: str) -> dict[str, Any]:
    """Return the data that every component gets: rights, states, colours, addresses.

    Args:
        urls: Addresses of the component's own routes.
    """
    return {
        "mayCommand": presenter_link.may_command(),
        "room": room_code(),
        **facts(),
        "modules": f"live/js/{scripts_version()}/",
        "urls": {"plotly": BASIC.address, **urls},
    }
