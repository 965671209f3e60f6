"""The set-up in the session: arms, runs, the planned race, and the problems of its fields."""

import streamlit as st

from app.data import commands, options, selection, streaming, workspace
from app.views.setup import advanced, zoo


def depths() -> list[int]:
    """Return the chosen depths, typed ones too."""
    return sorted({*(st.session_state["depths"] or []), *advanced.other_depths()})


def shortcuts() -> list[str]:
    """Return the chosen variants: the paper's in the paper's order, then the others in the order of choice."""
    paper = [text for text in zoo.PAPER if text in (st.session_state["shortcuts"] or [])]
    return list(dict.fromkeys([*paper, *zoo.chosen()]))


def runs() -> int:
    """Return the number of runs of the race, trials left out."""
    return len(depths()) * len(shortcuts()) * int(st.session_state["seeds"])


def request() -> commands.RaceRequest:
    """Return the race of the fields."""
    state = st.session_state
    return commands.RaceRequest(
        depths(),
        shortcuts(),
        preset=state["preset"],
        data=state["data"],
        steps=int(state["steps"]),
        seeds=int(state["seeds"]),
        first_seed=int(state["first_seed"]),
        settings=advanced.settings(),
        pace=advanced.pace(),
    )


def problems() -> dict[str, str]:
    """Return the problems that keep the race from starting, one line each, by the name of the field."""
    found = {
        "depths": "" if depths() else "Choose at least one depth.",
        "shortcuts": "" if shortcuts() else "Choose at least one shortcut; plain counts as one.",
        "other_depths": advanced.depth_problem(),
        "variants": zoo.problem(),
        "seeds": _too_many(),
        "validation": advanced.held_out_problem(),
    }
    return {field: problem for field, problem in found.items() if problem}


def plan() -> tuple[commands.RaceConfig | None, str]:
    """Return (race, ''), or (None, the problem in one line).

    A race on images of a path that is still looked through is (None, ''): it is planned when it starts.
    """
    if problem := next(iter(problems().values()), ""):
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
        return options.look(st.session_state["data"], int(st.session_state.get("resize") or 0))
    except workspace.SkipscopeError as error:  # it is no longer offered
        return options.Look(problem=str(error))


def doubt_about_steps() -> str:
    """Return a warning about too few steps, '' for enough steps."""
    if int(st.session_state["steps"]) >= streaming.RUNNING_WINDOW:
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
