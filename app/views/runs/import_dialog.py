"""The dialog of the page "Runs" that imports a bundle: a file, or a recorded race of the project."""

import streamlit as st

from app.data.exchange import imports
from app.views import page_frame, recordings
from app.views.markdown_escape import literal

_MB = 2**20
_LAST = "import_last"


def button() -> None:
    """Draw the button that opens the dialog."""
    if st.button(
        "Import", icon=":material/upload:", key="import", help="Take over a bundle, or watch a recorded race."
    ):
        _ask()


@st.dialog("Import a bundle")
def _ask() -> None:
    """Ask for a file, and import it once it has come."""
    sent = st.file_uploader(
        f"A bundle, at most {imports.MAX_SENT_BYTES // _MB} MB", type=list(imports.EXTENSIONS), key="import_file",
        max_upload_size=imports.MAX_SENT_BYTES // _MB,
    )  # fmt: skip
    st.caption(
        "`python -m engine export` and *Export* on the Race page write bundles. The command line imports larger ones."
    )
    with st.expander("Recorded races that come with Skipscope", icon=":material/replay:"):
        recordings.listed()
    # Each file once: a dialog is drawn again with what it holds.
    if sent is None or st.session_state.get(_LAST) == sent.file_id:
        return
    st.session_state[_LAST] = sent.file_id
    bar = st.progress(0.0, "Reading the bundle")

    def report(done: int, total: int, what: str) -> None:
        bar.progress(done / max(1, total), literal(what))

    with page_frame.refusals(page_frame.show_error):
        races = imports.import_bundle(sent.getvalue(), report)
        named = ", ".join(map(str, races))
        st.toast(f"Imported race{'s' * (len(races) > 1)} {named}.", duration="long")
        st.rerun()
