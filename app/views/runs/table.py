"""The tables of the page "Runs": frames, and the configuration of each column."""

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import streamlit as st

from app import theme
from app.data import options, run_table, streaming

if TYPE_CHECKING:
    import pandas as pd

#: Columns of errors in percent, and their format.
_ERRORS, _ERROR = ("training", "clean", "test"), "%.1f"
_TIME = "YYYY-MM-DD HH:mm"
#: Pixels of the small pictures: a mark, and a sparkline.
_MARK_PX, _SPARK_WIDTH_PX, _SPARK_HEIGHT_PX = 24, 100, 26


def runs_frame(rows: Sequence[run_table.TableRow], sizes: Mapping[int, int], scheme: str = "light") -> "pd.DataFrame":
    """Return one row per run; ``sizes`` are the bytes of each run's files, ``scheme`` is light or dark."""
    looks, sparks = looks_of(rows), run_table.sparklines(rows)
    cells = [_cells(row, sizes.get(row.id, 0), (looks[row.id], sparks[row.id]), scheme) for row in rows]
    return frame(cells, runs_columns(), (*_ERRORS, "lr"))


def frame(cells: list[dict[str, Any]], columns: Mapping[str, Any], numbers: Sequence[str]) -> "pd.DataFrame":
    """Return a table with these columns; ``numbers`` names those of numbers that may be missing."""
    import pandas as pd  # half a second, which the server does not wait for at its start

    return pd.DataFrame(cells, columns=list(columns)).astype(dict.fromkeys(numbers, "float64"))


def looks_of(rows: Sequence[run_table.TableRow]) -> dict[int, theme.Look]:
    """Return the look of each run, as in the chart of its race; the rows are in order of their races."""
    found: dict[int, theme.Look] = {}
    for _, of_race in groupby(rows, key=attrgetter("race")):
        runs = list(of_race)
        # As in the picker: a fork looks like a variant of its own.
        names = {row.id: row.shortcut if row.parent_run is None else f"{row.shortcut} {row.id}" for row in runs}
        looks = theme.looks([*json.loads(runs[0].race_shortcuts), *(names[run] for run in sorted(names))])
        found |= {run: looks[name] for run, name in names.items()}
    return found


def mark(look: theme.Look, depth: int, scheme: str) -> str:
    """Return the mark of an arm in its colour, as a picture."""
    return _mark(theme.MARKS[look.mark], theme.line_color(look.color, depth, scheme))


@functools.lru_cache(1024)
def _mark(glyph: str, color: str) -> str:
    middle = _MARK_PX / 2
    place = f"x='{middle}' y='{middle}' dy='.36em' font-size='20' text-anchor='middle'"
    return _picture(_MARK_PX, _MARK_PX, f"<text {place} fill='{color}'>{glyph}</text>")


@functools.lru_cache(4096)
def _spark(values: tuple[float, ...], color: str) -> str:
    """Return a sparkline from 0 to 100 % as a picture."""
    across, up = (_SPARK_WIDTH_PX - 2) / max(1, len(values) - 1), (_SPARK_HEIGHT_PX - 3) / 100
    points = " ".join(f"{1 + at * across:.0f},{1.5 + (100 - value) * up:.1f}" for at, value in enumerate(values))
    line = f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='1.6'/>"
    return _picture(_SPARK_WIDTH_PX, _SPARK_HEIGHT_PX, line)


def _picture(width: int, height: int, content: str) -> str:
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>{content}</svg>"
    return f"data:image/svg+xml;utf8,{quote(svg, safe=' =:/<>')}"


def _cells(
    row: run_table.TableRow, size: int, pictures: tuple[theme.Look, tuple[float, ...]], scheme: str
) -> dict[str, Any]:
    look, spark = pictures
    threads = f"{row.threads} thread{'s' * (row.threads > 1)}" if row.threads else ""
    return {
        "run": row.id, "mark": mark(look, row.depth, scheme), "arm": arm_of(row), "state": standing(row),
        "spark": _spark(spark, theme.line_color(look.color, row.depth, scheme)) if spark else None,
        **{name: getattr(row, name) for name in (*_ERRORS, "tested", "race", "data", "seed", "note")},
        "optimizer": options.OPTIMIZERS[row.optimizer], "lr": row.lr if isinstance(row.lr, float) else None,
        "name": row.race_name, "started": _moment(row.started), "seconds": round(row.seconds),
        "device": ", ".join(filter(None, (row.device, row.precision, threads))), "disk": size,
    }  # fmt: skip


