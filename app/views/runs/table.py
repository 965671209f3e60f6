"""The tables of the page "Runs": frames, and the configuration of each column."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd
import streamlit as st

from app import theme
from app.data import run_table, streaming

#: Columns of errors in percent, and their format.
_ERRORS, _ERROR = ("training", "clean", "test"), "%.1f"
_TIME = "YYYY-MM-DD HH:mm"


def runs_frame(rows: Sequence[run_table.TableRow], sizes: Mapping[int, int]) -> pd.DataFrame:
    """Return one row per run; ``sizes`` are the bytes of each run's files."""
    cells = [_cells(row, sizes.get(row.id, 0)) for row in rows]
    return pd.DataFrame(cells, columns=list(runs_columns())).astype(dict.fromkeys(_ERRORS, "float64"))


def _cells(row: run_table.TableRow, size: int) -> dict[str, Any]:
    threads = f"{row.threads} thread{'s' * (row.threads > 1)}" if row.threads else ""
    return {
        "run": row.id, "arm": arm_of(row), "state": in_words(row.state.value), "spark": list(row.spark),
        **{name: getattr(row, name) for name in (*_ERRORS, "tested", "step", "race", "data", "seed", "note")},
        "done": min(100.0, 100 * row.step / max(1, row.total_steps)), "total": row.total_steps, "name": row.race_name,
        "started": _moment(row.started), "seconds": round(row.seconds),
        "device": ", ".join(filter(None, (row.device, row.precision, threads))), "disk": size,
    }  # fmt: skip


def runs_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``runs_frame``."""
    column = st.column_config
    return {
        "run": column.NumberColumn("run", format="%d", help="The number of the run on the command line."),
        "arm": column.TextColumn("arm", width=140),
        "state": column.TextColumn("state", width=105),
        "spark": column.LineChartColumn(
            "training error", y_min=0, y_max=100, width=120,
            help="Running training error from the first to the last step, 0 to 100 % in every row.",
        ),
        "training": column.NumberColumn(
            "training %",
            format=_ERROR,
            help=f"Running training error now: mean of up to {streaming.RUNNING_WINDOW} steps."
        ),
        "clean": column.NumberColumn(
            "clean %", format=_ERROR, help="Error on a fixed, un-augmented training subset in eval mode, measured last."
        ),
        "test": column.NumberColumn("test %", format=_ERROR, help="The newest test error; next to it its images."),
        "tested": column.TextColumn(
            "tested on", width=120,
            help="All test images, or the size of a fixed subset; with the step of the test if the run went on.",
        ),
        "done": column.ProgressColumn("done", min_value=0, max_value=100, format="%d %%", width=100),
        "step": column.NumberColumn("steps", format="localized"),
        "total": column.NumberColumn("of steps", format="localized"),
        "race": column.NumberColumn("race", format="%d"),
        "name": column.TextColumn("race's name", width=160),
        "data": column.TextColumn("data"),
        "seed": column.NumberColumn("seed", format="%d"),
        "started": column.DatetimeColumn("started", format=_TIME),
        "seconds": column.NumberColumn("seconds", format="localized", help="Seconds of training, pauses left out."),
        "device": column.TextColumn("device, precision"),
        "disk": column.NumberColumn("on disk", format="bytes", help="Checkpoints and log of the run."),
        "note": column.TextColumn("note", width=320),
    }  # fmt: skip


def races_frame(rows: Sequence[run_table.TableRow], sizes: Mapping[int, int]) -> pd.DataFrame:
    """Return one row per race of these runs, which are in order of their races."""
    # By hand: pandas' groupby takes three times as long.
    cells = [_race_cells(list(runs), sizes) for _, runs in groupby(rows, key=attrgetter("race"))]
    return pd.DataFrame(cells, columns=list(races_columns())).astype({"lowest": "float64", "highest": "float64"})


def _race_cells(runs: Sequence[run_table.TableRow], sizes: Mapping[int, int]) -> dict[str, Any]:
    measured = [row for row in runs if row.training is not None]
    lowest = min(measured, key=attrgetter("training"), default=None)
    highest = max(measured, key=attrgetter("training"), default=None)
    states = Counter(row.state.value for row in runs)
    return {
        "race": runs[0].race, "name": runs[0].race_name, "arms": ", ".join(dict.fromkeys(row.arm for row in runs)),
        "runs": len(runs), "states": ", ".join(f"{count} {state}" for state, count in states.items()),
        "lowest": lowest and lowest.training, "lowest_arm": arm_of(lowest) if lowest else "",
        "highest": highest and highest.training, "highest_arm": arm_of(highest) if highest else "",
        "data": ", ".join(dict.fromkeys(row.data for row in runs)), "seeds": len({row.seed for row in runs}),
        "created": _moment(min(row.created for row in runs)), "disk": sum(sizes.get(row.id, 0) for row in runs),
    }  # fmt: skip


def races_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``races_frame``."""
    column = st.column_config
    now = f"Running training error at the last step of each run: mean of up to {streaming.RUNNING_WINDOW} steps."
    return {
        "race": column.NumberColumn("race", format="%d"),
        "name": column.TextColumn("name", width=180),
        "arms": column.TextColumn("arms", width=220),
        "runs": column.NumberColumn("runs"),
        "states": column.TextColumn("states", width=170),
        "lowest": column.NumberColumn("lowest training %", format=_ERROR, help=now),
        "lowest_arm": column.TextColumn("of"),
        "highest": column.NumberColumn("highest training %", format=_ERROR, help=now),
        "highest_arm": column.TextColumn("of"),
        "data": column.TextColumn("data"),
        "seeds": column.NumberColumn("seeds"),
        "created": column.DatetimeColumn("created", format=_TIME),
        "disk": column.NumberColumn("on disk", format="bytes", help="Checkpoints and logs of its runs."),
    }


def arm_of(row: run_table.TableRow) -> str:
    """Return the arm of a run, with the parent of a fork, and what makes the run an arm of its own."""
    fork = "" if row.parent_run is None else f"fork of run {row.parent_run}"
    # A fork without a change is named by its parent alone.
    difference = "" if fork and row.difference.startswith("fork at") else row.difference
    return ", ".join(filter(None, (row.arm, fork, difference)))


def in_words(state: str) -> str:
    """Return a state as symbol and word."""
    return f"{theme.STATES[state][0]} {state}"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
