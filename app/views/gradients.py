"""The page "Gradients": the chosen race's gradients live, and the lab about the effect of batch norm on them."""

import streamlit as st

from app.data import labs
from app.live.layers.component import live_probes
from app.live.shared.run import runs_of
from app.views import page_frame, picker
from app.views.labs import lab
from app.views.labs.selectors import SELECTORS
from app.views.markdown_escape import literal

_LAB = "gradients"
_TITLE = "Gradients: do they reach the first layer?"


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    if not page_frame.usable(_TITLE):
        return
    race = picker.titled_race(
        _TITLE,
        "There is no race yet. Once one trains, the gradient at each of its layers is drawn here while it learns; "
        "the lab below needs none.",
    )
    if race:
        st.caption(f"Below the race is a lab on nets before training. [{_lab_headline()}](#{lab.anchor(_LAB)})")
        live_probes(runs_of(race), "gradients", key="gradients", race=race)
    st.divider()
    lab.render(_LAB)
    st.page_link(
        st.Page(lambda: None, title="Shattering", url_path="lab-shattering"),
        label=f"The direction in pictures, input by input. {labs.LABS['shattering'].question}",
        icon=":material/grain:",
    )


def _lab_headline() -> str:
    """Return what the lab found with batch norm at gain 1, in few words, else its question."""
    found = labs.lab_sentence(_LAB, SELECTORS[_LAB].kind, 1.0)
    return literal(found.partition(":")[0] or labs.LABS[_LAB].question)
