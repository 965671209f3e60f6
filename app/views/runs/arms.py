"""The table by arm: the seeds of an arm as one row, each error as a mean with its 95 % interval."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.data import run_table
from app.views.runs import table
from engine.analysis.comparison import by, in_mean
from engine.analysis.interval import Interval, interval

_ERRORS = ("training", "clean", "test")


def groups(rows: Iterable[run_table.TableRow]) -> list[list[run_table.TableRow]]:
    """Return the runs of each arm of each race; a run with a difference stands with those of the same difference.

    No group has a seed twice: the second run of a seed begins another group.
    """
    nth: Counter[tuple[Any, ...]] = Counter()

    def key(row: run_table.TableRow) -> tuple[Any, ...]:
        arm = (row.race, row.depth, row.shortcut, row.difference)
        nth[(*arm, row.seed)] += 1
        return (*arm, nth[(*arm, row.seed)])

    return list(by(rows, key).values())


def arms_frame(grouped: Sequence[Sequence[run_table.TableRow]], scheme: str) -> pd.DataFrame:
    """Return one row per group, by the number of its first run."""
    looks = table.looks_of([row for rows in grouped for row in rows])
    cells = [_cells(rows, table.mark(looks[rows[0].id], rows[0].depth, scheme)) for rows in grouped]
    return pd.DataFrame(cells, columns=list(arms_columns())).astype(dict.fromkeys(_ERRORS, "float64"))


def _cells(rows: Sequence[run_table.TableRow], mark: str) -> dict[str, Any]:
    counted = in_mean([(row.state, row.step) for row in rows])
    of_mean = [row for row, counts in zip(rows, counted, strict=True) if counts]
    cells: dict[str, Any] = {}
    for name in _ERRORS:
        # A mean of fewer seeds than its neighbour's would look like one of the same.
        values = [value for row in of_mean if (value := getattr(row, name)) is not None]
        found = interval(values) if values and len(values) == len(of_mean) else None
        cells |= {name: found and found.mean, f"{name}_interval": _in_words(found)}
    steps = sorted({row.step for row in of_mean})
    states = Counter(row.state.value for row in rows)
    return {
        "first": rows[0].id, "mark": mark, "arm": table.arm_of(rows[0], len(rows) == 1), "race": rows[0].race,
        "seeds": f"{len(of_mean)} of {len(rows)}" if len(of_mean) < len(rows) else f"{len(rows)}",
        **cells, "step": " to ".join(f"{step:,}" for step in (steps if len(steps) < 3 else (steps[0], steps[-1]))),
        "states": ", ".join(f"{count} {state}" for state, count in states.items()), "name": rows[0].race_name,
        "data": rows[0].data,
    }  # fmt: skip


def _in_words(found: Interval | None) -> str:
    if found is None or found.low is None or found.high is None:
        return ""
    return f"{max(0.0, found.low):.1f} to {min(100.0, found.high):.1f}"


def arms_columns() -> dict[str, Any]:
    """Return the configuration of the columns of ``arms_frame``."""
    column = st.column_config
    means = {
        "training": "Mean running training error at the last step.",
        "clean": "Mean error on a fixed, un-augmented training subset in eval mode, measured last.",
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
        "arm": column.TextColumn("arm", width=200),
        "race": column.NumberColumn("race", format="%d", width=50),
        "seeds": column.TextColumn(
            "seeds", width=70,
            help="Seeds of the means: those that finished, before the first one those on their way. Forks and changed "
            "runs are arms of their own.",
        ),
        **errors,
        "step": column.TextColumn("at step", width=90),
        "states": column.TextColumn("states", width=160),
        "name": column.TextColumn("race's name", width=160),
        "data": column.TextColumn("data"),
    }  # fmt: skip
