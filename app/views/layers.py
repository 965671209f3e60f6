"""The page "Layers": what each layer of the nets of a race does, live and over time."""

import streamlit as st

from app.data import races, workspace
from app.live.layers.component import live_probes
from app.views import picker
from app.web import presenter_link

TITLE = "Layers: what each of them says"


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    health = workspace.health()
    if not health.usable:
        st.header(TITLE, anchor=False)
        way_out = " The Race page says what can be done." if presenter_link.may_command() else ""
        st.error(f"{health.message}{way_out}", icon=":material/error:")
        return
    race_list = races.races()
    if not race_list:
        st.header(TITLE, anchor=False)
        st.markdown(
            "There is no race yet. Once one trains, the responses of every layer of its nets are drawn here while it "
            f"learns. {'The Race page' if presenter_link.may_command() else 'The presenter'} starts one."
        )
        return
    title, choice = st.columns([5, 4], vertical_alignment="center")
    title.header(TITLE, anchor=False)
    with choice:
        race = picker.pick_race(race_list)
    runs = picker.runs_of(race)
    live_probes(runs, "layers", key="layers", race=race.id)
