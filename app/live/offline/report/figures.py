"""The figures of a report: the curves of the error by family, and the responses of the layers at the end (Fig. 7)."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from app.data import probes
from app.data.streaming import RUNNING_WINDOW
from app.live.offline.report.plot import Axis, Line, chart, thinned
from app.live.shared.run import Run, run_colors

#: The quantity of the paper's Fig. 7.
RESPONSE = "response_std"
_SEED = re.compile(r" s\d+\b")
_NAMES = {True: "plain", False: "with shortcuts"}
#: What is drawn of the training and of the test images.
_SPLITS = ("train", "test_subset")


def curves(document: Mapping[str, Any], looks: Sequence[Run]) -> str:
    """Return the training and test errors over the steps: plain nets and nets with shortcuts on one scale."""
    last = max((card["total_steps"] for card in document["cards"]), default=1)
    x, y = Axis(0, max(1, last), "step"), Axis(0, 100, "error (%)")
    panels, drawn, total = [], 0, 0
    for plain in (True, False):
        family = [run for run in looks if run["plain"] is plain and str(run["run"]) in document["runs"]]
        if family:
            of = [document["runs"][str(run["run"])] for run in family]
            lines = [line for series, run in zip(of, family, strict=True) for line in _errors(series, _color(run))]
            drawn += sum(len(line.x) for line in lines)
            total += sum(series["total"][split] for series in of for split in _SPLITS)
            panels.append(_panel(chart(_NAMES[plain], lines, x, y), family))
    words = (
        f"Solid: training error, mean of up to {RUNNING_WINDOW} steps. Dotted: test error. Each line is one run; "
        f"deeper nets are darker.{_points(drawn, total)}{_not_drawn(document)}"
    )
    return _figure(panels, words)


def _errors(series: Mapping[str, Any], color: str) -> Iterable[Line]:
    train, test = (series[split] for split in _SPLITS)
    yield thinned(Line(train["step"], _numbers(train["running_error"]), color))
    yield thinned(Line(test["step"], _numbers(test["error"]), color, 1.1, "1 3"))


def _points(drawn: int, total: int) -> str:
    """Return how many points are drawn, '' for all of them."""
    return f" {drawn:,} of {total:,} points are drawn, extremes kept." if drawn < total else ""


def _not_drawn(document: Mapping[str, Any]) -> str:
    """Return which imported lines stand beside these runs, '' for none: they belong to neither family."""
    names = [" ".join(line["name"].split()) for line in document.get("ghosts", ())]
    return f" Not drawn: {'the imported line' + 's' * (len(names) > 1)} {', '.join(names)}." if names else ""


def responses(runs: Sequence[Run]) -> str:
    """Return the standard deviation of each layer's response at the last probe of each run, '' where none is stored."""
    inside = probes.inside([run["run"] for run in runs], [RESPONSE], 600)
    found = {run: columns.arrays[RESPONSE][-1] for run, columns in inside.columns.items() if RESPONSE in columns.arrays}
    values = np.concatenate([*found.values(), np.empty(0)])
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return ""
    panels = []
    low, high = float(values.min()) / 1.15, float(values.max()) * 1.15
    deepest = max(len(values) for values in found.values())
    x, y = Axis(1, max(2, deepest), "layer, from the input to the output"), Axis(low, high, "response std", log=True)
    for plain in (True, False):
        family = [run for run in runs if run["plain"] is plain and run["run"] in found]
        lines = [Line(range(1, len(found[run["run"]]) + 1), found[run["run"]], _color(run)) for run in family]
        if family:
            panels.append(_panel(chart(_NAMES[plain], lines, x, y), family))
    steps = sorted({columns.probes[-1].step for columns in inside.columns.values() if columns.probes})
    words = (
        f"Standard deviation of each layer's response at the last probe, step "
        f"{' / '.join(f'{step:,}' for step in steps)}, on a fixed batch of training images in training mode. "
        "As Fig. 7 of He et al. (2015), in the order of the layers."
    )
    return _figure(panels, words)


def _panel(svg: str, family: Sequence[Run]) -> str:
    """Return a chart and the names of its lines: the seeds of an arm look alike and have one name."""
    seeds = defaultdict(list)
    for run in family:
        seeds[_color(run)].append(run["label"])
    names = "".join(f'<li><i style="background: {color}"></i>{escape(_name(of))}</li>' for color, of in seeds.items())
    return f'<div class="panel">{svg}<ul class="legend">{names}</ul></div>'


def _name(labels: Sequence[str]) -> str:
    arms = dict.fromkeys(_SEED.sub("", label) for label in labels)
    return labels[0] if len(labels) == 1 else f"{', '.join(arms)} ({len(labels)} runs)"


def _figure(panels: Sequence[str], words: str) -> str:
    return f'<figure><div class="panels">{"".join(panels)}</div><figcaption>{escape(words)}</figcaption></figure>'


def _color(run: Run) -> str:
    return run_colors(run)["color"]["light"]


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]
