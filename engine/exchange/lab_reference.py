"""The recorded results of one lab at its defaults, which a page shows until the lab has run in the workspace.

They are curves and metrics, no pictures and no sentences: the page draws the curves, and the lab's rules find their
sentences in them. Torch-free.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.events import CurveName
from engine.exchange import reference_files
from engine.exchange.reference_files import FOLDER, Origin, rounded
from engine.store.reader import Reader
from engine.store.rows import LabJobRow
from engine.store.tables.labs import CurveRow


@dataclass(frozen=True)
class LabReference:
    """What one job found, and where; ``inspected`` names the trainings that the lab looked at, in words."""

    lab: str
    origin: Origin
    device: str
    seconds: float
    settings: Mapping[str, Any]
    inspected: tuple[str, ...]
    metrics: Mapping[str, float | None]
    curves: tuple[CurveRow, ...]


def of_job(reader: Reader, job: LabJobRow, inspected: tuple[str, ...] = ()) -> LabReference:
    """Return the results of a job that finished here and now."""
    metrics, curves = reader.labs.metrics(job.id), tuple(reader.labs.curves(job.id))
    settings, seconds = job.config.settings, round(job.seconds, 1)
    return LabReference(job.lab, Origin.here(), job.device, seconds, settings, inspected, metrics, curves)


def write(reference: LabReference, folder: Path = FOLDER) -> Path:
    """Write a reference; return its file."""
    facts = {
        "lab": reference.lab, "device": reference.device, "seconds": reference.seconds,
        "settings": dict(reference.settings), "inspected": list(reference.inspected),
        "metrics": {name: rounded(value) for name, value in reference.metrics.items()},
    }  # fmt: skip
    curves = [_document(curve) for curve in reference.curves]
    return reference_files.write(_name(reference.lab), reference.origin, facts, curves, folder)


def read(lab: str, folder: Path = FOLDER) -> LabReference | None:
    """Return the reference of a lab, None where there is none. Raises DataError in one line."""
    if (found := reference_files.read(_name(lab), folder)) is None:
        return None
    origin, document = found
    try:
        return LabReference(
            document["lab"], origin, document["device"], document["seconds"], document["settings"],
            tuple(document["inspected"]), document["metrics"],
            tuple(_curve(number, curve) for number, curve in enumerate(document["curves"], start=1)),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise reference_files.unreadable(_name(lab), error) from None


def stamp(lab: str, folder: Path = FOLDER) -> int:
    """Return when the reference of a lab was written last, 0 where there is none."""
    return reference_files.stamp(_name(lab), folder)


def _name(lab: str) -> str:
    return f"lab-{lab}"


def _document(curve: CurveRow) -> dict[str, Any]:
    parts = {key: value for key, value in curve.name._asdict().items() if value not in ("", None)}
    return {"panel": curve.panel, **parts, **{axis: [*map(rounded, getattr(curve, axis).tolist())] for axis in "xy"}}


def _curve(number: int, document: Mapping[str, Any]) -> CurveRow:
    name = CurveName(**{key: value for key, value in document.items() if key in CurveName._fields})
    # JSON has no number that is not finite: null becomes nan.
    x, y = (np.array(document[axis], dtype=np.float32) for axis in "xy")
    return CurveRow(number, document["panel"], name, x, y)
