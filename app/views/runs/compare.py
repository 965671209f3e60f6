"""Any runs on one live chart, with a line on the differences between races."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.data import commands, races, run_table, selection
from app.data.next_steps import obstacles
from app.live.race.component import live_race
from app.live.race.shown import RaceWords
from app.live.shared.run import Run, runs_of
from app.views import page_frame
from app.views.markdown_escape import literal
from app.views.race import fork_dialog
from app.views.runs import view as runs_view
from app.web import presenter_link

COMPONENT = "compare"


def render(chosen: Sequence[run_table.TableRow], notice: str = "") -> None:
    """Draw the chart of the chosen runs; ``notice`` is the last refusal."""
    if not chosen:
        return
    if len(chosen) > selection.MAX_RUNS:
        st.info(
            f"One chart takes at most {selection.MAX_RUNS} runs; {len(chosen)} are selected. "
            "The address does not name them, so a link does not bring them back.",
            icon=":material/stacked_line_chart:",
        )
        return
    if difference := selection.difference([row.id for row in chosen]):
        st.markdown(literal(difference))
    if presenter_link.may_command():
        _fork(chosen)
    title = f"Runs {', '.join(str(row.id) for row in chosen)}"
    race_ids = {row.race for row in chosen}
    race = races.race(race_ids.pop()) if len(race_ids) == 1 else None
    if race and len(chosen) < len(race.runs):
        st.caption(f"The sentence is about all runs of race {race.id}, the curves are the selected ones.")
    unforkable = tuple(run for number in {row.race for row in chosen} for run in obstacles.unforkable(number))
    command, images = (race.as_command, race.images) if race else ("", "")
    words = RaceWords(title, notice, command, images, unforkable=unforkable)
    live_race(0, _drawn(chosen), _on_command, COMPONENT, words)


def _fork(chosen: Sequence[run_table.TableRow]) -> None:
    """Open the fork dialog after a click on one of these runs; the fork joins the race of the run."""
    clicked = fork_dialog.asked_run(COMPONENT)
    row = next((row for row in chosen if row.id == clicked), None)
    if row and (race := races.race(row.race)):
        fork_dialog.render(race, COMPONENT)


def _drawn(chosen: Sequence[run_table.TableRow]) -> list[Run]:
    """Return the runs for the chart, each with the look of its race; with several races labels name the race."""
    race_ids = dict.fromkeys(row.race for row in chosen)
    wanted = {row.id for row in chosen}
    drawn: list[Run] = []
    for number in race_ids:
        race = races.race(number)
        of_race = [run for run in runs_of(race) if run["run"] in wanted] if race else []
        if len(race_ids) > 1:
            of_race = [Run(**{**run, "label": f"{run['label']} (race {number})"}) for run in of_race]
        drawn += of_race
    return drawn


def _on_command() -> None:
    own = {
        "fork-at": lambda command: fork_dialog.ask(command, COMPONENT),
        **dict.fromkeys(("gone", "start"), lambda _: None),
        **{f"{verb}-all": _command_all for verb in commands.RACE_VERBS},
    }
    page_frame.obey(COMPONENT, runs_view.say, own)


def _command_all(command: Mapping[str, Any]) -> None:
    verb, chosen = command["verb"].removesuffix("-all"), set(runs_view.RUNS.ids)
    able = [row.id for row in run_table.table_rows() if row.id in chosen and row.state in commands.RACE_VERBS[verb]]
    for refusals in commands.command_each(verb, able):
        for refusal in filter(None, refusals.values()):
            runs_view.say(refusal)
