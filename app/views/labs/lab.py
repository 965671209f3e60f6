"""A lab on a page: question, controls, the live view with its measured answer, context and caveats, the command."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from app import terms
from app.data import labs
from app.live.labs.component import LabView, live_lab
from app.views import page_frame
from app.views.labs import address
from app.views.labs.controls import controls, key_of, usual
from app.views.labs.selectors import SELECTORS
from app.views.markdown_escape import literal
from app.web import presenter_link

#: Pixels of a line of text: longer lines are hard to read.
_LINE = 820


def render(name: str, panels: tuple[str, ...] | None = None, compact: bool = False) -> None:
    """Draw one lab with the job of ``address.job``.

    Args:
        panels: The panels to draw, None for all.
        compact: Whether to leave out question, context, caveats and the command.
    """
    with st.container(key=f"lab_{'part' if compact else 'page'}_{name}"):
        _draw(name, panels, compact)


def _draw(name: str, panels: tuple[str, ...] | None, compact: bool) -> None:
    lab = labs.LABS[name]
    if not compact:
        st.subheader(lab.question, anchor=anchor(name))
    job = address.job(name, key_of(name, "job"))
    if job and (differences := labs.job_differences(job)):
        st.warning(f"The measurement below is of no ordinary net of its arm: {literal('; '.join(differences))}.")
    _missing(name, job)
    _newer(name, job)
    above = st.container() if compact else None  # a question's page shows the picture first
    if presenter_link.may_command():
        settings, pressed = controls(lab, job.config.settings if job else None)
        if pressed:
            _start(name, settings)
            st.rerun()
    else:
        settings = usual(lab, job is None)
    if notice := st.session_state.pop(key_of(name, "notice"), None):
        page_frame.show_warning(notice)
    with above or st.container():
        view = LabView(SELECTORS.get(name), panels)
        live_lab(name, job.id if job else None, lambda: _on_command(name), view, key=key_of(name, "view"))
    if not compact:
        seen: set[str] = set()
        st.markdown(terms.explained(lab.context, seen), width=_LINE, unsafe_allow_html=True)
        with st.expander("Caveats, and what would refute it", icon=":material/help:"):
            for words in (lab.caveats, f"**What would refute it.** {lab.refutation}"):
                st.markdown(terms.explained(words, seen), width=_LINE, unsafe_allow_html=True)
            st.caption("Sources:\n\n" + "\n".join(f"- {source}" for source in lab.source.split("; ")))
        with st.expander("The same from a shell", icon=":material/terminal:"):
            st.code(labs.lab_command(name, job.config.settings if job else settings), language="bash", wrap_lines=True)


def anchor(name: str) -> str:
    """Return the anchor of a lab on its page."""
    return f"lab-{name}"


def _missing(name: str, job: labs.LabJobRow | None) -> None:
    """Say that the job of the address is none of this lab."""
    requested = st.session_state.get(key_of(name, "job"))
    if requested and (job is None or job.id != requested):
        instead = f"Showing job {job.id}." if job else "Nothing was measured here yet."
        st.caption(f"This lab has no job {literal(str(requested))}. {instead}")


def _newer(name: str, job: labs.LabJobRow | None) -> None:
    """Offer the newest job where an older one is shown."""
    newest = labs.latest_lab(name)
    if job is None or newest is None or newest.id == job.id:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"An earlier measurement, job {job.id}. The newest is job {newest.id}.")
        if st.button("Show the newest", key=key_of(name, "newest")):
            st.session_state[key_of(name, "job")] = newest.id
            st.rerun()


def _start(name: str, settings: dict[str, Any]) -> None:
    with page_frame.refusals(partial(_note, name)):
        st.session_state[key_of(name, "job")] = labs.start_lab(name, settings)


def _on_command(name: str) -> None:
    def measure(command: Mapping[str, Any]) -> None:
        job = labs.lab_job(page_frame.whole_number(command, "run"))
        _start(name, {**(job.config.settings if job else {}), str(command.get("setting")): command.get("value")})

    page_frame.obey(key_of(name, "view"), partial(_note, name), {"measure": measure})


def _note(name: str, line: str) -> None:
    st.session_state[key_of(name, "notice")] = line
