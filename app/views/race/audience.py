"""The audience's part of the page: the note on its role, the wait for the first race, the offer of a newer race."""

import streamlit as st

from app.data import races, workspace
from app.data.talks import room
from app.views import picker
from app.views.markdown_escape import literal

#: Seconds between two looks for the first race, and for a newer one.
FIRST_S, NEWER_S = 2.0, 5.0


def note() -> None:
    """Draw the note on the audience's role."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="audience"):
        st.badge("Audience: looking on", icon=":material/visibility:", color="blue", width="content")
        st.caption("The presenter starts, pauses and changes runs. How you look at them is up to you.", width="content")
        st.fragment(_offer_talk, run_every=NEWER_S)()


def nothing_yet() -> None:
    """Draw the page before the first race; show the first race by itself."""
    st.title("Watch depth make a plain net worse, and shortcuts mend it", anchor=False)
    st.markdown(
        "Nothing has been started yet. As soon as the presenter starts a race, its curves appear here by themselves: "
        "errors of plain and residual nets while they learn, side by side."
    )
    st.fragment(_await_first, run_every=FIRST_S)()


def newer(newest: int) -> None:
    """Offer a race that began after ``newest``."""
    st.fragment(_offer, run_every=NEWER_S)(newest)


def _offer_talk() -> None:
    try:
        given = room.showing()
    except workspace.SkipscopeError:
        return
    if given.talk:
        st.link_button("Follow the talk", "talk", icon=":material/slideshow:")


def _await_first() -> None:
    if workspace.health().usable and races.races():
        st.rerun()


def _offer(newest: int) -> None:
    try:
        race_list = races.races()
    except workspace.SkipscopeError:
        return  # the live view reports the trouble
    if not race_list or race_list[0].id <= newest:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{literal(race_list[0].title)} has started.", width="content")
        if st.button("Show it", key="show_newer"):
            picker.choose(race_list[0].id)
            st.rerun()
