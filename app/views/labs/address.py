"""A lab in the address: the job that is shown, and the settings of the next job. Unreadable texts count as absent."""

import streamlit as st

from app.data import labs
from app.views import page_frame


def job(name: str, started: str) -> labs.LabJobRow | None:
    """Return the job to show: the one under ``started`` in the session, else the address's, else the newest."""
    if started not in st.session_state:
        st.session_state[started] = page_frame.number_param(f"{name}-job")
    requested = labs.lab_job(st.session_state[started]) if st.session_state[started] else None
    shown = requested if requested and requested.lab == name else labs.latest_lab(name)
    page_frame.put_param(f"{name}-job", str(shown.id) if shown else None)
    return shown


def begin(name: str, option: labs.Option, key: str) -> None:
    """Give a setting its value before its widget is drawn: the session's, else the address's, else the usual one."""
    if key in st.session_state:
        return
    requested = labs.lab_setting(name, option.name, st.query_params.get(_parameter(name, option), ""))
    kept = st.session_state.get(f"{key}-kept", option.default)
    st.session_state[key] = kept if requested is None else requested


def keep(name: str, option: labs.Option, key: str) -> None:
    """Write a setting into the address, and where another page does not forget it; the usual value is not there."""
    value = st.session_state[f"{key}-kept"] = st.session_state[key]
    page_frame.put_param(_parameter(name, option), None if value == option.default else labs.setting_text(value))


def _parameter(name: str, option: labs.Option) -> str:
    return f"{name}-set-{option.name}"
