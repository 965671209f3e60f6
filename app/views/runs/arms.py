"""The table by arm: the seeds of an arm as one row, each error as a mean with its 95 % interval."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.data import run_table
from app.views.runs import table

if TYPE_CHECKING:
    import pandas as pd

_ERRORS = ("training", "clean", "test")


def arms_frame(grouped: Sequence[Sequence[run_table.TableRow]], scheme: str) -> "pd.DataFrame":
    """Return one row per group, by the number of its first run."""
    looks = table.looks_of([row for rows in grouped for row in rows])
    cells = [_cells(rows, table.mark(looks[rows[0].id], rows[0].depth, scheme)) for rows in grouped]
    return table.frame(cells, arms_columns(), _ERRORS)


def _cells(rows: Sequence[run_table.TableRow], mark: str) -> dict[str, Any]:
    of_mean = run_table.of_mean(rows)
    cells: dict[str, Any] = {}
    for name in _ERRORS:
        mean, low, high = run_table.mean(of_mean, name) or (None, None, None)
        cells |= {name: mean, f"{name}_interval": _in_words(low, high)}
    steps = sorted({row.step for row in of_mean})
    states = Counter(row.state.value for row in rows)
    return {
        "first": rows[0].id, "mark": mark, "arm": table.arm_of(rows[0], len(rows) == 1), "race": rows[0].race,
        "seeds": f"{len(of_mean)} of {len(rows)}" if len(of_mean) < len(rows) else f"{len(rows)}",
        **cells, "step": " to ".join(f"{step:,}" for step in (steps if len(steps) < 3 else (steps[0], steps[-1]))),
        "states": ", ".join(f"{count} {state}" for state, count in states.items()), "name": rows[0].race_name,
        "data": rows[0].data,
    }  # fmt: skip


def _in_words(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{max(0.0, low):.1f} to {min(100.0, high):.1f}"


def arms_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``arms_frame``."""
    column = st.column_config
    means = {
        "training": "Mean running training error at the last step.",
        "clean": "Mean clean training error: on fixed training images without augmentation, measured last.",
        "test": "Mean of the newest test errors.",
    }
    errors: dict[str, Any] = {}
    for name, text in means.items():
        errors[name] = column.NumberColumn(f"{name} %", format="%.1f", width=80, help=text)
        errors[f"{name}_interval"] = column.TextColumn(
            "95 % interval", width=105, help="Student's t interval of the mean over seeds; none with one seed."
        )
    return {
        "first": column.NumberColumn("run", format="%d", width=50, help="The number of the first run of the arm."),
        "mark": column.ImageColumn("", width=35),
        "arm": column.TextColumn("arm", width=130),
        **errors,
        "race": column.NumberColumn("race", format="%d", width=50),
        "seeds": column.TextColumn(
            "seeds", width=70,
            help="Seeds of the means: those that finished, before the first one those on their way. Forks and changed "
            "runs are arms of their own.",
        ),
        "step": column.TextColumn("at step", width=90),
        "states": column.TextColumn("states", width=160),
        "name": column.TextColumn("race's name", width=160),
        "data": column.TextColumn("data"),
    }  # fmt: skip
