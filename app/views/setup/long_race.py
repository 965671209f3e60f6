"""The start of a race: one of over an hour asks first, in a dialog that the session keeps until its answer."""

import streamlit as st

from app.data import commands, run_times, workspace
from app.views import picker
from app.views.setup import preset_row

#: A race that takes longer asks before it starts.
ASKS_FROM_S = 3600
WAITING = "long_race"


def time_of_long(config: commands.RaceConfig) -> run_times.RunTime | None:
    """Return the duration of a race that takes longer than an hour, None for others and for unknown ones."""
    time = run_times.race_time(config)
    return time if time and time.seconds > ASKS_FROM_S else None


def start(config: commands.RaceConfig) -> None:
    """Start a race and show it; a long one waits for its answer. Raises SkipscopeError."""
    if time := time_of_long(config):
        st.session_state[WAITING] = (picker.last_chosen(), config, time)
    else:
        picker.choose(commands.start_race(config))


def ask() -> None:
    """Open the dialog of a race that waits, as long as the race is shown beside which it was asked for."""
    if WAITING not in st.session_state:
        return
    if st.session_state[WAITING][0] == picker.last_chosen():
        st.dialog("Start a long race?", on_dismiss=_forget)(_confirm)()
    else:
        _forget()


def _confirm() -> None:
    if WAITING not in st.session_state:
        return
    beside, config, time = st.session_state[WAITING]
    steps = config.run.optim.steps
    size = f"{len(config.runs())} run{'s' * (len(config.runs()) != 1)} of {steps:,} step{'s' * (steps != 1)}"
    st.markdown(f"This race takes {preset_row.takes(time)}: {size}. You can stop it at any time.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="long_cancel")
        started = st.button("Start", type="primary", key="long_start")
    if started:
        try:
            picker.choose(commands.start_race(config))
        except workspace.SkipscopeError as error:
            st.session_state["notice" if beside else "setup_problem"] = str(error)
    if started or cancelled:
        _forget()
        st.rerun()


def _forget() -> None:
    st.session_state.pop(WAITING, None)
