"""The controls of a lab: its sliders, the folded fields, the estimated duration, and the button."""

from itertools import cycle
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.data import labs
from app.views.labs import address
from app.views.markdown_escape import literal

#: Choices beside each other at most.
_SEGMENTS = 4
#: Columns of the folded fields.
_COLUMNS = 2


def key_of(name: str, what: str) -> str:
    """Return the key of a lab's widget or note in the session."""
    return f"lab-{name}-{what}"


def controls(lab: labs.LabSpec, shown: dict[str, Any] | None) -> tuple[dict[str, Any], bool]:
    """Draw the controls; return (settings, whether the button was pressed). ``shown``: settings of the job below."""
    front = [option for option in lab.options if option.primary or option.run_reference]
    behind = [option for option in lab.options if option not in front]
    widths = [1.2, *[1.6] * len(front), *[1.0] * bool(behind)]
    button, *places = st.columns([*widths, *[5.0] * (not front)], vertical_alignment="bottom")
    for option, place in zip(front, places, strict=False):
        _widget(lab, option, place)
    if behind:
        with places[len(front)].popover("Settings", icon=":material/tune:", width="stretch"):
            columns = st.columns(min(_COLUMNS, len(behind)))
            for option, column in zip(behind, cycle(columns), strict=False):
                _widget(lab, option, column)
    for option in lab.options:
        address.keep(lab.name, option, key_of(lab.name, option.name))
    settings = {option.name: st.session_state[key_of(lab.name, option.name)] for option in lab.options}
    refusal = labs.lab_refusal(lab.name, settings)
    pressed = button.button(  # no callback: a first press after a restart of the server would be lost
        "Run the lab",
        type="primary",
        icon=":material/play_arrow:",
        key=key_of(lab.name, "press"),  # not "start": a lab may have a setting of that name
        help=literal(refusal) or None,
        disabled=bool(refusal),
        width="stretch",
    )
    st.caption(_words(lab, settings, shown, refusal))
    return settings, pressed


def _words(lab: labs.LabSpec, settings: dict[str, Any], shown: dict[str, Any] | None, refusal: str) -> str:
    """Return the line under the controls: the refusal, or the duration and the settings of the picture below."""
    if refusal:
        return f":orange[{literal(refusal)}]"
    words = labs.lab_time(lab.name, settings)
    if shown is not None and (changed := labs.lab_changed(lab.name, settings, shown)):
        words += f" The picture below was measured with {literal(changed)}. Run the lab to measure these settings."
    return words


def usual(lab: labs.LabSpec, is_new: bool) -> dict[str, Any]:
    """Return the usual settings for the audience, which starts nothing."""
    if is_new:
        st.caption("Not measured here yet. Once the presenter has started the lab, load this page again.")
    return lab.defaults()


def _widget(lab: labs.LabSpec, option: labs.Option, place: DeltaGenerator) -> None:
    key = key_of(lab.name, option.name)
    address.begin(lab.name, option, key)
    if option.run_reference:
        _trainings(lab, option, key, place)
    elif isinstance(option.default, bool):
        place.toggle(option.label, key=key, help=option.help)
    elif option.choices and option.primary and len(option.choices) <= _SEGMENTS:
        place.segmented_control(option.label, option.choices, key=key, help=option.help, required=True)
    elif option.choices:
        place.selectbox(option.label, option.choices, key=key, help=option.help)
    elif isinstance(option.default, str):
        place.text_input(option.label, key=key, help=option.help)
    else:
        kind = type(option.default)
        low, high, step = (None if bound is None else kind(bound) for bound in (option.low, option.high, option.step))
        draw: Any = place.slider if option.primary and None not in (low, high) else place.number_input
        draw(option.label, min_value=low, max_value=high, step=step, key=key, help=option.help)


def _trainings(lab: labs.LabSpec, option: labs.Option, key: str, place: DeltaGenerator) -> None:
    """Draw the choice among the runs that the lab can inspect; the first entry leaves the choice to the lab."""
    names = labs.lab_trainings(lab.name)
    usual = "the newest that suits" if option.run_reference == "run" else "a pair of the newest race"
    if option.run_reference == "run":
        requested = st.session_state[key]
        known = [option.default, *names] + [requested] * (requested not in names and requested != option.default)
        place.selectbox(
            option.label, known, key=key, help=option.help,
            format_func=lambda run: usual if run == option.default else names.get(run, f"run {run}"),
        )  # fmt: skip
        return
    chosen = f"{key}-chosen"
    if chosen not in st.session_state:
        requested = [int(word) for word in st.session_state[key].split(",") if word.strip().isdigit()]
        st.session_state[chosen] = [run for run in requested if run in names]
    runs = place.multiselect(
        option.label, list(names), key=chosen, help=option.help, placeholder=usual,
        max_selections=labs.MAX_INSPECTED_RUNS, format_func=lambda run: names.get(run, f"run {run}"),
    )  # fmt: skip
    st.session_state[key] = ",".join(map(str, runs))
