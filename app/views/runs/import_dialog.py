"""The dialog of the page "Runs" that imports a file: a bundle, or lines of other trainings to stand beside a race."""

import streamlit as st

from app.data import races
from app.data.exchange import ghosts, imports
from app.views import page_frame, recordings
from app.views.markdown_escape import literal

_MB = 2**20
_LAST = "import_last"
_LEFT_OUT = ""
_COLUMNS = "import_columns"
#: So many columns are offered, each with a choice.
_MAX_OFFERED = 40


def button() -> None:
    """Draw the button that opens the dialog."""
    if st.button(
        "Import", icon=":material/upload:", key="import",
        help="Take over a bundle, put lines of other trainings beside a race, or watch a recorded race.",
    ):  # fmt: skip
        _ask()


@st.dialog("Import a file")
def _ask() -> None:
    """Ask for a file, and import it once it has come and, of lines, once somebody said what they are."""
    sent = st.file_uploader(
        f"A bundle; or a CSV or an event file of TensorBoard, at most {imports.MAX_SENT_BYTES // _MB} MB",
        key="import_file", max_upload_size=imports.MAX_SENT_BYTES // _MB,
    )  # fmt: skip
    st.caption(
        "`python -m engine export` and *Export* on the Race page write bundles. Columns of a CSV and scalars of "
        "TensorBoard become lines beside a race. The command line imports larger files, and folders."
    )
    with st.expander("Recorded races that come with Skipscope", icon=":material/replay:"):
        recordings.listed()
    with st.expander("Imported lines", icon=":material/line_style:"):
        _listed()
    if sent is None:
        return
    file = ghosts.SentFile(sent.name, sent.getvalue())
    if file.has_lines:
        _lines(file, sent.file_id)
    # Each bundle once: a dialog is drawn again with what it holds.
    elif st.session_state.get(_LAST) != sent.file_id:
        st.session_state[_LAST] = sent.file_id
        _bundle(file.data)


def _bundle(data: bytes) -> None:
    bar = st.progress(0.0, "Reading the bundle")

    def report(done: int, total: int, what: str) -> None:
        bar.progress(done / max(1, total), literal(what))

    with page_frame.refusals(page_frame.show_error):
        imported = imports.import_bundle(data, report)
        named = ", ".join(map(str, imported))
        st.toast(f"Imported race{'s' * (len(imported) > 1)} {named}.", duration="long")
        st.rerun()


def _lines(file: ghosts.SentFile, key: str) -> None:
    """Ask beside which race the lines stand and what each column holds: nothing is guessed."""
    known = {race.id: race for race in races.races()}
    race = st.selectbox(
        "Beside race", list(known), key="import_race", format_func=lambda each: _named(known[each]),
        index=0 if len(known) == 1 else None, placeholder="Choose the race",
    )  # fmt: skip
    step = st.text_input("Column of the steps", key="import_step", placeholder="step, of a CSV")
    file = ghosts.SentFile(file.name, file.data, step.strip())
    with page_frame.refusals(page_frame.show_error):
        offered = _offered(file, key)
        labels = {_LEFT_OUT: "is left out", **ghosts.quantities()}
        chosen = {
            column: st.selectbox(
                literal(column), list(labels), format_func=labels.__getitem__, key=f"import_column_{place}"
            )
            for place, column in enumerate(offered[:_MAX_OFFERED])
        }
        if more := len(offered) - len(chosen):
            st.caption(f"{more} more columns: the command line takes them.")
        taken = {column: name for column, name in chosen.items() if name != _LEFT_OUT}
        if not st.button("Import the lines", type="primary", key="import_lines", disabled=not taken or race is None):
            return
        bar = st.progress(0.0, "Reading the file")

        def report(done: int, total: int, what: str) -> None:
            bar.progress(done / max(1, total))

        rows = ghosts.add(file, int(race or 0), taken, report)
        thinned = " Of long lines the extremes are kept." if any(row.points < row.total for row in rows) else ""
        st.toast(f"Imported {len(rows)} line{'s' * (len(rows) > 1)} beside race {race}.{thinned}", duration="long")
        st.rerun()


def _offered(file: ghosts.SentFile, key: str) -> list[str]:
    """Return the columns of a file, read once: the dialog is drawn again with every choice."""
    place = (key, file.step)
    known = st.session_state.get(_COLUMNS)
    if known is None or known[0] != place:
        known = st.session_state[_COLUMNS] = (place, ghosts.columns(file))
    columns: list[str] = known[1]
    return columns


def _listed() -> None:
    """List the imported lines, each with a button that removes it."""
    rows = ghosts.all_lines()
    if not rows:
        st.caption("There are none.")
    for row in rows:
        text, act = st.columns([5, 1], vertical_alignment="center")
        text.write(f"Race {row.race}: {literal(row.name)}")
        if act.button("Remove", key=f"remove_line_{row.id}"):
            with page_frame.refusals(page_frame.show_error):
                ghosts.remove([row.id])
                st.rerun(scope="fragment")


def _named(race: races.ListedRace) -> str:
    return f"{race.id} {race.name}".strip()
