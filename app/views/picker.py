"""Which race is shown: one choice for all pages, kept in the session and in the address."""

import streamlit as st

from app import data, theme
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
    if st.query_params.get("race") != str(chosen):
        st.query_params["race"] = str(chosen)
    return by_id[chosen]


def choose(race: int) -> None:
    """Show this race from the next rerun on."""
    st.session_state.pop("race", None)
    st.session_state[_CHOSEN] = race
    st.query_params["race"] = str(race)


def runs_of(race: data.Race) -> list[Run]:
    """Return what a component must know of the race's runs, in starting order; several seeds stand in the names."""
    rows = data.runs(race.id)
    looks = theme.looks([*race.shortcuts, *map(_look_name, rows)])
    return [
        Run(
            run=run.id,
            label=label(race, run),
            plain=data.is_plain(run.shortcut),
            look=looks[_look_name(run)],
            depth=run.depth,
        )
        for run in rows
    ]


def label(race: data.Race, run: data.RunRow) -> str:
    """Return the name of a run among those of its race: the arm, with several seeds the seed, of a fork its number."""
    words = [data.arm_label(run.depth, run.shortcut)]
    words += [f"s{run.seed}"] if race.seeds > 1 else []
    words += [f"fork {run.id}"] if run.parent_run is not None else []
    return " ".join(words)


def _look_name(run: data.RunRow) -> str:
    """A fork looks like a variant of its own: its line begins on its parent's."""
    return run.shortcut if run.parent_run is None else f"{run.shortcut} {run.id}"
