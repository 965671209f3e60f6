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

from engine.errors import DataError
from engine.exchange.transfer import to_file
from tests.benchmarks.gpu_check.parts import PARTS, Outcome, Part

SCHEMA = 1
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
STATES = (PASSED, FAILED, NOT_RUN)
_ROW_KEYS = {"part", "name", "question", "state", "why", "seconds", "figures"}
MACHINE_KEYS = {
    "torch", "cuda", "cudnn", "driver", "gpus", "system", "processor", "cores", "memory_bytes", "versions"
}  # fmt: skip
MAX_WHY = 500


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
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return [f"it is no check of schema {SCHEMA}"]
    found = []
    machine, rows = document.get("machine"), document.get("parts")
    if not isinstance(machine, dict) or machine.keys() != MACHINE_KEYS:
        found.append("the machine is not described")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() == _ROW_KEYS for row in rows):
        return [*found, "its parts are not described"]
    if [row["part"] for row in rows] != list(PARTS):
        found.append(f"its parts are not 1 to {len(PARTS)}")
    for row in rows:
        if row["state"] not in STATES:
            found.append(f"part {row['part']} has no state of {', '.join(STATES)}")
        elif bool(row["why"]) == (row["state"] == PASSED):
            found.append(f"part {row['part']} is {row['state']}, and why is {'said' if row['why'] else 'not said'}")
    return found


def write(document: Mapping[str, Any], out: Path, *, replace: bool) -> None:
    """Write the document whole or not at all. Raises DataError for a path that is taken."""
    # A figure may be no number (a loss that is not finite); JSON has no such numbers, and this file keeps to JSON.
    text = json.dumps(_finite(document), indent=1, allow_nan=False)
    to_file(out, lambda file: file.write(f"{text}\n".encode()) and None, replace=replace)


def read(path: Path) -> dict[str, Any]:
    """Read a document. Raises DataError in one line for a file that is none."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    if faults := faults_of(document):
        raise DataError(f"{path} is no result of this check: {faults[0]}")
    return document


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
