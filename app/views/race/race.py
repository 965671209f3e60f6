"""The home page: set up, start and watch a race. The streaming component has all moving parts."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.data import commands, races, workspace
from app.data.next_steps import obstacles
from app.live.race.component import live_race
from app.live.race.shown import RaceWords
from app.live.shared.run import runs_of
from app.views import instant, page_frame, picker, recordings
from app.views.markdown_escape import literal
from app.views.race import audience, fork_dialog, interventions, next_steps, race_help, tuning
from app.views.setup import form_state, loading, long_race, setup
from app.web import presenter_link

COMPONENT = "live"
#: How often the set-up was filled with the settings of a race.


def render() -> None:
    """Draw the page in whichever state the workspace is."""
    health = workspace.health()
    if not health.usable:
        _unusable(health)
        return
    page_frame.notes(health)
    race_list = races.races()
    mine = presenter_link.may_command()
    if mine:
        # The set-up is open until there is a race; then the curves get the room, and "New race" opens it.
        st.set_page_config(initial_sidebar_state="collapsed" if race_list else "auto")
    if mine:
        setup.obey_press()
    if race_list:
        _race(race_list, mine)
    elif mine:
        long_race.ask()
        race_help.first_visit(setup.start_quick, _try_instant)
    else:
        audience.nothing_yet()
    # Last: a browser needs as long for the side bar as for what the page is opened for.
    if mine:
        with st.sidebar:
            setup.render(first_visit=not race_list)


def _race(race_list: list[races.ListedRace], mine: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="race_row"):
        race = picker.pick_race(race_list)
        if race is None:
            st.rerun()
        if mine:
            # Opens and closes the side bar in the browser: app/live/race/panel/side_bar.js.
            st.button("New race", icon=":material/add:", key="new_race")
            _load_settings(race)
            interventions.render(race)
    notice = _announce()
    tuning.running(race)
    if mine:
        fork_dialog.render(race, _place(race.id))
        long_race.ask()
    audience.newer(race_list[0].id)
    words = RaceWords(
        race.title, notice, race.as_command, race.images, next_steps.offered(race, mine), form_state.times_filled(),
        tuple(obstacles.unforkable(race.id)),
    )  # fmt: skip
    live_race(race.id, runs_of(race), _on_command, COMPONENT, words)
    race_help.origin(race)
    recordings.shown(race.id)
    race_help.learning_rate_note(race, tuning.in_words(race))
    tuning.ended(race)
    race_help.protocol(race)
    race_help.published(race)
    interventions.given(race)


def _try_instant() -> None:
    with page_frame.refusals(page_frame.show_error):
        instant.try_it()
        st.switch_page(st.Page(instant.render, title="Instant", url_path="instant"))


def _load_settings(race: races.Race) -> None:
    """Offer the settings of a race for the set-up in the side bar, which the component then opens."""
    if not st.button("Load these settings", icon=":material/input:", key="load_settings"):
        return
    config = races.race_config(race.id)
    if config is None:
        return
    st.toast(literal(loading.load_and_say(config, f"race {race.id}")), duration="long")


def _unusable(health: workspace.Health) -> None:
    st.title("Skipscope")
    st.error(literal(health.message), icon=":material/error:")
    if health.state == "damaged" and presenter_link.may_command():
        st.write(
            "The damaged file is kept: moving it aside gives it another name in the same folder, and an empty database "
            "takes its place. Runs recorded in it do not appear here until it is repaired by hand."
        )
        if st.button("Move it aside and start a new database", type="primary"):
            with page_frame.refusals(page_frame.show_warning):
                kept = commands.new_database()
                st.toast(f"The damaged database is kept as {literal(str(kept))}.", duration="long")
                st.rerun()


def _on_command() -> None:
    def ask_all(command: Mapping[str, Any]) -> None:
        commands.command_all(command["verb"].removesuffix("-all"), picker.last_chosen() or 0)

    own = {
        "fork-at": lambda command: fork_dialog.ask(command, _place(picker.last_chosen())),
        "gone": lambda _: st.session_state.pop("race", None),
        "start": lambda _: setup.start(),
        "next": next_steps.act,
        "ended": lambda _: None,  # the run of the script that follows knows of it
        **{f"{verb}-all": ask_all for verb in commands.RACE_VERBS},
    }
    page_frame.obey(COMPONENT, lambda line: st.session_state.update(notice=line), own)


def _place(race: int | None) -> str:
    """Return the name of a race's chart for the fork dialog."""
    return f"race {race}"


def _announce() -> str:
    """Draw the last refusal; return its text for the stage view, which covers the page."""
    notice: str = st.session_state.pop("notice", "")
    if notice:
        page_frame.show_warning(notice)
    return notice
