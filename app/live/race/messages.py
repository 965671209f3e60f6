"""The history of a race as the browser gets it: one compact JSON document. Pure functions of data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.data import streaming
from app.live.stream.delta import DIGITS, conclusions_document
from app.live.stream.sse import dumps, rounded

EVALUATION_DIGITS = {"loss": 4, "error": 4, "seconds": 4}


def history_document(history: streaming.History, age: float | None, deleted: Sequence[int] = ()) -> str:
    """Return the answer of ``/live/history``; ``deleted`` are the runs that were asked for and do not exist."""
    runs: dict[str, Any] = {}
    for run, splits in history.series.items():
        runs[str(run)] = {"total": {split.value: series.total for split, series in splits.items()}}
        for split, series in splits.items():
            digits = DIGITS if split is streaming.Split.TRAIN else EVALUATION_DIGITS
            columns = {"step": series.columns["step"].astype(np.int64).tolist()}
            columns |= {name: rounded(series.columns[name], digits[name]) for name in digits}
            runs[str(run)][split.value] = columns
    document = {
        "cursor": history.head.cursor,
        "runs": runs,
        "cards": history.run_summaries,
        "remarks": history.remarks,
        **conclusions_document(history.conclusions),
        "a": None if age is None else round(age, 1),
    }
    return dumps(document | ({"d": list(deleted)} if deleted else {}))
