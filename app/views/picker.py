"""Which race is shown: one choice for all pages, kept in the session and in the address."""

import streamlit as st

from app import data
from app.live.chart import Run

#: The choice itself; the widget's own state goes when another page is shown.
_CHOSEN = "chosen_race"


def pick_race(races: list[data.Race]) -> data.Race:
    """Draw the picker and return the chosen race: the address's, else the last choice, else the newest."""
    by_id = {race.id: race for race in races}
    if st.session_state.get("race") not in by_id:
        asked = {str(race): race for race in by_id}
        last = st.session_state.get(_CHOSEN)
        otherwise = last if last in by_id else races[0].id
        st.session_state["race"] = asked.get(st.query_params.get("race", ""), otherwise)
    chosen = st.selectbox(
        "Race", list(by_id), key="race", format_func=lambda race: by_id[race].title, label_visibility="collapsed"
    )
    st.session_state[_CHOSEN] = chosen
    st.query_params["race"] = str(chosen)
    return by_id[chosen]


def choose(race: int) -> None:
    """Show this race from the next rerun on."""
    st.session_state.pop("race", None)
    st.session_state[_CHOSEN] = race
    st.query_params["race"] = str(race)


def runs_of(race: data.Race) -> list[Run]:
    """Return what a component must know of the race's runs, in starting order; several seeds stand in the names."""
    return [
        Run(
            run=run.id,
            label=f"{run.arm} s{run.seed}" if race.seeds > 1 else run.arm,
            shortcut=run.shortcut,
            depth=run.depth,
        )
        for run in data.runs(race.id)
    ]
