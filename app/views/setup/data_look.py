"""Below the data field: what the chosen path is taken for, before a race on it starts."""

import streamlit as st

from app.data import options, workspace
from app.views import markdown_escape
from app.views.setup import advanced

#: Seconds between two looks at whether the engine has looked through the path.
_SOON_S = 1.0


def render(usual_resize: int) -> None:
    """Say what is taken for what below the chosen path; nothing for a registered set, of which it is known."""
    if not advanced.is_path():
        return
    resize = int(st.session_state.get("resize", usual_resize))
    pending = _look(resize) == options.Look()
    st.fragment(_draw, run_every=_SOON_S if pending else None)(resize, pending)


def _look(resize: int) -> options.Look:
    try:
        return options.look(st.session_state["data"], resize)
    except workspace.SkipscopeError as error:  # it is no longer offered
        return options.Look(problem=str(error))


def _draw(resize: int, pending: bool) -> None:
    found = _look(resize)
    if pending and found != options.Look():
        st.rerun()  # which ends the looking every second
    if found == options.Look():
        st.caption("Looking through the path.")
    elif found.problem:
        markdown_escape.under_field(found.problem)
    else:
        st.caption("Taken as\n" + "\n".join(f"- {markdown_escape.literal(line)}" for line in found.lines))
