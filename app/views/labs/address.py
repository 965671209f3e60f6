"""The part of a lab that the script keeps in the address: which job is shown, and the settings of the next one.

An address may carry anything: what is no job or no setting is as if it were not there.
"""

import streamlit as st

from app.data import labs

#: More digits than any job has.
_LONGEST = 12


def job(name: str, started: str) -> labs.LabJobRow | None:
    """Return the job to show: the one under ``started`` in the session, else the address's, else the newest."""
    if started not in st.session_state:
        st.session_state[started] = _number(st.query_params.get(f"{name}-job", ""))
    asked = st.session_state[started]
    found = labs.lab_job(asked) if asked else None
    shown = found if found is not None and found.lab == name else labs.latest_lab(name)
    _put(f"{name}-job", str(shown.id) if shown else None)
    return shown


def begin(name: str, option: labs.Option, key: str) -> None:
    """Give a setting its value before its widget is drawn: the session's, else the address's, else the usual one."""
    if key in st.session_state:
        return
    kept = st.session_state.get(_kept(key), option.default)
    asked = labs.lab_setting(name, option.name, st.query_params.get(_parameter(name, option), ""))
    st.session_state[key] = kept if asked is None else asked


def keep(name: str, option: labs.Option, key: str) -> None:
    """Write a setting into the address, and where another page does not forget it; the usual value is not there."""
    value = st.session_state[key]
    st.session_state[_kept(key)] = value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    _put(_parameter(name, option), None if value == option.default else text)


def _parameter(name: str, option: labs.Option) -> str:
    return f"{name}-set-{option.name}"


def _kept(key: str) -> str:
    return f"{key}-kept"


def _put(key: str, text: str | None) -> None:
    if text is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != text:
        st.query_params[key] = text


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
