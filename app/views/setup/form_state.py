"""The set-up as it stands in the session: arms, runs, the race that it plans, and what is wrong with it by field."""

from typing import Any

import streamlit as st

from app import data
from app.views.setup import advanced, zoo


def depths() -> list[int]:
    """Return the chosen depths, those that were typed too."""
    return sorted({*(st.session_state["depths"] or []), *advanced.other_depths()})


def shortcuts() -> list[str]:
    """Return the chosen variants: the paper's in its order, then the others in the order of their choice."""
    paper = [text for text in zoo.PAPER if text in (st.session_state["shortcuts"] or [])]
    return list(dict.fromkeys([*paper, *zoo.chosen()]))


def runs() -> int:
    """Return how many runs the race has, trials left out."""
    return len(depths()) * len(shortcuts()) * int(st.session_state["seeds"])


def arguments() -> dict[str, Any]:
    """Return the set-up as ``data.planned`` takes it, depths and shortcuts left out."""
    state = st.session_state
    return {
        "preset": state["preset"],
        "source": state["data"],
        "steps": int(state["steps"]),
        "seeds": int(state["seeds"]),
        "first_seed": int(state["first_seed"]),
        "settings": advanced.settings(),
        "pace": advanced.pace(),
    }


def problems() -> dict[str, str]:
    """Return what keeps the race from starting in one line each, by the name of the field that it belongs to."""
    found = {
        "depths": "" if depths() else "Choose at least one depth.",
        "shortcuts": "" if shortcuts() else "Choose at least one shortcut; plain counts as one.",
        "other_depths": advanced.depth_problem(),
        "variants": zoo.problem(),
        "seeds": _too_many(),
        "validation": advanced.held_out_problem(),
    }
    return {field: problem for field, problem in found.items() if problem}


def plan() -> tuple[data.RaceConfig | None, str]:
    """Return (race, '') or (None, why it cannot start in one line).

    Images named by a path are looked through only when the race starts, so for them there is no race yet.
    """
    if problem := next(iter(problems().values()), ""):
        return None, problem
    if advanced.is_path():
        return None, ""
    try:
        return data.planned(depths(), shortcuts(), **arguments()), ""
    except data.SkipscopeError as error:
        return None, str(error)


def doubt_about_steps() -> str:
    """Return what speaks against so few steps, '' when nothing does."""
    if int(st.session_state["steps"]) >= data.RUNNING_WINDOW:
        return ""
    return f"Too short to compare: the running training error is a mean over {data.RUNNING_WINDOW} steps."


def download() -> str:
    """Return that the data set is not here yet and what it weighs, '' when it is."""
    name = st.session_state["data"]
    if data.data_present(name):
        return ""
    size = getattr(data.sources()[name], "megabytes", 0)
    return f"Not in this workspace yet: it is downloaded when the race starts{f' ({size} MB)' if size else ''}."


def _too_many() -> str:
    if (count := runs()) <= data.MAX_RUNS:
        return ""
    return f"{count} runs are more than the {data.MAX_RUNS} of one race; choose fewer seeds or arms"
