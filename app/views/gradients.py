"""The page "Gradients": the chosen race's gradients live, and the lab that shows what batch norm does to them."""

import streamlit as st

from app.data import labs, races, workspace
from app.live.layers.component import live_probes
from app.views import picker
from app.views.labs import lab
from app.web import presenter_link

_LAB = "gradients"
_TITLE = "Gradients: do they reach the first layer?"


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    health = workspace.health()
    if not health.usable:
        st.header(_TITLE, anchor=False)
        way_out = " The Race page says what can be done." if presenter_link.may_command() else ""
        st.error(f"{health.message}{way_out}", icon=":material/error:")
        return
    _race(races.races())
    st.divider()
    lab.render(_LAB)
    st.page_link(
        st.Page(lambda: None, title="Shattering", url_path="lab-shattering"),
        label=f"The direction in pictures, input by input: {labs.lab_specs()['shattering'].question}",
        icon=":material/grain:",
    )


def _race(race_list: list[races.Race]) -> None:
    if not race_list:
        st.header(_TITLE, anchor=False)
        st.markdown(
            "There is no race yet. Once one trains, the gradient at each of its layers is drawn here while it learns; "
            "the lab below needs none."
        )
        return
    title, choice = st.columns([5, 4], vertical_alignment="center")
    title.header(_TITLE, anchor=False)
    with choice:
        race = picker.pick_race(race_list)
    st.caption(f"A race as it trains. Below it a lab: [{labs.lab_specs()[_LAB].question}](#{lab.anchor(_LAB)})")
    runs = picker.runs_of(race)
    live_probes(runs, "gradients", key="gradients", race=race.id)
