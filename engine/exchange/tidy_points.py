"""The curves as one long table: a row for each point of each run, for the formats that are tables. Torch-free.

The first columns are those of the page's own table. Units: losses in nats, errors in percent, seconds of the run's
clock. ``epoch`` is None where the size of the training set is not known.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from engine.analysis.difference import NO_DIFFERENCE, Difference
from engine.events import Split
from engine.exchange.privacy import portable
from engine.models.arm_names import run_label
from engine.runs.protocol.comparable_runs import differences
from engine.store.reader import Reader
from engine.store.rows import GhostLineRow, RunRow

#: The columns with their types: int, float or str.
COLUMNS: dict[str, type] = {
    "run": int, "arm": str, "depth": int, "shortcut": str, "seed": int, "split": str, "step": int, "epoch": float,
    "seconds": float, "loss": float, "error": float, "running_loss": float, "running_error": float, "difference": str,
    "race": int, "lr": float, "images": int,
}  # fmt: skip


def tidy_points(reader: Reader, rows: Sequence[RunRow]) -> Iterator[tuple[RunRow, dict[str, list[Any]]]]:
    """Yield each run with its part of the table by column; None for a value that is not there or not finite."""
    different = differences(reader, rows)
    for row in rows:
        difference = different.get(row.id, NO_DIFFERENCE)
        series = reader.points.series(row.id, Split.TRAIN).columns
        evaluations = reader.points.evaluations(row.id)
        steps = [*map(int, series["step"].tolist()), *(each.step for each in evaluations)]
        count, none = len(steps), [None] * len(evaluations)
        training = len(series["step"])
        per_epoch = row.config.optim.batch_size / row.train_images if row.train_images else None
        constant = {
            "run": row.id, "arm": arm_of(row, difference), "depth": row.depth,
            "shortcut": str(row.shortcut), "seed": row.seed, "difference": portable(difference.text), "race": row.race,
        }  # fmt: skip
        columns: dict[str, list[Any]] = {name: [value] * count for name, value in constant.items()}
        columns |= {
            "split": [Split.TRAIN.value] * training + [each.split.value for each in evaluations],
            "step": steps,
            "epoch": [None if per_epoch is None else step * per_epoch for step in steps],
            "images": [None] * training + [each.images for each in evaluations],
            "seconds": [*series["seconds"].tolist(), *(each.seconds for each in evaluations)],
            "loss": _finite([*series["loss"].tolist(), *(each.loss for each in evaluations)]),
            "error": _finite([*series["error"].tolist(), *(each.error for each in evaluations)]),
            **{name: [*_finite(series[name].tolist()), *none] for name in ("running_loss", "running_error", "lr")},
        }
        yield row, {name: columns[name] for name in COLUMNS}


def tidy_lines(reader: Reader, rows: Sequence[RunRow]) -> Iterator[tuple[GhostLineRow, dict[str, list[Any]]]]:
    """Yield each line that was imported beside the races of these runs, in the same columns. It is of no run."""
    races = sorted({row.race for row in rows})
    for line in reader.ghosts.of(races):
        steps, numbers = reader.ghosts.points(line.id)
        columns: dict[str, list[Any]] = {name: [None] * len(steps) for name in COLUMNS}
        constant = {"arm": f"imported: {line.name}", "split": line.split, "difference": "imported line"}
        columns |= {name: [value] * len(steps) for name, value in {**constant, "race": line.race}.items()}
        columns |= {"step": [*map(int, steps.tolist())], line.metric: _finite(numbers.tolist())}
        yield line, columns


def arm_of(row: RunRow, difference: Difference) -> str:
    """Return the name of a run's arm, with what makes it another than its depth and shortcuts say."""
    return ", ".join(filter(None, (run_label(row.config), difference.name)))


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
