"""The side bar's set-up of a race: preset, arms, data, length, seeds, and the button that starts it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.data import commands, options, run_times, workspace
from app.views import markdown_escape, page_frame, picker
from app.views.setup import advanced, block_drawing, data_look, form_state, preset_cards, setup_fields, setup_link, zoo

_DEPTHS = list(options.DEPTHS)
_STYLE = Path(__file__).with_name("setup.css")
#: The preset of a first visit.
_USUAL = "quick"


def render(first_visit: bool = False) -> None:
    """Draw the set-up, with values in the session and in the address.

    On a first visit the page itself has the primary button.
    """
    presets = options.presets()
    if "preset" not in st.session_state:
        st.session_state["preset"] = setup_link.preset() or _USUAL
        st.session_state.update(_usual() | setup_link.read())
    st.html(_STYLE)
    st.header("Skipscope", anchor=False)
    preset_cards.render(_fill)
    preset = presets[st.session_state["preset"]]
    with st.container(key="setup_fields"):
        _arms()
        _images(preset)
        _length()
        advanced.render(len(form_state.depths()) * len(form_state.shortcuts()))
    with st.container(key="start_bar", gap="small"):
        _start_bar(first_visit)
    setup_link.write(_usual(), _USUAL)


def start() -> None:
    """Start the race of the fields, and show it from the next rerun on. Raises SkipscopeError."""
    if "preset" not in st.session_state:
        raise workspace.SkipscopeError("the set-up is not there yet; try again in a moment")
    race, problem = form_state.plan()
    if problem:
        raise workspace.SkipscopeError(problem)
    picker.choose(_start(race))


def start_quick() -> None:
    """Start the quick race and show it."""
    _hand_over(lambda: commands.start_race(commands.planned(commands.RaceRequest(preset=_USUAL))))


def _arms() -> None:
    problems = form_state.problems()
    setup_fields.pills(
        "depths",
        "Depths",
        {depth: str(depth) for depth in _DEPTHS},
        help="Weighted layers, 6n+2: a first layer, 2n in each of three stages, a last one.",
    )
    markdown_escape.under_field(problems.get("depths", ""))
    shortcuts = options.shortcuts()
    setup_fields.pills(
        "shortcuts",
        "Shortcuts",
        {name: "plain" if name == "none" else name for name in zoo.PAPER},
        help="A, B, C are the paper's three ways to add a block's input to its output; plain adds nothing.\n\n"
        + "\n\n".join(f"**{row.label}**: {row.help} `{row.formula}`" for row in map(shortcuts.__getitem__, zoo.PAPER)),
    )
    markdown_escape.under_field(problems.get("shortcuts", ""))
    zoo.render()
    block_drawing.render()


def _images(preset: options.Preset) -> None:
    sources = options.sources()
    if st.session_state["data"] not in sources:  # a folder that has gone
        st.session_state["data"] = options.preset_source(preset.name)
    st.selectbox(
        "Data",
        list(sources),
        format_func=lambda name: sources[name].label,
        key="data",
        persist_state="session",
        help="\n\n".join(f"**{row.label}**: {row.help} Licence: {row.licence}." for row in sources.values())
        + "\n\nFolders of images below `SKIPSCOPE_DATA` are offered as well; any other is named on the command line.",
    )
    if words := form_state.download():
        st.caption(words)
    data_look.render()


def _length() -> None:
    left, right = st.columns(2)
    with left:
        setup_fields.number("steps", "Steps", help="Optimizer updates of every run.")
    with right:
        setup_fields.number("seeds", "Seeds", help="Every arm is trained once per seed.")
    markdown_escape.under_field("", form_state.doubt_about_steps())
    markdown_escape.under_field(form_state.problems().get("seeds", ""))


def _start_bar(first_visit: bool) -> None:
    """Draw the button, and the duration of the race or its problem."""
    race, problem = form_state.plan()
    runs = form_state.runs()
    # No callback: after a restart of the server the first press would be lost.
    pressed = st.button(
        f"Start race of {runs} run{'s' if runs != 1 else ''}" if runs else "Choose depths and shortcuts",
        type="secondary" if first_visit else "primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=bool(problem),
        key="start",
    )
    if problem:
        st.caption(f":red[Cannot start: {markdown_escape.literal(problem)}]")
    else:
        st.caption(_ahead(race, runs))
        if advanced.is_path():
            markdown_escape.under_field("", form_state.look().doubt)
    if pressed:
        _hand_over(lambda: _start(race))
    if complaint := st.session_state.pop("setup_problem", None):
        page_frame.show_error(complaint)


def _ahead(race: commands.RaceConfig | None, runs: int) -> str:
    """Return the number of runs and steps, and the duration."""
    steps = int(st.session_state["steps"])
    words = f"{runs} run{'s' * (runs != 1)} of {steps:,} step{'s' * (steps != 1)}"
    time = run_times.race_time(race) if race is not None else None
    return f"{words}, {preset_cards.takes(time)}" if time else words


def _fill() -> None:
    st.session_state.update(_usual())


def _usual() -> dict[str, object]:
    """Return the values of the fields for the chosen preset."""
    preset = options.presets()[st.session_state["preset"]]
    return {
        "depths": [depth for depth in preset.depths if depth in _DEPTHS],
        "other_depths": ", ".join(str(depth) for depth in preset.depths if depth not in _DEPTHS),
        "shortcuts": [text for text in preset.shortcuts if text in zoo.PAPER],
        "variants": [text for text in preset.shortcuts if text not in zoo.PAPER],
        "data": options.preset_source(preset.name),
        "steps": preset.run.optim.steps,
        "seeds": preset.seeds,
        **advanced.defaults(preset),
    }


def _start(race: commands.RaceConfig | None) -> int:
    """Start a planned race; plan it now where None."""
    return commands.start_race(race or commands.planned(form_state.request()))


def _hand_over(begin: Callable[[], int]) -> None:
    """Start a race and show it; a refusal appears beside the button."""
    try:
        picker.choose(begin())
    except workspace.SkipscopeError as error:
        st.session_state["setup_problem"] = str(error)
    st.rerun()
