"""A lab on a page: question, short answer, settings and the button, the live view, caveats, how to repeat it."""

from typing import Any

import streamlit as st

from app import access, data
from app.live.lab_chart import Picks, live_lab
from app.views import lab_address
from app.views.remarks import literal


def render(name: str, picks: Picks | None = None) -> None:
    """Draw one lab, with the job that was started here, else that of the address, else the newest."""
    lab = data.labs()[name]
    st.subheader(lab.question, anchor=anchor(name))
    st.markdown(lab.answer)
    job = lab_address.job(name, _key(name, "job"))
    _newer(name, job)
    settings = _controls(lab, first_visit=job is None) if access.may_command() else _usual(lab, job is None)
    if notice := st.session_state.pop(_key(name, "notice"), None):
        st.warning(literal(notice), icon=":material/warning:")
    live_lab(name, job.id if job else None, lambda: _on_command(name), picks, key=_key(name, "view"))
    with st.expander("Caveats, and what would refute it", icon=":material/help:"):
        st.markdown(f"{lab.caveats}\n\nSource: {lab.source}.")
    with st.expander("The same from a shell", icon=":material/terminal:"):
        st.code(data.lab_command(name, job.config.settings if job else settings), language="bash", wrap_lines=True)


def anchor(name: str) -> str:
    """Return the place on the page where a lab begins, for links."""
    return f"lab-{name}"


def _key(name: str, what: str) -> str:
    return f"lab-{name}-{what}"


def _newer(name: str, job: data.RunRow | None) -> None:
    """Offer the newest job where an older one is shown."""
    newest = data.latest_lab(name)
    if job is None or newest is None or newest.id == job.id:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"An earlier measurement, job {job.id}. The newest is job {newest.id}.")
        if st.button("Show the newest", key=_key(name, "newest")):
            st.session_state[_key(name, "job")] = newest.id
            st.rerun()


def _controls(lab: data.Lab, first_visit: bool) -> dict[str, Any]:
    if first_visit:
        st.caption(f"Nothing was measured here yet. The lab takes {lab.takes} and draws while it measures.")
    button, more = st.columns([1, 4], vertical_alignment="top")
    with more, st.expander("Settings", icon=":material/tune:"):
        columns = st.columns(min(4, len(lab.options)))
        for place, option in enumerate(lab.options):
            with columns[place % len(columns)]:
                _widget(lab.name, option)
        st.caption(f"The lab takes {lab.takes} with its usual settings.")
    for option in lab.options:
        lab_address.keep(lab.name, option, _key(lab.name, option.name))
    settings = {option.name: st.session_state[_key(lab.name, option.name)] for option in lab.options}
    # No callback: after a restart of the server the first press reaches a session that has not registered any.
    pressed = button.button(
        "Run the lab",
        type="primary",
        icon=":material/play_arrow:",
        key=_key(lab.name, "start"),
        help=f"Takes {lab.takes}.",
        width="stretch",
    )
    if pressed:
        _start(lab.name, settings)
        st.rerun()
    return settings


def _usual(lab: data.Lab, is_new: bool) -> dict[str, Any]:
    """The usual settings, for those who look on and start nothing."""
    if is_new:
        st.caption(
            "Nothing was measured here yet. Once the presenter has started the lab, load this page again to see it."
        )
    return {option.name: option.default for option in lab.options}


def _widget(name: str, option: data.Option) -> None:
    key = _key(name, option.name)
    lab_address.begin(name, option, key)
    if isinstance(option.default, bool):
        st.toggle(option.label, key=key, help=option.help)
    elif option.choices:
        st.selectbox(option.label, option.choices, key=key, help=option.help)
    elif isinstance(option.default, str):
        st.text_input(option.label, key=key, help=option.help)
    else:
        kind = type(option.default)
        low, high, step = (None if bound is None else kind(bound) for bound in (option.low, option.high, option.step))
        st.number_input(option.label, min_value=low, max_value=high, step=step, key=key, help=option.help)


def _start(name: str, settings: dict[str, Any]) -> None:
    try:
        st.session_state[_key(name, "job")] = data.start_lab(name, settings)
    except data.SkipscopeError as error:
        st.session_state[_key(name, "notice")] = str(error)


def _on_command(name: str) -> None:
    asked = st.session_state[_key(name, "view")].command
    if not asked:
        return
    verb, run = asked["verb"], int(asked["run"])
    try:
        if verb == "engine":
            data.start_engine()
        elif verb == "measure":
            job = data.lab_job(run)
            _start(name, {**(job.config.settings if job else {}), asked["setting"]: asked["value"]})
        else:
            data.command(verb, run)
    except data.SkipscopeError as error:
        st.session_state[_key(name, "notice")] = str(error)
