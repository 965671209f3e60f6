"""History and recording of a race as the browser gets them: one compact JSON document. Pure functions of data."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.data import streaming
from app.data.recording.moments import Moment
from app.data.recording.recording import Recording
from app.live.stream.delta import DIGITS, conclusions_document
from app.live.stream.sse import dumps, rounded

#: Digits of an imported line; a number below the least has none: it comes from elsewhere, and may be any.
GHOST_DIGITS, LEAST = 4, 1e-30
EVALUATION_DIGITS = {"loss": 4, "error": 4, "seconds": 4}


def history_document(history: streaming.History, age: float | None, deleted: Sequence[int] = ()) -> str:
    """Return the answer of ``/live/history``; ``deleted`` are the runs that were asked for and do not exist."""
    document = _history(history) | {"a": None if age is None else round(age, 1)}
    return dumps(document | ({"d": list(deleted)} if deleted else {}))


def recording_document(recording: Recording) -> str:
    """Return the answer of ``/live/recording``: that of ``/live/history``, and what was concluded at moments.

    ``moments``: ``parts`` has the distinct values of each part of the conclusions, by its name. ``step`` and
    ``seconds`` are by the step of every run and by the runs' clocks: ``[from, place in each of the parts...]``, in the
    order of ``parts``. ``cuts`` are ``[from, text]``, by both as well, ``differences`` by run ``[step, text, in few
    words]``. ``ends`` are by run the ends that it had before it was extended.
    """
    parts: dict[str, dict[str, int]] = {}
    by = {name: [_moment(moment, parts) for moment in found] for name, found in recording.moments._asdict().items()}
    moments = {"parts": {key: [json.loads(value) for value in values] for key, values in parts.items()}, **by}
    cuts = {
        name: [[_place(moment.at), moment.said] for moment in found] for name, found in recording.cuts._asdict().items()
    }
    differences = {str(run): [list(named) for named in of] for run, of in recording.differences.items()}
    more = {"moments": moments, "cuts": cuts, "differences": differences, "ends": recording.old_ends}
    return dumps(_history(recording.history) | more)


def _moment(moment: Moment[streaming.Conclusions], parts: dict[str, dict[str, int]]) -> list[float]:
    """Return a moment in numbers; its parts that are new join ``parts``: places by value, in order."""
    said = conclusions_document(moment.said)
    del said["cut"]
    places = []
    for key, value in said.items():
        known = parts.setdefault(key, {})
        places.append(known.setdefault(dumps(value), len(known)))
    return [_place(moment.at), *places]


def _place(at: float) -> float:
    return round(at, 3)


def _history(history: streaming.History) -> dict[str, Any]:
    runs: dict[str, Any] = {}
    for run, splits in history.series.items():
        runs[str(run)] = {"total": {split.value: series.total for split, series in splits.items()}}
        for split, series in splits.items():
            digits = DIGITS if split is streaming.Split.TRAIN else EVALUATION_DIGITS
            columns = {"step": series.columns["step"].astype(np.int64).tolist()}
            columns |= {name: rounded(series.columns[name], digits[name]) for name in digits}
            runs[str(run)][split.value] = columns
    ghosts = [
        {
            "id": line.row.id, "name": line.row.name, "split": line.row.split, "metric": line.row.metric,
            "quantity": line.row.quantity, "total": line.row.total, "step": line.steps.astype(np.int64).tolist(),
            "value": rounded(np.where(line.numbers < LEAST, 0.0, line.numbers), GHOST_DIGITS),
        }
        for line in history.ghosts
    ]  # fmt: skip
    return {
        "cursor": history.head.cursor,
        "runs": runs,
        "cards": history.run_summaries,
        "remarks": history.remarks,
        **conclusions_document(history.conclusions),
        **({"ghosts": ghosts} if ghosts else {}),
    }
