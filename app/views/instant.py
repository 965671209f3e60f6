"""The page "Instant": a slider moves, and four small nets train at once."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.data import commands, workspace
from app.data.instant import ring
from app.live.race.instant.component import live_instant
from app.views import page_frame, picker

COMPONENT = "instant"
_NOTICE, _KEPT = "instant_notice", "instant_kept"


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    if not page_frame.usable("Instant"):
        return
    if words := workspace.view_only():
        page_frame.show_warning(f"{words[0].upper()}{words[1:]}. Races that are here can be watched on the Race page.")
    # A fragment: a slider that is dragged runs these few lines alone.
    st.fragment(_live)()


def try_it() -> None:
    """Start the first instant race. Raises SkipscopeError."""
    commands.start_instant(ring.settings().usual)


def kept() -> int | None:
    """Return the instant race that was kept just now, once; None without one."""
    race: int | None = st.session_state.pop(_KEPT, None)
    return race


def _live() -> None:
    live_instant(_on_command, COMPONENT, st.session_state.pop(_NOTICE, {"line": "", "at": 0}))
    if _KEPT in st.session_state:
        st.rerun()  # the frame opens the race: a fragment cannot leave its page


def _on_command() -> None:
    own = {"train": _train, "keep": _keep}

    def refused(line: str) -> None:
        st.session_state[_NOTICE] = {"line": line, "at": page_frame.sent_at(COMPONENT)}

    page_frame.obey(COMPONENT, refused, own)


def _train(command: Mapping[str, Any]) -> None:
    try:
        choice = command["choice"]
        chosen = commands.InstantChoice(
            int(choice["depth"]), str(choice["shortcut"]), float(choice["strength"]), float(choice["lr"]),
            int(choice["seed"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError):
        raise workspace.SkipscopeError("a command of this page has no whole choice; load the page anew") from None
    commands.start_instant(chosen)


def _keep(command: Mapping[str, Any]) -> None:
    race = page_frame.whole_number(command, "run")
    commands.keep_instant(race)
    picker.choose(race)
    st.session_state[_KEPT] = race
