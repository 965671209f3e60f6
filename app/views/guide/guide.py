"""The guide: one page per question with its live experiment, and a first page of short answers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import streamlit as st

from app.data import guide, labs, workspace
from app.views import page_frame
from app.views.guide import guide_words
from app.views.labs import lab
from app.views.markdown_escape import literal
from app.web import presenter_link

#: Seconds between two looks for a finished lab, whose numbers enter the text.
NEWS_S = 3.0
#: Pixels of a line of text: longer lines are hard to read.
_LINE = 820
_HOME = "why"
_BOLD = (
    "**Bold** numbers and sentences were measured here. Underlined ones were recorded elsewhere: point at one to see "
    "when. All other numbers name their source. Underlined terms say what they mean."
)
#: The folded sections, with their icons.
_FOLDS = {"What would refute it": ":material/rule:", "Caveats": ":material/help:"}
_TITLE = "Why? Eight questions, each with an experiment"
_PAGES = {"race": "Race: plain and residual nets side by side", "layers": "Layers: how strongly each one responds",
          "gradients": "Gradients: do they reach the first layer?"}  # fmt: skip


def pages() -> list[tuple[str, str, Callable[[], None]]]:
    """Return (title, path of the address, drawing function) of every page, the list of questions first."""
    return [
        ("All questions", _HOME, render_home),
        *((_menu(name), name, partial(render, name)) for name in guide.guide_names()),
    ]


def render_home() -> None:
    """Draw the questions with their short answers."""
    st.header(_TITLE, anchor=False)
    st.markdown(
        f"Each page asks one question about deep nets and answers it with an experiment that runs in seconds. {_BOLD}"
    )
    _measure_all()
    readable = [page for page in map(_page, guide.guide_names()) if page is not None]
    measurements, seen = _measurements(readable), set[str]()
    for page in readable:
        with st.container(border=True):
            st.subheader(f"{page.number}. {page.question}", anchor=False)
            _section(page, "Short answer", measurements, seen, "stretch")
            _link(page.name, "The experiment, what would refute this, caveats, sources", ":material/science:")
    _await_news(readable)


def _measure_all() -> None:
    """Offer to measure every lab that has no job at its usual settings."""
    if not (presenter_link.may_command() and workspace.health().usable):
        return
    with page_frame.refusals(page_frame.show_error):
        names = labs.unmeasured()
        obstacles = {name: labs.lab_obstacle(name) for name in names}
        ready = [name for name in names if not obstacles[name]]
        words = f"Measure all here ({labs.time_of_all(ready)})" if ready else ""
        if words and st.button(words, icon=":material/science:", key="measure_all"):
            for name in ready:
                labs.start_lab(name, {})
            st.rerun()
        for obstacle in sorted({*obstacles.values()} - {""}):
            waiting = literal(
                ", ".join(labs.LABS[name].title.partition(":")[0] for name in names if obstacles[name] == obstacle)
            )
            st.caption(f"Not measured with the others: {waiting}. {literal(obstacle[0].upper() + obstacle[1:])}.")


def render(name: str) -> None:
    """Draw the page of one question."""
    page = _page(name)
    if page is None:
        return
    page_frame.set_title(page.question)
    measurements, seen = _measurements([page]), set[str]()

    st.header(f"{page.number}. {page.question}", anchor=False)
    _section(page, "Short answer", measurements, seen)
    _experiment(page)
    st.subheader("The experiment", anchor=False)
    text, beside = st.columns([2, 1], gap="large")
    with text:
        _section(page, "Experiment", measurements, seen)
    with beside:
        _others(page)
        st.caption(_BOLD)
    with st.container(gap="xsmall"):
        for title, icon in _FOLDS.items():
            with st.expander(title, icon=icon):
                _section(page, title, measurements, seen)
        _sources(page, measurements)
    _await_news([page])


def _section(
    page: guide.GuidePage,
    title: str,
    measurements: guide.Measurements,
    seen: set[str],
    width: int | Literal["stretch"] = _LINE,
) -> None:
    words = guide_words.running(page.sections[title], measurements, guide_words.works_of(page), seen)
    st.markdown(words, width=width, unsafe_allow_html=True)


def _menu(name: str) -> str:
    try:
        page = guide.guide_page(name)
    except workspace.SkipscopeError:
        return name.partition("-")[0].upper()
    return f"{page.number}: {page.menu}"


def _page(name: str) -> guide.GuidePage | None:
    with page_frame.refusals(page_frame.show_error):
        return guide.guide_page(name)
    return None


def _measurements(pages: list[guide.GuidePage]) -> guide.Measurements:
    """Return the results of labs for these pages; draw the reason for an unreadable workspace."""
    with page_frame.refusals(page_frame.show_error):
        return guide.measurements(one for page in pages for one in page.parts(guide.ResultReference))
    return {}


def _experiment(page: guide.GuidePage) -> None:
    if page.lab not in labs.LABS:
        st.info(f"The lab `{page.lab}` of this question is not part of this version.", icon=":material/science:")
        return
    if page_frame.usable():
        lab.render(page.lab, page.panels or None, compact=True)


def _others(page: guide.GuidePage) -> None:
    registered = [name for name in page.labs if name in labs.LABS]
    if not registered and not page.see:
        return
    st.caption("More of it:")
    for name in registered:
        words = "all its pictures and settings" if name == page.lab else labs.LABS[name].question
        _link(_lab_path(name), f"Lab {name}: {words}", ":material/science:")
    for name in page.see:
        _link(name, _PAGES[name], ":material/stacked_line_chart:")


def _sources(page: guide.GuidePage, measurements: guide.Measurements) -> None:
    if citations := page.parts(guide.Citation):
        with st.expander("Sources", icon=":material/menu_book:"):
            st.markdown(guide_words.source_list(citations), width=_LINE)
    references = [one for one in page.parts(guide.ResultReference) if one.kind == "figure" and one in measurements]
    if references:
        with st.expander("The numbers: where they come from, what to expect", icon=":material/straighten:"):
            st.dataframe(
                guide_words.number_rows({one: measurements[one] for one in references}),
                hide_index=True,
                width="stretch",
            )


def _lab_path(name: str) -> str:
    return "gradients" if name == "gradients" else f"lab-{name}"


def _link(path: str, words: str, icon: str) -> None:
    st.page_link(st.Page(lambda: None, title=words, url_path=path), label=literal(words), icon=icon)


def _await_news(shown: list[guide.GuidePage]) -> None:
    """Draw the page again after the end of one of its labs."""
    st.fragment(_look, run_every=NEWS_S)(tuple({name for page in shown for name in page.labs}), _finished())


def _look(names: tuple[str, ...], before: Mapping[str, int]) -> None:
    now = _finished()
    if any(now.get(name) != before.get(name) for name in names):
        st.rerun()


def _finished() -> Mapping[str, int]:
    try:
        return guide.finished_labs()
    except workspace.SkipscopeError:
        return {}  # the page reports the trouble
