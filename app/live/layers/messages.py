"""What the browser gets of probes: nets, quantities and panels; columns as 16-bit codes in base64 inside compact JSON.

A code c of a quantity with ``low``, ``high`` and ``scale``: 0 is no value (NaN or not measured), 65535 is +infinity,
and 1 to 65534 the place p = (c - 1) / 65533: low + p (high - low) on a linear scale, l (h / l)^p on a logarithmic one
with l = low / 10,000 and h = 10,000 high. Values beyond are clamped. The error is 0.06 % over 16 decades.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from app.data import probes, races
from app.live.shared.run import Run, run_colors
from app.live.stream.sse import short

NOTHING, INFINITE, TOP = 0, 65535, 65534
#: Factor by which a logarithmic code exceeds the quantity's range: exploding values must stay visible.
WIDER = 1e4
#: Quantities of profiles and maps have one value per layer, block or part of a block.
DRAWN = ("layer", "relu", "block", "sublayer")
_ROWS = {row.name: row for row in probes.quantities()}

Layout = Literal["layers", "gradients"]

#: The first quantity of a layout, titles of quantities and side charts. ``always`` is fetched with every choice.
LAYOUTS: dict[Layout, dict[str, Any]] = {
    "layers": {
        "quantity": "response_std",
        "titles": {"response_std": "How strongly each layer responds"},
        "families": ("responses", "gradients", "directions"),
        "forms": ["order", "sorted"],
        "sides": [],
        "growth": False,
        "always": [],
    },
    "gradients": {
        "quantity": "gradient_response",
        "titles": {"gradient_response": "How strong the gradient is at each layer"},
        "families": ("gradients", "directions"),
        "forms": ["order"],
        "sides": [("gradient_cosine", "Direction"), ("activation_cosine", "Likeness")],
        "growth": True,
        "always": ["gradient_growth", "gradient_cosine", "activation_cosine"],
    },
}
#: Style sheets of the page beside its own, by their paths below ``app/live``.
STYLES = ("shared/export/buttons.css", "shared/presentation/presentation.css", "shared/replay/replay.css")


def codes(values: np.ndarray, scale: str, low: float, high: float) -> np.ndarray:
    """Return the codes of an array of any shape, uint16."""
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "log":
            low, high = low / WIDER, high * WIDER
            place = np.log(np.maximum(values, 0.0) / low) / math.log(high / low)
        else:
            place = (values - low) / (high - low)
    finite = np.clip(np.nan_to_num(place, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    coded = 1 + np.round(finite * (TOP - 1))
    coded = np.where(np.isposinf(values), INFINITE, coded)
    return np.where(np.isnan(values) | np.isneginf(values), NOTHING, coded).astype("<u2")


def packed(name: str, values: np.ndarray) -> str:
    """Return the codes of a quantity's values as base64 text, in C order."""
    row = _ROWS[name]
    return base64.b64encode(codes(values, row.scale, row.low, row.high).tobytes()).decode("ascii")


def cursor_text(inside: probes.Inside) -> str:
    """Return the cursor of a stream as text."""
    return f"{inside.cursor[0]}.{inside.cursor[1]}"


def history_document(inside: probes.Inside) -> dict[str, Any]:
    """Return the answer of ``/live/probes/history``."""
    runs = {
        str(run): {
            "total": columns.total,
            "steps": [probe.step for probe in columns.probes],
            "planned": inside.planned[run],
            "share": _share(columns, -1) if columns.probes else None,
            "images": columns.probes[-1].images if columns.probes else 0,
            **_places(inside, run),
            "arrays": {name: packed(name, values) for name, values in columns.arrays.items()},
        }
        for run, columns in inside.columns.items()
    }
    document = {"cursor": cursor_text(inside), "runs": runs, "cards": inside.run_summaries, "f": _findings(inside)}
    return document | ({"d": inside.deleted} if inside.deleted else {})


def news_document(inside: probes.Inside) -> dict[str, Any]:
    """Return a stream message without its cursor; empty without news.

    ``l`` holds the layers and blocks of runs with their first column, ``f`` the findings by step.
    """
    columns = [
        [run, probe.step, _share(found, index), {name: packed(name, v[index]) for name, v in found.arrays.items()}]
        for run, found in inside.columns.items()
        for index, probe in enumerate(found.probes)
    ]
    layers = {str(run): _places(inside, run) for run in inside.layers}
    parts = {"l": layers, "b": columns, "f": _findings(inside), "c": inside.run_summaries, "d": inside.deleted}
    return {key: part for key, part in parts.items() if part}


def moment_document(moment: probes.LayerMoment) -> dict[str, Any]:
    """Return one layer at one moment, channels largest first."""
    return {
        "step": moment.step,
        "layer": moment.layer,
        "index": moment.index,
        "of": moment.of,
        "std": short(moment.std, 4),
        **histogram_document(moment.histogram),
        "channels": [short(value, 3) for value in (-np.sort(-moment.channels)).tolist()],
    }


def histogram_document(histogram: np.ndarray) -> dict[str, Any]:
    """Return the shares of the bins, and the share of values that are not finite."""
    values = [short(value, 3) for value in histogram.tolist()]
    return {"histogram": values[:-1], "not_finite": values[-1] if values else 0}


def _findings(inside: probes.Inside) -> dict[int, Any]:
    findings = {}
    for step, found in inside.findings.items():
        text, place = (found.headline.text, found.headline.place) if found.headline else ("", None)
        marked = place and [place.arm, place.first, place.last, place.word]
        findings[step] = [found.opening, found.arms, found.closing, text, marked]
    return findings


def _places(inside: probes.Inside, run: int) -> dict[str, Any]:
    rows = inside.layers.get(run, [])
    return {f"{kind}s": [[row.name, row.stage, row.channels] for row in rows if row.kind == kind] for kind in DRAWN}


def _share(columns: probes.Columns, index: int) -> float | None:
    seconds = columns.probes[index].seconds
    return short(columns.took_s[index] / seconds, 3) if seconds > 0 else None


def over_time_document(run: int, layer: str, steps: Sequence[int], histograms: np.ndarray) -> dict[str, Any]:
    """Return the answer of ``/live/probes/detail?over=1``."""
    parts = [histogram_document(histogram) for histogram in histograms]
    shares, not_finite = ([part[name] for part in parts] for name in ("histogram", "not_finite"))
    return {"run": run, "layer": layer, "steps": list(steps), "histograms": shares, "not_finite": not_finite}


def shown_probes(runs: Sequence[Run], layout: Layout, race: races.Race) -> dict[str, Any]:
    """Return the data of a page of probes but for those of every component."""
    chosen = LAYOUTS[layout]
    rows = [row for row in probes.quantities() if race.family in row.families]
    return {
        "race": race.id,
        "runs": [
            {
                "run": run["run"],
                "label": run["label"],
                "family": "plain" if run["plain"] else "residual",
                **run_colors(run),
            }
            for run in runs
        ],
        "layout": layout,
        **{name: chosen[name] for name in ("quantity", "titles", "forms", "sides", "growth", "always")},
        "offered": [row.name for row in rows if row.per in DRAWN and row.family in chosen["families"]],
        "quantities": [asdict(row) | {"noun": row.noun(race.family)} for row in rows],
        "absence": probes.absence(race.family),
        "edges": probes.histogram_edges(),
    }
