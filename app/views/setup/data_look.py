"""Below the data field: what the chosen path is taken for, before a race on it starts."""

import streamlit as st

from app.data import options
from app.views import markdown_escape
from app.views.setup import advanced, form_state

#: Seconds between two looks at a path that the engine has not looked through, and at one that it refuses.
_SOON_S, _LATER_S = 1.0, 5.0


def render() -> None:
    """Say what is taken for what below the chosen path; nothing for a registered set, of which it is known."""
    if not advanced.is_path():
        return
    seen = form_state.look()
    every = _SOON_S if seen == options.Look() else _LATER_S if seen.problem else None
    st.fragment(_draw, run_every=every)(seen)


def _draw(seen: options.Look) -> None:
    found = form_state.look()
    if found not in (seen, options.Look()):
        st.rerun()  # the start bar depends on what was found
    found = seen if found == options.Look() else found
    if found == options.Look():
        st.caption("Looking through the path.")
    elif found.problem:
        markdown_escape.under_field(found.problem)
    else:
        st.caption("Taken as\n" + "\n".join(f"- {markdown_escape.literal(line)}" for line in found.lines))
