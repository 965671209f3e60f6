"""The last errors of the runs in a bundle, for tables of results; nothing is imported. Torch-free."""

import math
from dataclasses import dataclass
from pathlib import Path

from engine.events import Split
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import points, run_folder
from engine.exchange.bundle.documents import EvaluationDocument, RacesDocument, RunDocument


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run of a bundle with its errors at the last step, in percent; NaN for one that was not measured.

    ``running`` is the running training error. ``clean`` is the clean training error on ``clean_images`` training
    images, ``test`` that on all test images. ``fork`` tells a fork from the runs of the race's own arms.
    """

    depth: int
    shortcut: str
    seed: int
    steps: int
    fork: bool
    running: float
    clean: float
    clean_images: int
    test: float


def recorded_runs(path: Path) -> tuple[RecordedRun, ...]:
    """Return the runs of a bundle in its order. Raises DataError in one line."""
    with ArchiveReader(path) as archive:
        count = archive.document("races.json", RacesDocument).runs
        documents = [archive.document(f"{run_folder(each)}/run.json", RunDocument) for each in range(1, count + 1)]
        return tuple(_run(archive, document) for document in documents)


def _run(archive: ArchiveReader, run: RunDocument) -> RecordedRun:
    running = points(archive, run)["running_error"]
    clean, test = (_last(run, split) for split in (Split.TRAIN_CLEAN, Split.TEST))
    model = run.config.model
    return RecordedRun(
        depth=model.depth, shortcut=model.shortcut, seed=run.config.seed, steps=run.step,
        fork=run.parent_run is not None, running=float(running[-1]) if len(running) else math.nan,
        clean=_error(clean), clean_images=clean.images if clean else 0, test=_error(test),
    )  # fmt: skip


def _last(run: RunDocument, split: Split) -> EvaluationDocument | None:
    return next((one for one in reversed(run.evaluations) if one.split == split and one.step == run.step), None)


def _error(evaluation: EvaluationDocument | None) -> float:
    return math.nan if evaluation is None or evaluation.error is None else evaluation.error
