"""The tables of the page "Runs": frames of plain columns, and the configuration of each column."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from app import theme
from app.data import run_table, streaming

_ERROR = "%.1f"
_TIME = "YYYY-MM-DD HH:mm"


def runs_frame(rows: Sequence[run_table.TableRow], sizes: Mapping[int, int]) -> pd.DataFrame:
    """Return one row per run; ``sizes`` are the bytes of each run's files."""
    return pd.DataFrame(
        {
            "run": [row.id for row in rows],
            "arm": [arm_of(row) for row in rows],
            "state": [in_words(row.state.value) for row in rows],
            "spark": [list(row.spark) for row in rows],
            "training": _numbers(row.training for row in rows),
            "clean": _numbers(row.clean for row in rows),
            "test": _numbers(row.test for row in rows),
            "tested": [row.tested for row in rows],
            "done": [min(100.0, 100 * row.step / max(1, row.total_steps)) for row in rows],
            "step": [row.step for row in rows],
            "total": [row.total_steps for row in rows],
            "race": [row.race for row in rows],
            "name": [row.race_name for row in rows],
            "data": [row.data for row in rows],
            "seed": [row.seed for row in rows],
            "started": [_moment(row.started) for row in rows],
            "seconds": [round(row.seconds) for row in rows],
            "device": [_device(row) for row in rows],
            "disk": [sizes.get(row.id, 0) for row in rows],
            "note": [row.note for row in rows],
        }
    )


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
            help=f"Running training error now: mean of the last {streaming.RUNNING_WINDOW} steps."
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


def races_frame(sums: Sequence[run_table.RaceSum], sizes: Mapping[int, int]) -> pd.DataFrame:
    """Return one row per race."""
    return pd.DataFrame(
        {
            "race": [found.id for found in sums],
            "name": [found.name for found in sums],
            "arms": [", ".join(found.arms) for found in sums],
            "runs": [len(found.runs) for found in sums],
            "states": [", ".join(f"{count} {state}" for state, count in found.states.items()) for found in sums],
            "lowest": _numbers(found.lowest.training if found.lowest else None for found in sums),
            "lowest_arm": [arm_of(found.lowest) if found.lowest else "" for found in sums],
            "highest": _numbers(found.highest.training if found.highest else None for found in sums),
            "highest_arm": [arm_of(found.highest) if found.highest else "" for found in sums],
            "data": [", ".join(found.data) for found in sums],
            "seeds": [found.seeds for found in sums],
            "created": [_moment(found.created) for found in sums],
            "disk": [sum(sizes.get(run, 0) for run in found.runs) for found in sums],
        }
    )


def races_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``races_frame``."""
    column = st.column_config
    now = f"Running training error at the last step of each run: mean of its last {streaming.RUNNING_WINDOW} steps."
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
    """Return the arm of a run, with the parent of a fork."""
    return row.arm if row.parent_run is None else f"{row.arm}, fork of run {row.parent_run}"


def in_words(state: str) -> str:
    """Return a state as symbol and word."""
    return f"{theme.STATES[state][0]} {state}"


def _device(row: run_table.TableRow) -> str:
    threads = f"{row.threads} thread{'s' * (row.threads > 1)}" if row.threads else ""
    return ", ".join(filter(None, (row.device, row.precision, threads)))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)


def _numbers(values: Any) -> pd.Series:
    return pd.Series(list(values), dtype="float64")
