"""A lab in the address: the shown job, and the settings of the next job. Invalid texts count as absent."""

import streamlit as st

from app.data import labs
from app.views import page_frame


def job(name: str, started: str) -> labs.LabJobRow | None:
    """Return the job to show: the session's under ``started``, else the address's, else the newest."""
    if started not in st.session_state:
        st.session_state[started] = page_frame.number_param(f"{name}-job")
    requested = labs.lab_job(st.session_state[started]) if st.session_state[started] else None
    shown = requested if requested and requested.lab == name else labs.latest_lab(name)
    page_frame.put_param(f"{name}-job", str(shown.id) if shown else None)
    return shown


def begin(name: str, option: labs.Option, key: str) -> None:
    """Set a setting before its widget is drawn: to the session's value, else the address's, else the usual one."""
    if key in st.session_state:
        return
    requested = labs.lab_setting(name, option.name, st.query_params.get(_parameter(name, option), ""))
    kept = st.session_state.get(f"{key}-kept", option.default)
    st.session_state[key] = kept if requested is None else requested


def keep(name: str, option: labs.Option, key: str) -> None:
    """Write a setting into the address and into the session, where it survives other pages."""
    value = st.session_state[f"{key}-kept"] = st.session_state[key]
    page_frame.put_param(_parameter(name, option), None if value == option.default else labs.setting_text(value))


def _parameter(name: str, option: labs.Option) -> str:
    return f"{name}-set-{option.name}"
