"""The recorded races on a page: the button of the first visit, the list, and the press that opens one as a replay."""

import streamlit as st

from app.data import workspace
from app.data.exchange import recordings
from app.live.race.landing.component import live_landing
from app.views import page_frame, picker
from app.views.markdown_escape import literal

#: The key of an address that plays a race.
REPLAY = "replay"
_OPENED = "opened_recording"
_ALT = "A finished quick race of five seeds: plain-56 far above plain-20, the residual pair close together."
_OF_YOURS = " Yours will be drawn while it trains."


def first_button() -> None:
    """Draw the button that plays the recorded race of the first visit."""
    first = next((row for row in recordings.available() if row.name == recordings.FIRST), None)
    if first is None:
        return
    if st.button(
        "Watch a recorded race", icon=":material/replay:", key="watch_recorded",
        type="primary" if workspace.view_only() else "secondary",
        help=f"{literal(first.title)}: it plays at once, as it was recorded. Nothing is trained.",
    ):  # fmt: skip
        watch(first.name)


def first_picture() -> None:
    """Draw the recorded race of the first visit as a picture, over which it plays; a press opens its replay."""
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    still = recordings.first_still(scheme)
    first = next((row for row in recordings.available() if row.name == recordings.FIRST), None)
    if still is None:
        return
    with st.container(key="first_picture"):
        # By an address of ours: that of a picture of Streamlit's is gone once the page draws something else.
        st.html(
            f'<img class="ss-still" src="live/recorded-picture-{scheme}.png" alt="{_ALT}" width="1228" height="587">'
        )
        st.caption("The recorded quick race." + ("" if workspace.view_only() else _OF_YOURS))
        if first and recordings.CURVES.is_file() and live_landing("landing"):
            watch(first.name)


def menu() -> None:
    """Draw the button that opens the list of all recorded races."""
    if recordings.available() and st.button("All recorded races", icon=":material/list:", key="recorded_races"):
        _choose()


@st.dialog("Recorded races", width="medium")
def _choose() -> None:
    st.caption("Press one to play it as it was recorded. Nothing is trained. Below each stands what it does not show.")
    listed()


def listed() -> None:
    """Draw every recorded race: a button with its title, which plays it, and what it shows and does not show."""
    for row in recordings.available():
        with st.container(gap=None):
            pressed = st.button(
                f"**:primary[{literal(row.title)}]**",
                type="tertiary",
                icon=":material/play_circle:",
                key=f"watch_{row.name}",
            )
            st.markdown(literal(row.shows))
            st.caption(_sentences(*row.caveats))
        if pressed:
            watch(row.name)


def shown(race: int) -> None:
    """Say of a recorded race of the project what it shows, what it does not show, and how to make it again."""
    if row := recordings.recording_of(race):
        commands = " and ".join(f"`python -m engine {command}`" for command in row.commands)
        st.caption(f"{_sentences(row.shows, *row.caveats)} Command: {commands}")


def watch(name: str) -> None:
    """Import a recorded race unless it is here, and open it as a replay from the next rerun on."""
    with page_frame.refusals(page_frame.show_error):
        with st.spinner("Reading the recorded race", show_time=False):
            st.session_state[_OPENED] = recordings.watched(name)
        st.rerun()  # the frame opens the race: it knows the page


def opened() -> dict[str, str] | None:
    """Choose the recorded race that was opened just now, once, and return its address; None without one."""
    race: int | None = st.session_state.pop(_OPENED, None)
    if race is None:
        return None
    picker.choose(race)
    return {"race": str(race), REPLAY: "1"}


def _sentences(*sentences: str) -> str:
    return literal(" ".join(sentences))
