"""The dialog after a click on a curve: a fork from the nearest saved step, with one change.

The session keeps the click until the end of the dialog: a rerun draws the same dialog again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.data import interventions, races
from app.data.next_steps import obstacles
from app.views import page_frame, picker
from app.views.markdown_escape import literal
from app.views.race import fork_form

_ASKED, _SAID = "fork_at", "fork_at_said"


def ask(command: Mapping[str, Any], place: str) -> None:
    """Take the component's ``fork-at``: the script's next run opens the dialog on the clicked chart ``place``."""
    st.session_state[_ASKED] = (
        page_frame.whole_number(command, "run"), max(0, page_frame.whole_number(command, "step")), place,
    )  # fmt: skip


def asked_run(place: str) -> int | None:
    """Return the clicked run of this chart or None; forget a click on another chart."""
    if _ASKED in st.session_state and st.session_state[_ASKED][2] != place:
        _forget()
    run: int | None = st.session_state.get(_ASKED, (None,))[0]
    return run


def render(race: races.Race, place: str) -> None:
    """Open the dialog after a click on this chart; report the last fork."""
    # Here and not in the dialog: the run that closes the dialog shows nothing.
    if message := st.session_state.pop(_SAID, ""):
        st.toast(literal(message), icon=":material/check:", duration="long")
    if asked_run(place) is not None:
        st.dialog("Fork this run", icon=":material/alt_route:", on_dismiss=_forget)(_draw)(race)


def start_of(steps: Sequence[int], clicked: int, end: int) -> int:
    """Return the saved step for a fork: the nearest at or before the click, else the earliest after the click.

    A step with training left comes before the end.
    """
    open_ended = [step for step in steps if step < end] or list(steps)
    return max((step for step in open_ended if step <= clicked), default=min(open_ended))


def _draw(race: races.Race) -> None:
    if _ASKED not in st.session_state:  # after the fork, just before the dialog closes
        return
    number, clicked, _ = st.session_state[_ASKED]
    with page_frame.refusals(_refused):
        _offer_fork(race, number, clicked)


def _refused(line: str) -> None:
    st.warning(literal(line), icon=":material/block:")


def _offer_fork(race: races.Race, number: int, clicked: int) -> None:
    run = next((row for row in races.runs(race.id) if row.id == number), None)
    saved = interventions.saved_steps(race.id).get(number, [])
    if run is None:
        st.write(
            f"Run {number} belongs to another race: choose that race to fork it."
            if races.known_runs([number])
            else f"Run {number} is not in this race any more: it was deleted. There is nothing left to fork."
        )
        return
    name = picker.numbered(race, run)
    st.write(f"**{literal(name)}**, {run.state.value}, clicked at step {clicked:,}.")
    if why := obstacles.to_fork(run, saved):
        st.write(f"It cannot be forked: it {literal(why)}.")
        return
    if not saved:
        st.write(_not_saved(run))
        return
    step = start_of(saved, clicked, run.total_steps)
    st.write(_where(step, clicked, run.total_steps))
    st.caption(
        f"A fork is a new run of this race: it begins as this run was after step {step:,}, one thing is different from "
        "there on, and this run is not touched."
    )
    what, value = st.columns(2, vertical_alignment="bottom")
    first = "steps" if step >= run.total_steps else "lr"
    key, text = fork_form.choose(what, value, f"fork_at_{number}_{clicked}", (number, step), first)
    if not st.button(f"Fork at step {step:,}", type="primary", width="stretch", key="fork_at_make"):
        return
    child = fork_form.make(number, step, key, text)
    _forget()
    st.session_state[_SAID] = f"Run {child} is the fork of {name} at step {step:,}."
    st.rerun()  # closes the dialog; the page has to know the new run


def _where(step: int, clicked: int, end: int) -> str:
    if step >= end:
        return f"It is saved only at its end, step {step:,}: the fork needs more steps than that to go on."
    if step == clicked:
        return "It is saved at this very step."
    if step > clicked:
        return f"Nothing is saved at or before that step; the earliest saved step after it is **{step:,}**."
    if clicked >= end:
        return f"At its end nothing is left to train; the newest saved step before it is **{step:,}**."
    return f"The nearest saved step at or before it is **{step:,}**."


def _not_saved(run: races.RunRow) -> str:
    """Return the time of the next checkpoint in words."""
    if run.state == races.RunState.STOPPING:
        return "It has no checkpoint yet and is saved as it stops: click again then."
    upcoming = interventions.next_save(run)
    if upcoming is None:
        return f"No checkpoint of it is left, and as it is {run.state.value} none will come: it cannot be forked."
    return (
        f"It has no checkpoint yet. The next one comes after step {upcoming:,}, or after a minute of training if that "
        "is sooner; click again then."
    )


def _forget() -> None:
    st.session_state.pop(_ASKED, None)
