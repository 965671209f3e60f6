"""History and recording of a race as the browser gets them: one compact JSON document. Pure functions of data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.data import streaming
from app.data.recording.recording import Recording
from app.live.stream.delta import DIGITS, conclusions_document
from app.live.stream.sse import dumps, rounded, short

EVALUATION_DIGITS = {"loss": 4, "error": 4, "seconds": 4}


def history_document(history: streaming.History, age: float | None, deleted: Sequence[int] = ()) -> str:
    """Return the answer of ``/live/history``; ``deleted`` are the runs that were asked for and do not exist."""
    document = _history(history) | {"a": None if age is None else round(age, 1)}
    return dumps(document | ({"d": list(deleted)} if deleted else {}))


def recording_document(recording: Recording) -> str:
    """Return the answer of ``/live/recording``: that of ``/live/history``, and what was concluded at moments.

    ``moments`` are ``[step, seconds, conclusions]`` with the parts of the conclusions that differ from the moment
    before. ``cuts`` are ``[step, seconds, text]``, ``differences`` by run ``[step, text, in few words]``. A step or
    seconds of None stand for the end of the record.
    """
    moments, before = [], dict[str, Any]()
    for moment in recording.moments:
        said = conclusions_document(moment.conclusions)
        del said["cut"]
        news = {key: part for key, part in said.items() if key not in before or before[key] != part}
        moments.append([moment.step, short(moment.seconds, 4), news])
        before = said
    cuts = [[cut.step, short(cut.seconds, 4), cut.text] for cut in recording.cuts]
    differences = {str(run): [list(named) for named in of] for run, of in recording.differences.items()}
    return dumps(_history(recording.history) | {"moments": moments, "cuts": cuts, "differences": differences})


def _history(history: streaming.History) -> dict[str, Any]:
    runs: dict[str, Any] = {}
    for run, splits in history.series.items():
        runs[str(run)] = {"total": {split.value: series.total for split, series in splits.items()}}
        for split, series in splits.items():
            digits = DIGITS if split is streaming.Split.TRAIN else EVALUATION_DIGITS
            columns = {"step": series.columns["step"].astype(np.int64).tolist()}
            columns |= {name: rounded(series.columns[name], digits[name]) for name in digits}
            runs[str(run)][split.value] = columns
    return {
        "cursor": history.head.cursor,
        "runs": runs,
        "cards": history.run_summaries,
        "remarks": history.remarks,
        **conclusions_document(history.conclusions),
    }
