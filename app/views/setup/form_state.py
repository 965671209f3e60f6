"""The set-up in the session: its beginning, arms, runs, the planned race, and the problems of its fields."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.data import commands, options, selection, streaming, workspace
from app.views.setup import advanced, setup_fields, setup_link, zoo

#: The preset of a first visit.
USUAL_PRESET = "quick"
#: Values for the next run of the script: the value of a drawn widget cannot change.
NEXT = "setup_next"
_FILLED = "set_up_filled"


def prepare() -> None:
    """Fill the fields: at first from the address, later with what was put there since. Call before they are drawn."""
    state = st.session_state
    if "preset" not in state:
        state["preset"] = setup_link.preset() or USUAL_PRESET
        state.update(setup_fields.usual(state["preset"]) | setup_link.read())
    state.update(state.pop(NEXT, {}))
    if state["data"] not in options.sources():  # a folder that has gone
        state["data"] = options.preset_source(state["preset"])


def put(values: Mapping[str, Any]) -> None:
    """Put values into fields, from the next drawing of the set-up on."""
    st.session_state[NEXT] = {**st.session_state.get(NEXT, {}), **values}


def reset() -> None:
    """Fill the fields with the values of the chosen preset."""
    st.session_state.update(setup_fields.usual(st.session_state["preset"]))


def depths() -> list[int]:
    """Return the chosen depths, typed ones too."""
    return sorted({*(st.session_state["depths"] or []), *advanced.other_depths()})


def shortcuts() -> list[str]:
    """Return the chosen variants: the paper's in the paper's order, then the others in the order of choice."""
    paper = [text for text in setup_fields.PAPER if text in (st.session_state["shortcuts"] or [])]
    return list(dict.fromkeys([*paper, *zoo.chosen()]))


def toggle(text: str) -> None:
    """Take a variant into the set-up, or out of it. ``text`` is canonical."""
    key = "shortcuts" if text in setup_fields.PAPER else "variants"
    chosen = shortcuts()
    of_field = [each for each in chosen if (each in setup_fields.PAPER) == (text in setup_fields.PAPER)]
    st.session_state[key] = [each for each in of_field if each != text] + [text] * (text not in chosen)


def runs() -> int:
    """Return the number of runs of the race, trials left out; 0 with a wrong number of seeds."""
    return len(depths()) * len(shortcuts()) * (setup_fields.number("seeds") or 0)


def request() -> commands.RaceRequest:
    """Return the race of the fields, which are without a problem."""
    return commands.RaceRequest(
        depths(),
        shortcuts(),
        preset=st.session_state["preset"],
        data=st.session_state["data"],
        steps=setup_fields.number("steps"),
        seeds=setup_fields.number("seeds"),
        first_seed=setup_fields.number("first_seed"),
        settings=advanced.settings(),
        pace=advanced.pace(),
    )


def note_filled() -> None:
    """Note that another page or button changed the fields, so that the Race page shows them."""
    st.session_state[_FILLED] = times_filled() + 1


def times_filled() -> int:
    """Return how often that happened in this session."""
    number: int = st.session_state.get(_FILLED, 0)
    return number


def problems() -> dict[str, str]:
    """Return the problems that keep the race from starting, one line each, by the name of the field."""
    found = {
        "depths": "" if depths() else "Choose at least one depth.",
        "shortcuts": "" if shortcuts() else "Choose at least one shortcut; plain counts as one.",
        "other_depths": advanced.depth_problem(),
        "variants": zoo.problem(),
        "runs": _too_many(),
        "held out": advanced.held_out_problem(),
        "shares": advanced.replicas_problem(),
        **{key: setup_fields.problem(key) for key in setup_fields.NUMBERS if key not in advanced.without_effect()},
    }
    return {field: problem for field, problem in found.items() if problem}


def plan() -> tuple[commands.RaceConfig | None, str]:
    """Return (race, ''), or (None, the problem in one line).

    A race on images of a path that is still looked through is (None, ''): it is planned when it starts.
    """
    if problem := workspace.view_only() or next(iter(problems().values()), ""):
        return None, problem
    if advanced.is_path() and not (found := look()).lines:
        return None, found.problem
    try:
        return commands.planned(request()), ""
    except workspace.SkipscopeError as error:
        return None, str(error)


def look() -> options.Look:
    """Return what was found so far below the chosen path."""
    try:
        return options.look(st.session_state["data"], setup_fields.number("resize") or 0)
    except workspace.SkipscopeError as error:  # it is no longer offered
        return options.Look(problem=str(error))


def doubt_about_steps() -> str:
    """Return a warning about too few steps, '' for enough steps and for a wrong number."""
    if (setup_fields.number("steps") or streaming.RUNNING_WINDOW) >= streaming.RUNNING_WINDOW:
        return ""
    return f"Too short to compare: the running training error is a mean over {streaming.RUNNING_WINDOW} steps."


def download() -> str:
    """Return a line about the download of an absent data set, '' for a present one."""
    name = st.session_state["data"]
    if options.data_present(name):
        return ""
    size = getattr(options.sources()[name], "megabytes", 0)
    return f"Not in this workspace yet: it is downloaded when the race starts{f' ({size} MB)' if size else ''}."


def _too_many() -> str:
    if (count := runs()) <= selection.MAX_RUNS:
        return ""
    return f"{count} runs are more than the {selection.MAX_RUNS} of one race; choose fewer seeds or arms"
