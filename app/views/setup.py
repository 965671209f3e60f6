"""The side bar's set-up of a race: preset, arms, data, length, seeds, and the button that starts it."""

from collections.abc import Callable

import streamlit as st

from app import data
from app.views import picker, zoo

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
    with st.expander("Advanced"):
        st.text_input(
            "Other depths",
            key="other_depths",
            persist_state="session",
            placeholder="for example 26, 50",
            help="Any 6n+2 from 8 to 1202.",
        )
        if problem := _depth_problem():
            st.caption(f":red[{problem}]")
        st.number_input(
            "Learning rate", min_value=1e-6, max_value=100.0, format="%g", key="lr", persist_state="session"
        )
        st.number_input(
            "Width",
            min_value=1,
            max_value=1024,
            key="width",
            persist_state="session",
            help="Filters of the first stage.",
        )
        if _is_path(st.session_state["data"]):
            st.number_input(
                "Resize images to",
                min_value=0,
                max_value=512,
                key="resize",
                persist_state="session",
                help="Pixels a side; 0 leaves them as they are, which needs images of one square size.",
            )
        st.number_input("First seed", min_value=0, max_value=2**31 - 200, key="first_seed", persist_state="session")
        st.selectbox("Precision", ["auto", "fp32", "bf16"], key="precision", persist_state="session")
    problem = problem or zoo.problem()
    arms = len(_depths()) * len(_shortcuts())
    runs = arms * int(st.session_state["seeds"])
    if runs > MOST_RUNS:
        problem = f"{runs} runs are more than the {MOST_RUNS} of one race; choose fewer seeds or arms"
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
        _start()
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
        first_seed=0,
        lr=preset.run.optim.lr,
        width=preset.run.model.width,
        resize=preset.run.data.resize,
        precision=preset.run.precision,
    )


def _depths() -> list[int]:
    others = [depth for depth, _ in map(data.depth_from, _other_depths()) if depth is not None]
    return sorted({*(st.session_state["depths"] or []), *others})


def _shortcuts() -> list[str]:
    """Return the chosen variants: the paper's in its order, then the others in the order of their choice."""
    paper = [text for text in zoo.PAPER if text in (st.session_state["shortcuts"] or [])]
    return list(dict.fromkeys([*paper, *zoo.chosen()]))


def _is_path(name: str) -> bool:
    return ":" in name


def _other_depths() -> list[str]:
    return [part for part in st.session_state["other_depths"].replace(",", " ").split() if part]


def _depth_problem() -> str:
    return next((problem for _, problem in map(data.depth_from, _other_depths()) if problem), "")


def _start() -> None:
    state = st.session_state
    settings = {"lr": f"{state['lr']!r}", "width": str(state["width"]), "precision": state["precision"]}
    if _is_path(state["data"]) and state["resize"]:
        settings["resize"] = str(int(state["resize"]))
    _hand_over(
        lambda: data.start_race(
            _depths(),
            _shortcuts(),
            preset=state["preset"],
            source=state["data"],
            steps=int(state["steps"]),
            seeds=int(state["seeds"]),
            first_seed=int(state["first_seed"]),
            settings=settings,
        )
    )


def _hand_over(start: Callable[[], int]) -> None:
    """Start a race and show it; what is wrong with it is said beside the button."""
    try:
        picker.choose(start())
    except data.SkipscopeError as error:
        st.session_state["setup_problem"] = str(error)
    st.rerun()
