"""The JSON document of a check: machine, parts, their states. Torch-free.

    {"schema": 1, "began": ISO time, "tiny": false, "device": "cuda:0", "machine": {"torch", "cuda", "cudnn", "driver",
     "gpus", "system", "processor", "cores", "memory_bytes", "versions"}, "parts": [{"part", "name", "question",
     "state", "why", "seconds", "figures"}]}

``state`` is ``passed``, ``failed`` or ``not run``; ``why`` is one line for the last two, empty for the first.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import DataError
from tests.benchmarks.gpu_check.files import content, write_whole
from tests.benchmarks.gpu_check.model import MAX_WHY, Document, Machine
from tests.benchmarks.gpu_check.parts import PARTS, Outcome, Part

SCHEMA = 1
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
MACHINE_KEYS = set(Machine.model_fields)


#: Why a part was not run, in the document of a check that goes on or was ended.
_NOT_REACHED = "the check was ended before this part"


def new_document(machine: Mapping[str, Any], device: str, tiny: bool) -> dict[str, Any]:
    """Return the document of a check of which no part was run yet."""
    rows = [row_of(part, NOT_RUN, _NOT_REACHED) for part in PARTS.values()]
    began = datetime.now(UTC).isoformat(timespec="seconds")
    return {"schema": SCHEMA, "began": began, "tiny": tiny, "device": device, "machine": dict(machine), "parts": rows}


def row_of(
    part: Part, state: str, why: str = "", seconds: float = 0.0, figures: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the row of one part."""
    return {
        "part": part.number, "name": part.name, "question": part.question, "state": state,
        "why": " ".join(why.split())[:MAX_WHY], "seconds": round(seconds, 1), "figures": dict(figures or {}),
    }  # fmt: skip


def judged(part: Part, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """Return the row of a part that measured to its end."""
    state = FAILED if outcome.faults else PASSED
    return row_of(part, state, "; ".join(outcome.faults), seconds, outcome.figures)


def faults_of(document: Any) -> list[str]:
    """Return what is wrong with a document, one line each."""
    try:
        return _contradictions(Document.model_validate(document))
    except ValidationError as error:
        return _lines(error)


def write(document: Mapping[str, Any], out: Path, *, replace: bool) -> None:
    """Write the document whole or not at all. Raises DataError for a path that is taken."""
    # A figure may be no number (a loss that is not finite); JSON has no such numbers, and this file keeps to JSON.
    write_whole(out, json.dumps(_finite(document), indent=1, allow_nan=False) + "\n", replace=replace)


def read(path: Path) -> dict[str, Any]:
    """Read a document, whole and sound. Raises DataError in one line for a file that is none."""
    found = content(path)
    try:
        document = Document.model_validate_json(found)
        faults = _contradictions(document)
    except ValidationError as error:
        faults = _lines(error)
    if faults:
        raise DataError(f"{path} is no result of this check: {faults[0]}")
    return document.model_dump(by_alias=True)


def _lines(error: ValidationError) -> list[str]:
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    places = [".".join(map(str, row["loc"]))[:80] for row in rows]
    return [ascii(f"{place or 'it'}: {row['msg']}")[1:-1] for place, row in zip(places, rows, strict=True)]


def _contradictions(document: Document) -> list[str]:
    """Return what no type tells."""
    if [row.part for row in document.parts] != list(PARTS):
        return [f"its parts are not 1 to {len(PARTS)}"]
    return [
        f"part {row.part} is {row.state}, and why is {'said' if row.why else 'not said'}"
        for row in document.parts
        if bool(row.why) == (row.state == PASSED)
    ]


def tells_nothing(path: Path) -> bool:
    """Return whether a path holds a check that came to its end and ran no part, so that nothing is lost with it."""
    try:
        rows = read(path)["parts"]
    except DataError:
        return False
    return all(row["state"] == NOT_RUN and row["why"] != _NOT_REACHED for row in rows)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return str(value)
    return value
