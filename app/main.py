"""The page's frame: page config, style sheet, navigation. No data work happens here."""

from pathlib import Path

import streamlit as st

from app.data.workspace import SkipscopeError
from app.views import gradients, instant, layers, page_frame, recordings, talk
from app.views.guide import guide
from app.views.labs import pages
from app.views.race import audience, race
from app.views.runs import runs
from app.views.setup import shortcuts
from app.web import presenter_link

HOME = st.Page(race.render, title="Race", icon=":material/stacked_line_chart:", url_path="race", default=True)
INSTANT = st.Page(instant.render, title="Instant", icon=":material/bolt:", url_path="instant")
INSIDES = [
    st.Page(layers.render, title="Layers", icon=":material/layers:", url_path="layers"),
    st.Page(gradients.render, title="Gradients", icon=":material/trending_up:", url_path="gradients"),
]
SHORTCUTS = st.Page(shortcuts.render, title="Shortcuts", icon=":material/alt_route:", url_path="shortcuts")
RUNS = st.Page(runs.render, title="Runs", icon=":material/table_rows:", url_path="runs")
TALK = st.Page(talk.render, title="Talk", icon=":material/slideshow:", url_path="talk")
WHY = [st.Page(render, title=title, url_path=path) for title, path, render in guide.pages()]
LABS = [st.Page(render, title=title, icon=icon, url_path=path) for title, path, icon, render in pages.pages()]

# Before the navigation: otherwise the tab's icon is a material symbol, which browsers load from the internet.
st.set_page_config(page_icon=str(Path(__file__).parents[1] / "assets" / "icon.png"), layout="wide")
st.html(Path(__file__).with_name("page.css"))
sections = {"": [HOME, INSTANT, *INSIDES, SHORTCUTS, RUNS, TALK], "Why?": WHY, "Labs": LABS}
page = st.navigation(sections, position="top")
page_frame.set_title(page.title)
mine = presenter_link.may_command()
if page != HOME or not mine:
    # Only the home page has a side bar, and says itself whether it is open.
    st.set_page_config(initial_sidebar_state="collapsed")
if not mine:
    audience.note()
elif page != TALK:
    talk.left()
try:
    if instant.kept() is not None:
        st.switch_page(HOME)
    if (address := recordings.opened()) is not None:
        st.switch_page(HOME, query_params=address)
    page.run()
except SkipscopeError as error:
    page_frame.show_error(str(error))
