"""The page "Gradients": the chosen race's gradients live, and the lab about the effect of batch norm on them."""

import streamlit as st

from app.data import labs
from app.live.layers.component import live_probes
from app.views import page_frame, picker
from app.views.labs import lab

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
        st.caption(f"A race as it trains. Below it a lab: [{labs.LABS[_LAB].question}](#{lab.anchor(_LAB)})")
        live_probes(picker.runs_of(race), "gradients", key="gradients", race=race.id)
    st.divider()
    lab.render(_LAB)
    st.page_link(
        st.Page(lambda: None, title="Shattering", url_path="lab-shattering"),
        label=f"The direction in pictures, input by input: {labs.LABS['shattering'].question}",
        icon=":material/grain:",
    )
