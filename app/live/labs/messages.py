"""The document of a lab job, snapshot and stream message alike, with numbers of 4 significant digits.

cursor    CHANGES.TRACE, the position to follow from
card      run, lab, state, step of total units, detail (the next unit), seconds, cause, settings, device, ...,
          differences (what makes inspected runs arms of their own, '' for comparable runs); of a reference also
          recorded (where, when, and of which trainings), and the state is ``recorded``
figures   {name: number, null where not finite}
findings  [{name, text}], with kind, setting and value where they hold there alone: engine.events.Found
traces    [{panel, kind, x, y}], with setting and value, cell, part where the curve has them: a trace replaces
          the earlier one of the same engine.events.CurveName; its kind is in words (LabSpec.names)
"""

import math
from dataclasses import asdict
from typing import Any

from app.data import labs

DIGITS = 4


def significant(value: float | None) -> float | int | None:
    """Round to 4 significant digits, also beyond 10,000; ``nan`` and ``inf`` become None, ``2.0`` becomes 2."""
    if value is None or not math.isfinite(value):
        return None
    result = float(f"{value:.{DIGITS}g}")
    return int(result) if result.is_integer() and abs(result) < 10**DIGITS else result


def lab_document(news: labs.LabNews) -> dict[str, Any]:
    """Return the document of one moment of a job."""
    return {
        "cursor": f"{news.cursor[0]}.{news.cursor[1]}",
        "card": _card(news),
        "figures": {name: significant(value) for name, value in news.figures.items()},
        "findings": [_named(asdict(found)) for found in news.findings],
        "traces": [_trace(trace, news.job.lab) for trace in news.traces],
    }


def reference_document(reference: labs.LabReference) -> dict[str, Any]:
    """Return the document of a lab's recorded results: like that of a job that has ended, without its id."""
    card = {
        "run": 0, "lab": reference.lab, "state": "recorded", "step": 0, "total": 0, "detail": "", "cause": "",
        "seconds": reference.seconds, "settings": reference.settings, "device": reference.device, "precision": "",
        "threads": 0, "differences": "", "recorded": ", ".join((reference.origin.text, *reference.inspected)),
    }  # fmt: skip
    return {
        "card": card,
        "figures": dict(reference.metrics),
        "findings": [_named(asdict(found)) for found in labs.reference_findings(reference)],
        "traces": [_trace(curve, reference.lab) for curve in reference.curves],
    }


def lab_changes(document: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return the parts that differ from those ``sent`` to a viewer, and record them there."""
    fresh = {key: document[key] for key in ("card", "figures", "findings") if document[key] != sent.get(key)}
    sent.update(fresh)
    return fresh | ({"traces": document["traces"]} if document["traces"] else {})


def _card(news: labs.LabNews) -> dict[str, Any]:
    job = news.job
    return {
        "run": job.id, "lab": job.lab, "state": job.state.value, "step": job.done, "total": job.total,
        "detail": job.detail, "seconds": significant(job.seconds), "cause": job.cause, "log": str(news.log),
        "settings": job.config.settings, "device": job.device, "precision": job.precision,
        "threads": job.threads, "created": job.created, "ended": job.ended,
        "differences": "; ".join(news.differences),
    }  # fmt: skip


def _trace(trace: Any, lab: str) -> dict[str, Any]:
    spec = labs.LABS.get(lab)
    kind = spec.kind_name(trace.name.kind) if spec else trace.name.kind
    return {
        "panel": trace.panel, **_named(trace.name._asdict() | {"kind": kind}),
        "x": [significant(x) for x in trace.x.tolist()], "y": [significant(y) for y in trace.y.tolist()],
    }  # fmt: skip


def _named(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value not in ("", None)}
