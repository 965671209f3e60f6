"""The choice of the shown race: one for all pages, kept in the session and in the address."""

import streamlit as st

from app.data import races
from app.live.shared.run import label
from app.views import page_frame
from app.views.markdown_escape import literal

#: The choice itself; another page drops the widget's own state.
_CHOSEN = "chosen_race"
#: The race of an address that does not exist, and the one that is shown instead.
_MISSING = "missing_race"
_PICKER_PX = 520
#: Letters of a race's name in an address that are repeated.
_MAX_NAME = 20


def titled_race(title: str, no_race: str) -> races.Race | None:
    """Draw the title and the picker beside it; without a race draw ``no_race`` and return None."""
    race_list = races.races()
    if not race_list:
        st.header(title, anchor=False)
        st.markdown(no_race)
        return None
    left, right = st.columns([5, 4], vertical_alignment="center")
    left.header(title, anchor=False)
    with right:
        return pick_race(race_list, title.partition(":")[0])


def pick_race(race_list: list[races.ListedRace], page: str = "") -> races.Race | None:
    """Draw the picker, of one race its name; return the race of the address, else of the last choice, else the newest.

    The race of the address may be older than the list. The title of the window names it behind ``page``. None: the
    race was deleted this moment.
    """
    by_id = {race.id: race for race in race_list}
    named, requested = st.query_params.get("race", "").strip(), page_frame.number_param("race")
    wanted = [st.session_state.get("race"), requested, st.session_state.get(_CHOSEN)]
    for number in wanted:
        if number and number not in by_id and (older := races.race(number)):
            by_id[number] = older
    chosen = next((number for number in wanted if number in by_id), race_list[0].id)
    if len(by_id) == 1:
        st.markdown(literal(by_id[chosen].title), width="content")
    else:
        st.session_state["race"] = chosen
        chosen = st.selectbox(
            "Race", list(by_id), key="race", format_func=lambda race: by_id[race].title,
            label_visibility="collapsed", width=_PICKER_PX,
        )  # fmt: skip
    if named and requested not in by_id:
        st.session_state[_MISSING] = (named, chosen)
    missing, instead = st.session_state.get(_MISSING, ("", 0))
    # The line stays until the visitor chooses: the address has another number from now on.
    if chosen == instead:
        st.caption(f"There is no race {literal(missing[:_MAX_NAME])}. Showing race {chosen}.")
    else:
        st.session_state.pop(_MISSING, None)
    st.session_state[_CHOSEN] = chosen
    page_frame.put_param("race", str(chosen))
    page_frame.set_title(" - ".join(filter(None, (page, by_id[chosen].short_title))))
    return races.race(chosen)


def last_chosen() -> int | None:
    """Return the race that the picker showed last, None before the first."""
    number: int | None = st.session_state.get(_CHOSEN)
    return number


def choose(race: int) -> None:
    """Show this race from the next rerun on."""
    st.session_state.pop("race", None)
    st.session_state[_CHOSEN] = race
    st.query_params["race"] = str(race)


def numbered(race: races.Race, run: races.RunRow) -> str:
    """Return the name of a run for a choice: ``A-56 (run 4)``, of a fork ``A-56, fork at 60 (run 20)``.

    A change while it trains is no part of it: a choice whose words change is undone.
    """
    fork = f", fork at {run.parent_step:,}" if run.parent_step is not None else ""
    return f"{label(race, run)}{fork} (run {run.id})"
