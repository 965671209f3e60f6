"""The home page: set a race up, start it, watch it. Everything that moves is in the streaming component."""

import streamlit as st

from app import data
from app.live.chart import View, live_race
from app.views import explain, picker, setup, tuning, whatif

COMPONENT = "live"
_LAYOUTS = {"side": "Side by side", "overlaid": "Overlaid"}
_METRICS = {"error": "Error", "loss": "Loss"}
_SCALES = {"linear": "Linear", "log": "Log"}
_XS = {"step": "Step", "epoch": "Epoch", "seconds": "Seconds"}


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    health = data.health()
    if not health.usable:
        _unusable(health)
        return
    races = data.races()
    with st.sidebar:
        setup.render(first_visit=not races)
    if not races:
        explain.first_visit(setup.start_quick)
        return
    race = picker.pick_race(races)
    _announce()
    tuning.running(race)
    view = _controls(race)
    whatif.render(race)
    live_race(race.id, picker.runs_of(race), view, _on_command, key=COMPONENT)
    explain.learning_rate_note(race, tuning.in_words(race))
    tuning.ended(race)
    explain.protocol(race)
    explain.published(race)


def _unusable(health: data.Health) -> None:
    st.title("Skipscope")
    st.error(health.message, icon=":material/error:")
    if health.state == "damaged":
        st.write(
            "The damaged file is kept: moving it aside gives it another name in the same folder, and an empty database "
            "takes its place. Runs recorded in it do not appear here until it is repaired by hand."
        )
        if st.button("Move it aside and start a new database", type="primary"):
            try:
                kept = data.new_database()
            except data.SkipscopeError as error:
                st.warning(str(error), icon=":material/warning:")
                return
            st.toast(f"The damaged database is kept as {kept}.", duration="long")
            st.rerun()


def _controls(race: data.Race) -> View:
    with st.container(horizontal=True, gap="medium"):
        layout = _segments("Panels", _LAYOUTS, "layout") if race.has_both_families else "overlaid"
        metric = _segments("Quantity", _METRICS, "metric")
        scale = _segments("Scale", _SCALES, "scale")
        x = _segments("Against", _XS, "x")
    return View(layout=layout, metric=metric, scale=scale, x=x)


def _segments(label: str, options: dict[str, str], key: str) -> str:
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        default=next(iter(options)),
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    # An address may carry anything, an empty value too.
    return chosen if chosen in options else next(iter(options))


def _on_command() -> None:
    asked = st.session_state[COMPONENT].command
    if not asked:
        return
    verb, run = asked["verb"], int(asked["run"])
    try:
        if verb == "gone":
            st.session_state.pop("race", None)
        elif verb == "engine":
            data.start_engine()
        elif verb.endswith("-all"):
            data.command_all(verb.removesuffix("-all"), int(st.session_state["race"]))
        else:
            data.command(verb, run)
    except data.SkipscopeError as error:
        st.session_state["notice"] = str(error)


def _announce() -> None:
    notice = st.session_state.pop("notice", None)
    if notice:
        st.warning(notice, icon=":material/warning:")
