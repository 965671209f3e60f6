"""The page of all shortcuts: each with its drawn block, its formula, its options and what was published about it."""

import streamlit as st

from app.data import options
from app.views import page_frame
from app.views.markdown_escape import literal
from app.views.setup import form_state, setup_link, shortcut_card
from app.web import presenter_link

_COLUMNS = 2


def render() -> None:
    """Draw the page; without rights to command nothing can be added."""
    if not page_frame.usable("Shortcuts"):
        return
    mine = presenter_link.may_command()
    if mine:
        form_state.prepare()
    st.header("Shortcuts: many ways past a block", anchor=False)
    st.markdown(
        "A block computes F(x) from its input x. A shortcut carries x past the block, and the two are added. "
        "Each way below has a drawing, a formula and published results. All are of convolutional nets. "
        "MLPs and Transformers have some of these ways and two of their own: choose their preset in the set-up."
    )
    if mine:
        _in_the_set_up()
    for group, rows in options.shortcut_groups().items():
        st.subheader(f"{group[0].upper()}{group[1:]}", anchor=False)
        for first in range(0, len(rows), _COLUMNS):
            for column, row in zip(st.columns(_COLUMNS), rows[first : first + _COLUMNS], strict=False):
                with column:
                    shortcut_card.render(row, mine)
    if mine:
        setup_link.write(form_state.USUAL_PRESET)


def _in_the_set_up() -> None:
    """Draw what the next race consists of, and the way to it."""
    chosen = ", ".join(map(literal, map(options.variant_name, form_state.shortcuts()))) or "no shortcut yet"
    depths = ", ".join(map(str, form_state.depths())) or "none"
    runs = form_state.runs()
    with st.container(key="in_the_set_up", border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**In the set-up:** {chosen}. Depths: {depths}. {runs} run{'s' * (runs != 1)}.", width="stretch")
        st.page_link(
            st.Page(lambda: None, title="Race", url_path="race", default=True),
            label="To the race",
            icon=":material/stacked_line_chart:",
        )
