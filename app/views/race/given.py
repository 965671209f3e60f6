"""The fold-out that says what was changed in a race, and which presenter did it: several may hold the link."""

import time

import streamlit as st

from app.data import given_commands, races
from app.views import page_frame
from app.views.markdown_escape import literal
from app.web import presenter_link


def render(race: races.Race) -> None:
    """Draw the fold-out on a shared page, for those who may command."""
    if presenter_link.shared_port() is None or not presenter_link.may_command():
        return
    with page_frame.refusals(lambda _: None):
        if rows := given_commands.given_commands(race.id):
            with st.expander("What was changed, and by whom", icon=":material/history:"):
                st.markdown("\n".join(f"- {_line(row)}" for row in rows))


def _line(row: given_commands.GivenCommand) -> str:
    at = time.strftime("%d.%m. %H:%M:%S", time.localtime(row.at))
    refused = f" (refused: {row.refusal})" if row.refusal else ""
    return f"{at}, {literal(row.author or 'somebody')}: {literal(row.words + refused)}"
