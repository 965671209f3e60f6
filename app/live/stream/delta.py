"""The news of some runs as one stream message. Pure functions of data.

A curve is thinned, never smoothed: the extremes of every half second stay, so spikes are kept. History and stream round
alike, so a reload shows the same points.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from operator import itemgetter
from typing import Any

from app.data import streaming
from app.live.stream.sse import short

#: Streamed points per second and run at most.
POINTS_PER_S = 10
#: Points kept of one bucket: smallest and largest loss and error, and the last point.
PER_BUCKET = 5
#: Significant digits of the points of a training curve. A batch of 128 has 129 possible errors.
DIGITS = {"loss": 4, "error": 3, "running_loss": 4, "running_error": 4, "seconds": 4}


def thinned(rows: Sequence[Any], points_per_s: float = POINTS_PER_S) -> list[Any]:
    """Return the streamed rows of one run: all of them up to ``points_per_s``, else the extremes of buckets.

    Args:
        rows: Rows in order of step, with ``seconds`` of the run's clock. A value that is not finite is the largest.
    """
    count = len(rows)
    if count <= PER_BUCKET:
        return list(rows)
    spacing = (rows[-1]["seconds"] - rows[0]["seconds"]) / (count - 1)
    allowed = max(PER_BUCKET, points_per_s * spacing * count)
    if count <= allowed:
        return list(rows)
    buckets = int(allowed // PER_BUCKET)
    kept: set[int] = set()
    for bucket in range(buckets):
        inside = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        kept.add(inside[-1])
        for name in ("loss", "error"):
            heights = {index: _height(rows[index][name]) for index in inside}
            kept |= {min(inside, key=heights.__getitem__), max(inside, key=heights.__getitem__)}
    return [rows[index] for index in sorted(kept)]


def _height(value: float | None) -> float:
    return math.inf if value is None or not math.isfinite(value) else value


def is_fast(rows: Sequence[Any], points_per_s: float = POINTS_PER_S) -> bool:
    """Return whether one run makes more steps per second than are streamed."""
    if len(rows) < 2:
        return False
    seconds: float = rows[-1]["seconds"] - rows[0]["seconds"]
    return len(rows) - 1 > points_per_s * seconds


def by_run(delta: streaming.Delta) -> dict[int, list[Any]]:
    """Return the training rows of a delta by run, in order of step."""
    by_run = defaultdict(list)
    for row in sorted(delta.points, key=itemgetter("step")):
        if row["split"] == streaming.Split.TRAIN:
            by_run[row["run"]].append(row)
    return dict(by_run)


def delta_document(
    delta: streaming.Delta, train: Mapping[int, Sequence[Any]], with_running: Collection[int]
) -> dict[str, Any]:
    """Return a stream message without its cursor; empty when nothing happened.

    ``p`` holds ``[run, seconds, running_loss, running_error, [step, loss, error, ...]]`` for the runs in
    ``with_running``, ``[run, seconds, [step, loss, error, ...]]`` for the others: running means move slowly. A run of
    ``delta.last`` without new rows repeats its last step in the longer form. ``ghosts``: the imported lines are others.
    """
    points = []
    again = {run: [row] for run, row in delta.last.items() if run not in train}
    for run, rows in {**train, **again}.items():
        flat: list[Any] = []
        for row in thinned(rows):
            flat += (row["step"], short(row["loss"], DIGITS["loss"]), short(row["error"], DIGITS["error"]))
        last = rows[-1]
        entry: list[Any] = [run, short(last["seconds"], 4)]
        if run in with_running or run in again:
            entry += (short(last["running_loss"], 4), short(last["running_error"], 4))
        points.append([*entry, flat])
    evaluations = [
        [row["run"], row["split"], row["step"], short(row["loss"], 4), short(row["error"], 4), short(row["seconds"], 4)]
        for row in delta.points
        if row["split"] != streaming.Split.TRAIN
    ]
    parts = {"p": points, "e": evaluations, "c": delta.run_summaries, "d": delta.deleted, "ghosts": delta.ghosts}
    return {key: part for key, part in parts.items() if part}


def _gaps(facts: streaming.GapFacts) -> dict[str, Any]:
    """Return the facts of gaps; ``of`` holds ``[shortcut, deep, shallow, seeds, mean, low, high]`` of each type."""
    of = [
        [one.shortcut, one.deep, one.shallow, one.seeds, *(short(value, 4) for value in (one.gap, one.low, one.high))]
        for one in facts.comparisons
    ]
    return {"step": facts.step, "end": facts.at_end, "cure": facts.cure, "of": of}


def conclusions_document(conclusions: streaming.Conclusions) -> dict[str, Any]:
    """Return the conclusions as a part of a message.

    ``g`` is the finding, ``sure`` how sure it is: ``[label, kind, why]``. ``basis`` has the sentences on the protocol,
    ``rows`` the evidence: ``[arms, seed, points, interval, note]``. ``gaps`` are the gaps with their intervals and the
    words about the cure. ``q`` are the questions to a room with ``[key, label]`` of each choice. ``t`` are their
    answers: outcome, truth, and for each choice the words before and after the truth and whether it was right.
    ``depths`` has the errors over depth by curve and shortcut type:
    ``[depth, final, mean, low, high, counted runs, seeds, [[run, why it is missing], ...]]``. ``cut`` is what cutting
    the shortcuts of a net did, ``alone`` how sure that is where it is the finding: as ``sure``, null where it is not.
    """
    statement = conclusions.statement
    return {
        "g": statement.headline,
        "sure": _certainty(statement.certainty),
        "alone": conclusions.alone and _certainty(conclusions.alone),
        "basis": list(statement.protocol),
        "rows": [[row.arms, row.seed, row.gap, row.interval, row.note] for row in statement.rows],
        "gaps": conclusions.gaps and _gaps(conclusions.gaps),
        "q": [_question(question) for question, _ in conclusions.predictions],
        "t": [asdict(answers) for _, answers in conclusions.predictions],
        "cut": conclusions.cut,
        "depths": {curve: _by_shortcut(errors) for curve, errors in conclusions.depths.items()},
    }


def _certainty(sure: streaming.Certainty) -> list[str]:
    return [sure.label, sure.kind, sure.why]


def _question(question: streaming.Question) -> dict[str, Any]:
    choices = [[one.key, one.label] for one in question.choices]
    return {"key": question.key, "text": question.text, "detail": question.detail, "choices": choices}


def _by_shortcut(errors: Sequence[streaming.DepthError]) -> dict[str, list[list[Any]]]:
    rows = defaultdict(list)
    for one in errors:
        mean = [None] * 3 if one.error is None else [one.error.mean, one.error.low, one.error.high]
        missing = [list(pair) for pair in one.missing.items()]
        numbers = [short(value, 4) for value in mean]
        rows[one.shortcut].append([one.depth, one.final, *numbers, list(one.counted), one.seeds, missing])
    return dict(rows)
