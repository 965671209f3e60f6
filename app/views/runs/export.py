"""What the page "Runs" exports: the table and the configurations as CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import streamlit as st

from app.data import run_table, selection
from app.data.exchange import exports
from app.views.markdown_escape import literal

#: Fields that only the page's table needs.
_DRAWN = ("position", "race_shortcuts", "changed")


def menu(rows: Sequence[run_table.TableRow]) -> None:
    """Draw the menu for these runs. The files are made once they are asked for."""
    with st.popover("Export", icon=":material/download:", disabled=not rows, width="content", key="export"):
        st.caption(f"{len(rows)} run{'s' * (len(rows) != 1)}: the selected ones, without a selection all in the table.")
        _button("Table as CSV", "runs", lambda: table_csv(rows))
        _button("Settings as CSV", "settings", lambda: settings_csv([row.id for row in rows]))
        _script(rows)


def _script(rows: Sequence[run_table.TableRow]) -> None:
    """Offer the training of a single run as a script, or say why there is none."""
    if len(rows) != 1:
        st.caption("Select one run to get its training as a PyTorch script.")
        return
    (row,) = rows
    text, refusal = exports.script(row.id)
    st.download_button(
        "Training as a PyTorch script", text, file_name=f"skipscope-run-{row.id}.py", mime="text/x-python",
        key="export_script", on_click="ignore", width="stretch", disabled=bool(refusal),
    )  # fmt: skip
    if refusal:
        st.caption(f"{literal(refusal[0].upper() + refusal[1:])}.")


def _button(label: str, name: str, make: Callable[[], str]) -> None:
    st.download_button(
        label, make, file_name=f"skipscope-{name}.csv", mime="text/csv", key=f"export_{name}", on_click="ignore",
        width="stretch",
    )  # fmt: skip


def table_csv(rows: Sequence[run_table.TableRow]) -> str:
    """Return the rows of the table, times in seconds since 1970."""
    cells = [
        {"run": row.id, "arm": row.arm}
        | {key: value for key, value in asdict(row).items() if key not in ("id", *_DRAWN)}
        | {"state": row.state.value, "test": row.test, "tested": row.tested}
        for row in rows
    ]
    return _csv(cells)


def settings_csv(runs: Sequence[int]) -> str:
    """Return the configurations: a row for each run, a column for each setting and version."""
    return _csv(selection.settings_table(runs))


def _csv(cells: Sequence[Mapping[str, object]]) -> str:
    """Return a table without the folders of this machine."""
    import pandas as pd  # the server's start does not wait for it

    rows = [
        {
            key: exports.cell(exports.portable_text(value)) if isinstance(value, str) else value
            for key, value in row.items()
        }
        for row in cells
    ]
    text: str = pd.DataFrame(rows).to_csv(index=False)
    return text
