"""The side bar's set-up of a race: preset, arms, data, length, seeds, and the button that starts it."""

from collections.abc import Callable

import streamlit as st

from app import data
from app.views import advanced, picker, zoo

_DEPTHS = list(data.DEPTHS)
#: As in the engine, which refuses more; the page says so before the button is pressed.
MOST_RUNS = 64


def render(first_visit: bool = False) -> None:
    """Draw the set-up. Values live in the session; choosing a preset fills them in.

    On a first visit the page itself has the one obvious button, so this one steps back.
    """
    presets = data.presets()
    if "preset" not in st.session_state:
        st.session_state["preset"] = "quick"
        _fill()
    st.header("Skipscope", anchor=False)
    st.segmented_control(
        "Preset",
        list(presets),
        format_func=lambda name: presets[name].label,
        required=True,
        key="preset",
        persist_state="session",
        on_change=_fill,
        width="stretch",
    )
    preset = presets[st.session_state["preset"]]
    st.caption(f"{preset.shows} As it stands it takes {preset.takes}.", help=preset.source)
    st.pills(
        "Depths",
        _DEPTHS,
        selection_mode="multi",
        key="depths",
        persist_state="session",
        wrap=True,
        help="Weighted layers, 6n+2: a first layer, 2n in each of three stages, a last one.",
    )
    shortcuts = data.shortcuts()
    st.pills(
        "Shortcuts",
        zoo.PAPER,
        format_func=lambda name: "plain" if name == "none" else name,
        selection_mode="multi",
        key="shortcuts",
        persist_state="session",
        wrap=True,
        help="\n\n".join(
            f"**{row.label}**: {row.help} `{row.formula}`" for row in map(shortcuts.__getitem__, zoo.PAPER)
        ),
    )
    st.caption("A, B, C are the paper's three ways to add a block's input to its output; plain adds nothing.")
    zoo.render()
    sources = data.sources()
    if st.session_state["data"] not in sources:  # a folder that is no longer there
        st.session_state["data"] = data.preset_source(preset.name)
    st.selectbox(
        "Data",
        list(sources),
        format_func=lambda name: sources[name].label,
        key="data",
        persist_state="session",
        help="\n\n".join(f"**{row.label}**: {row.help} Licence: {row.licence}." for row in sources.values())
        + "\n\nFolders of images below `SKIPSCOPE_DATA` are offered as well; any other is named on the command line.",
    )
    if not data.data_present(st.session_state["data"]):
        st.caption("Not in this workspace yet: it is downloaded when the race starts.")
    left, right = st.columns(2)
    left.number_input(
        "Steps",
        min_value=1,
        max_value=10_000_000,
        key="steps",
        persist_state="session",
        help="Optimizer updates of every run.",
    )
    right.number_input(
        "Seeds",
        min_value=1,
        max_value=100,
        key="seeds",
        persist_state="session",
        help="Every arm is trained once per seed.",
    )
    advanced.render(len(_depths()) * len(_shortcuts()))
    problem = advanced.depth_problem() or zoo.problem()
    arms = len(_depths()) * len(_shortcuts())
    runs = arms * int(st.session_state["seeds"])
    if too_many := _too_many():
        problem = too_many
        st.caption(f":red[{problem}]")
    # No callback: after a restart of the server the first press reaches a session that has not registered any.
    pressed = st.button(
        f"Start race of {runs} run{'s' if runs != 1 else ''}" if runs else "Choose depths and shortcuts",
        type="secondary" if first_visit else "primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not runs or bool(problem),
        key="start",
    )
    if pressed:
        _hand_over(_begin)
    if complaint := st.session_state.pop("setup_problem", None):
        st.error(complaint, icon=":material/error:")


def start_quick() -> None:
    """Start the quick race as it is; the first visit's one button."""
    _hand_over(lambda: data.start_race((), (), "quick"))


def _fill() -> None:
    preset = data.presets()[st.session_state["preset"]]
    st.session_state.update(
        depths=[depth for depth in preset.depths if depth in _DEPTHS],
        other_depths=", ".join(str(depth) for depth in preset.depths if depth not in _DEPTHS),
        shortcuts=[text for text in preset.shortcuts if text in zoo.PAPER],
        variants=[text for text in preset.shortcuts if text not in zoo.PAPER],
        data=data.preset_source(preset.name),
        steps=preset.run.optim.steps,
        seeds=1,
        **advanced.defaults(preset),
    )


def _depths() -> list[int]:
    return sorted({*(st.session_state["depths"] or []), *advanced.other_depths()})


def _shortcuts() -> list[str]:
    """Return the chosen variants: the paper's in its order, then the others in the order of their choice."""
    paper = [text for text in zoo.PAPER if text in (st.session_state["shortcuts"] or [])]
    return list(dict.fromkeys([*paper, *zoo.chosen()]))


def start() -> None:
    """Start the race that is set up, as the button does, and show it from the next rerun on.

    Raises SkipscopeError, also where the button could not be pressed.
    """
    if "preset" not in st.session_state:
        raise data.SkipscopeError("the set-up is not there yet; try again in a moment")
    if not (_depths() and _shortcuts()):
        raise data.SkipscopeError("nothing is set up: choose depths and shortcuts in the side bar")
    if problem := advanced.depth_problem() or zoo.problem() or _too_many():
        raise data.SkipscopeError(problem)
    picker.choose(_begin())


def _begin() -> int:
    state = st.session_state
    return data.start_race(
        _depths(),
        _shortcuts(),
        preset=state["preset"],
        source=state["data"],
        steps=int(state["steps"]),
        seeds=int(state["seeds"]),
        first_seed=int(state["first_seed"]),
        settings=advanced.settings(),
        pace=advanced.pace(),
    )


def _too_many() -> str:
    runs = len(_depths()) * len(_shortcuts()) * int(st.session_state["seeds"])
    return (
        f"{runs} runs are more than the {MOST_RUNS} of one race; choose fewer seeds or arms" if runs > MOST_RUNS else ""
    )


def _hand_over(begin: Callable[[], int]) -> None:
    """Start a race and show it; what is wrong with it is said beside the button."""
    try:
        picker.choose(begin())
    except data.SkipscopeError as error:
        st.session_state["setup_problem"] = str(error)
    st.rerun()
