"""The documents of the offline file of some runs, and what of their record it leaves out. Reads the lent workspace."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.data import probes
from app.data.exchange import offline
from app.data.recording.recording import recording
from app.data.streaming import RUNNING_WINDOW
from app.live.layers import messages as layer_messages
from app.live.offline.race.columns import encoded
from app.live.race.messages import recording_document
from app.live.race.routes import usual_points

#: Steps of all runs together that are kept for zooms.
MAX_STEPS = 300_000
#: Numbers of layer statistics, and columns of a run at most: what the map of the page takes.
MAX_CODES, MAX_COLUMNS, MIN_COLUMNS = 160_000, 600, 8
#: What is kept of the layers where even few columns of all quantities are too many.
_MAIN = ("response_std", "gradient_response")


@dataclass(frozen=True, slots=True)
class Steps:
    """Every step of the runs: ``index`` by run as of ``columns.encoded``, ``data``, how many of how many are kept."""

    index: dict[str, Any]
    data: bytes
    kept: int
    total: int


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers' statistics as ``/live/probes/history`` has them, findings by quantity; probes kept of all."""

    document: dict[str, Any]
    quantities: list[str]
    kept: int
    total: int


def race_document(runs: Sequence[int]) -> dict[str, Any]:
    """Return what a replay plays, as ``/live/recording`` has it, with runs that have ended and portable texts."""
    document: dict[str, Any] = json.loads(recording_document(recording(runs, usual_points(len(runs)))))
    document["cards"] = [offline.ended(card) for card in document["cards"]]
    del document["remarks"]
    return {key: value if key == "runs" else offline.portable(value) for key, value in document.items()}


def all_steps(document: dict[str, Any]) -> Steps:
    """Return the steps of the runs whose curves in a race's document lack some of them."""
    index: dict[str, Any] = {}
    parts: list[bytes] = []
    kept = total = at = 0
    share = MAX_STEPS // max(1, len(document["cards"]))
    for card in document["cards"]:
        shown = document["runs"].get(str(card["run"]), {})
        count = shown.get("total", {}).get("train", 0)
        total += count
        if count <= len(shown.get("train", {}).get("step", ())):
            kept += count
            continue
        columns, _ = offline.training(card["run"], share)
        own, data = encoded(columns, card["batch_size"], RUNNING_WINDOW)
        index[str(card["run"])] = {**own, "at": at}
        kept, at = kept + own["rows"], at + len(data)
        parts.append(data)
    return Steps(index, b"".join(parts), kept, total)


def layers(runs: Sequence[int], offered: Sequence[str]) -> Layers | None:
    """Return the layers' statistics of these runs in as much room as a file has for them, None where none is stored."""
    names = list(offered)
    inside = probes.inside(runs, names, MAX_COLUMNS)
    codes = _codes(inside)
    if not codes:
        return None
    most = max(len(columns.probes) for columns in inside.columns.values())
    fitting = most * MAX_CODES // codes
    if fitting < MIN_COLUMNS and codes > MAX_CODES:
        names = [name for name in names if name in _MAIN] or names[:1]
        codes = _codes(probes.inside(runs, names, MAX_COLUMNS))
        fitting = max(MIN_COLUMNS, most * MAX_CODES // codes)
    at_most = min(MAX_COLUMNS, fitting) if codes > MAX_CODES else MAX_COLUMNS
    inside = probes.inside(runs, names, at_most)
    document = layer_messages.history_document(inside)
    document["cards"] = [offline.ended(card) for card in document["cards"]]
    about = {name: probes.inside(runs, [name], at_most, name) for name in names}
    findings = {name: layer_messages.history_document(found)["f"] for name, found in about.items()}
    kept = sum(len(columns.probes) for columns in inside.columns.values())
    total = sum(columns.total for columns in inside.columns.values())
    portable = {key: value if key == "runs" else offline.portable(value) for key, value in document.items()}
    return Layers({**portable, "f": offline.portable(findings)}, names, kept, total)


def _codes(inside: probes.Inside) -> int:
    return sum(values.size for columns in inside.columns.values() for values in columns.arrays.values())