def runs_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``runs_frame``, in their order."""
    column = st.column_config
    return {
        "run": column.NumberColumn("run", format="%d", width=44, help="The number of the run on the command line."),
        "mark": column.ImageColumn("", width=32, help="Colour and mark of the arm, as in the chart of its race."),
        # So narrow that the errors behind it are seen on a phone too.
        "arm": column.TextColumn("arm", width=115),
        "seed": column.NumberColumn("seed", format="%d", width=45),
        "training": column.NumberColumn(
            "training %", format=_ERROR, width=85,
            help=f"Running training error now: mean of up to {streaming.RUNNING_WINDOW} steps.",
        ),
        "state": column.TextColumn("state", width=165, help="With the steps done; of how many while there are more."),
        "clean": column.NumberColumn(
            "clean %", format=_ERROR, width=75,
            help="Clean training error: on fixed training images without augmentation, in eval mode, measured last.",
        ),
        "test": column.NumberColumn("test %", format=_ERROR, width=70, help="The newest test error."),
        "race": column.NumberColumn("race", format="%d", width=50),
        "spark": column.ImageColumn(
            "training error", width=120,
            help="Running training error from the first to the last step, 0 to 100 % in every row.",
        ),
        "optimizer": column.TextColumn("optimizer", width=80),
        "lr": column.NumberColumn("rate", format="%g", width=65, help="The base learning rate; empty until tuned."),
        "note": column.TextColumn("note", width=300),
        "tested": column.TextColumn(
            "tested on", width=120,
            help="All test images, or the size of a fixed subset; with the step of the test if the run went on.",
        ),
        "name": column.TextColumn("race's name", width=160),
        "data": column.TextColumn("data"),
        "started": column.DatetimeColumn("started", format=_TIME),
        "seconds": column.NumberColumn("seconds", format="localized", help="Seconds of training, pauses left out."),
        "device": column.TextColumn("device, precision"),
        "disk": column.NumberColumn("on disk", format="bytes", help="Checkpoints and log of the run."),
    }  # fmt: skip


def races_frame(rows: Sequence[run_table.TableRow], sizes: Mapping[int, int]) -> "pd.DataFrame":
    """Return one row per race of these runs, which are in order of their races."""
    # By hand: pandas' groupby takes three times as long.
    cells = [_race_cells(list(runs), sizes) for _, runs in groupby(rows, key=attrgetter("race"))]
    return frame(cells, races_columns(), ("lowest", "highest"))


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
        "race": column.NumberColumn("race", format="%d", width=50),
        "name": column.TextColumn("name", width=130),
        "lowest": column.NumberColumn("lowest training %", format=_ERROR, width=125, help=now),
        "lowest_arm": column.TextColumn("of", width=80),
        "highest": column.NumberColumn("highest training %", format=_ERROR, width=125, help=now),
        "highest_arm": column.TextColumn("of", width=80),
        "arms": column.TextColumn("arms", width=220),
        "runs": column.NumberColumn("runs"),
        "states": column.TextColumn("states", width=170),
        "data": column.TextColumn("data"),
        "seeds": column.NumberColumn("seeds"),
        "created": column.DatetimeColumn("created", format=_TIME),
        "disk": column.NumberColumn("on disk", format="bytes", help="Checkpoints and logs of its runs."),
    }


def arm_of(row: run_table.TableRow, parent: bool = True) -> str:
    """Return the arm of a run, with the ``parent`` of a fork, and what makes the run an arm of its own."""
    fork = "" if row.parent_run is None or not parent else f"fork of run {row.parent_run}"
    # A fork without a change is named by its parent alone.
    difference = "" if fork and row.difference.startswith("fork at") else row.difference
    return ", ".join(filter(None, (row.arm, fork, difference)))


def standing(row: run_table.TableRow) -> str:
    """Return the state as symbol and word with the steps done, as in ``▶ running 120 of 240``."""
    steps = f"{row.step:,}" if row.step == row.total_steps else f"{row.step:,} of {row.total_steps:,}"
    return f"{theme.STATES[row.state.value][0]} {row.state.value} {steps}"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
