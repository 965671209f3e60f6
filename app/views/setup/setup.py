"""The side bar's set-up of a race: preset, arms, length, data, and the button that starts it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app.data import commands, options, run_times, workspace
from app.views import markdown_escape, page_frame, picker
from app.views.setup import advanced, data_look, form_state, long_race, preset_row, setup_fields, setup_link, zoo

_STYLE = Path(__file__).with_name("setup.css")
#: What the chips of depths mean, by family.
_DEPTHS = {
    "cifar": "Weighted layers, 6n+2: a first layer, 2n in each of three stages, a last one.",
    "mlp": "Blocks of an MLP, of two weighted layers each: 15 blocks are 32 layers.",
    "vit": "Blocks of a Vision Transformer, of four weighted layers each: 12 blocks are 50 layers.",
}


def render(first_visit: bool = False) -> None:
    """Draw the set-up, with values in the session and in the address.

    On a first visit the page itself has the primary button.
    """
    form_state.prepare()
    st.html(_STYLE)
    _title()
    preset_row.render(form_state.reset)
    with st.container(key="setup_fields", gap="small"):
        _arms()
        _length()
        _images()
        advanced.render(len(form_state.depths()) * len(form_state.shortcuts()))
    with st.container(key="start_bar", gap="xsmall"):
        _start_bar(first_visit)
    setup_link.write(form_state.USUAL_PRESET)


def start() -> None:
    """Start the race of the fields, and show it from the next rerun on. Raises SkipscopeError, also for a long race."""
    if "preset" not in st.session_state:
        raise workspace.SkipscopeError("the set-up is not there yet; try again in a moment")
    race, problem = form_state.plan()
    if problem:
        raise workspace.SkipscopeError(problem)
    config = _config(race)
    if time := long_race.time_of_long(config):
        raise workspace.SkipscopeError(f"this race takes {preset_row.takes(time)}; start it in the side bar")
    long_race.start(config)


def obey_press() -> None:
    """Start the race of a press on the button before anything is drawn: the page is about to show another race."""
    # A server that was started anew knows the button only once it is drawn.
    if not st.session_state.get("start") or "preset" not in st.session_state:
        return
    form_state.prepare()
    race, problem = form_state.plan()
    if not problem:
        _hand_over(lambda: long_race.start(_config(race)))


def start_quick() -> None:
    """Start the quick race and show it."""
    request = commands.RaceRequest(preset=form_state.USUAL_PRESET)
    _hand_over(lambda: picker.choose(commands.start_race(commands.planned(request))))


def _title() -> None:
    """Draw the name, and the way back to the preset where something differs from it."""
    changed = setup_fields.changed()
    with st.container(
        key="setup_title", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header("Skipscope", anchor=False, width="content")
        if changed:
            label = options.presets()[st.session_state["preset"]].label
            st.button(f"Reset to {label}", type="tertiary", key="reset", on_click=form_state.reset)
            # The rate's own label is hidden: it stands below the choice of one rate or tuned ones.
            keys = {"rates" if key == "lr" else key for key in changed}
            marked = ", ".join(f".st-key-{key} [data-testid=stWidgetLabel] p::after" for key in sorted(keys))
            st.html(f'<style>{marked} {{ content: " ●" / ""; color: light-dark(#0072b2, #6cb8ea); }}</style>')


def _arms() -> None:
    problems = form_state.problems()
    family = setup_fields.family()
    label = "Depths" if family == "cifar" else "Depths in blocks"
    setup_fields.pills("depths", options.depth_chips(family), help=_DEPTHS[family], label=label)
    markdown_escape.under_field(problems.get("depths", ""))
    rows = [row for name, row in options.shortcuts(family).items() if name in setup_fields.PAPER]
    setup_fields.pills(
        "shortcuts",
        {row.name: "plain" if row.name == "none" else row.name for row in rows},
        help="Ways to add a block's input to its output; plain adds nothing.\n\n"
        + "\n\n".join(f"**{row.label}**: {row.help} `{row.formula}`" for row in rows),
    )
    markdown_escape.under_field(problems.get("shortcuts", ""))
    zoo.render()


def _length() -> None:
    left, right = st.columns(2)
    with left:
        setup_fields.draw_number("seeds", help="Every arm is trained once per seed.")
    with right:
        setup_fields.draw_number("steps", help="Optimizer updates of every run.")
    markdown_escape.under_field(form_state.problems().get("runs", ""))
    markdown_escape.under_field("", form_state.doubt_about_steps())


def _images() -> None:
    sources = options.sources()
    st.selectbox(
        "Data",
        list(sources),
        format_func=lambda name: sources[name].label,
        key="data",
        persist_state="session",
        help="\n\n".join(_about(row.label, row.help, row.licence) for row in sources.values())
        + "\n\nFolders of images below `SKIPSCOPE_DATA` are offered as well; any other is named on the command line.",
    )
    if words := form_state.download():
        st.caption(words)
    data_look.render()


def _about(label: str, about: str, licence: str) -> str:
    """Return what is known of a data set; the name of an offered folder is a stranger's."""
    literal = markdown_escape.literal
    return f"**{literal(label)}**: {literal(about)} Licence: {literal(licence)}."


def _start_bar(first_visit: bool) -> None:
    """Draw the button, and the duration of the race or its problem."""
    race, problem = form_state.plan()
    runs = form_state.runs()
    # No callback: after a restart of the server the first press would be lost.
    pressed = st.button(
        f"Start race of {runs} run{'s' * (runs != 1)}" if runs else "Start race",
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
        _hand_over(lambda: long_race.start(_config(race)))
    if complaint := st.session_state.pop("setup_problem", None):
        page_frame.show_error(complaint)


def _ahead(race: commands.RaceConfig | None, runs: int) -> str:
    """Return the number of runs and steps, and the duration."""
    time = run_times.race_time(race) if race is not None else None
    return f"{_size(runs)}, {preset_row.takes(time)}" if time else _size(runs)


def _size(runs: int) -> str:
    steps = setup_fields.number("steps")
    return f"{runs} run{'s' * (runs != 1)} of {steps:,} step{'s' * (steps != 1)}"


def _config(race: commands.RaceConfig | None) -> commands.RaceConfig:
    """Return a planned race; plan it now where None."""
    return race or commands.planned(form_state.request())


def _hand_over(begin: Callable[[], None]) -> None:
    """Start a race; a refusal appears beside the button."""
    try:
        begin()
    except workspace.SkipscopeError as error:
        st.session_state["setup_problem"] = str(error)
    st.rerun()
