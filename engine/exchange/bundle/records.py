"""Rows of the store as documents and arrays of a bundle. Torch-free."""

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.config import LabConfig
from engine.events import FINAL, RunState, Split
from engine.exchange.bundle.columns import packed
from engine.exchange.bundle.documents import (
    LOG_KINDS,
    POINT_COLUMNS,
    ArrayDocument,
    ChangeDocument,
    CheckpointDocument,
    CurveDocument,
    EvaluationDocument,
    GhostDocument,
    GhostsDocument,
    JobDocument,
    LayerDocument,
    LogDocument,
    PointsDocument,
    ProbesDocument,
    RaceDocument,
    RunDocument,
)
from engine.exchange.bundle.numbering import renamed, with_runs
from engine.exchange.limits import MAX_TEXT
from engine.exchange.privacy import label, portable, portable_race, portable_run
from engine.labs.registry import LABS
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from engine.store import blobs
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow, LabJobRow, RaceRow, RunRow
from engine.store.tables.tuning import CHOSEN

_COPIED = (
    "position", "step", "total_steps", "parameters", "device", "precision", "threads", "images_per_s", "train_images",
    "seconds", "evaluation_share", "probe_share", "created", "started", "ended", "parent_step",
)  # fmt: skip
_JOB_COPIED = ("done", "total", "device", "precision", "seconds", "created", "started", "ended")
#: The cause of every failure, whose own words name files and machines.
_FAILED = "failed where it was recorded"
#: The log entry of a fork whose parent is not in the bundle.
LEFT_OUT = "fork of a run that was left out, at step {step}"


@dataclass(frozen=True)
class Numbers:
    """The numbers of a bundle by id: of races, of runs, and of parents, which may be left out."""

    races: Mapping[int, int]
    runs: Mapping[int, int]
    parents: Mapping[int, int]


def race_document(row: RaceRow, numbers: Numbers) -> RaceDocument:
    """Return a race."""
    return RaceDocument(
        race=numbers.races[row.id], name=label(row.name, MAX_NAME_LENGTH), preset=row.preset, pace=row.pace,
        created=row.created,
        tunes=None if row.tunes is None else numbers.races[row.tunes], config=portable_race(row.config),
    )  # fmt: skip


def settled(state: RunState) -> RunState:
    """Return the state of a run in a bundle: a run that has not ended was stopped where the record ends."""
    return state if state in FINAL or state == RunState.FAILED else RunState.STOPPED


def run_records(
    reader: Reader, row: RunRow, numbers: Numbers, saved: list[CheckpointRow]
) -> tuple[RunDocument, bytes, bytes]:
    """Return a run, the blocks of its points and those of its probes."""
    points, point_blocks = _points(reader, row.id)
    probes, probe_blocks = _probes(reader, row.id)
    state = settled(row.state)
    document = RunDocument(
        run=numbers.runs[row.id], race=numbers.races[row.race], state=state.value,
        detail=row.detail if row.detail == CHOSEN and row.tunes is not None else "",
        cause=_FAILED if state == RunState.FAILED else label(row.cause, MAX_TEXT) if state == RunState.DIVERGED else "",
        note=label(row.note, MAX_NOTE_LENGTH), **{name: getattr(row, name) for name in _COPIED},
        parent_run=None if row.parent_run is None else numbers.parents[row.parent_run],
        versions={name: portable(version) for name, version in row.versions.items()}, config=portable_run(row.config),
        changes=[
            ChangeDocument(key=each.key, value=each.value, step=each.step, created=each.created)
            for each in reader.interventions.changes(row.id)
        ],
        log=[
            LogDocument(step=entry["step"], kind=entry["kind"], text=text, created=entry["created"])
            for entry in reader.log.of([row.id])
            if entry["kind"] in LOG_KINDS
            for text in [_text(entry, row, numbers)]
        ],
        layers=[
            LayerDocument(
                kind=each.kind, position=each.position, name=each.name, stage=each.stage, channels=each.channels
            )
            for each in reader.probes.layers(row.id)
        ],
        evaluations=[
            EvaluationDocument(
                step=each.step, split=each.split.value, loss=_finite(each.loss), error=_finite(each.error),
                images=each.images, seconds=each.seconds, took_s=each.took_s, bn=each.bn,
            )
            for each in reader.points.evaluations(row.id)
        ],
        points=points, probes=probes,
        checkpoints=[CheckpointDocument(step=each.step, reason=each.reason) for each in saved],
    )  # fmt: skip
    return document, point_blocks, probe_blocks


def _text(entry: sqlite3.Row, row: RunRow, numbers: Numbers) -> str:
    if entry["kind"] == "fork" and row.parent_run is not None and numbers.parents[row.parent_run] < 0:
        return LEFT_OUT.format(step=entry["step"])
    return label(renamed(entry["text"], numbers.parents), MAX_TEXT)


def _points(reader: Reader, run: int) -> tuple[PointsDocument, bytes]:
    series = reader.points.series(run, Split.TRAIN)
    columns = {name: packed(series.columns[name]) for name in POINT_COLUMNS}
    types = {name: kind for name, (kind, _) in columns.items()}
    return PointsDocument(rows=len(series), types=types), b"".join(block for _, block in columns.values())


def _probes(reader: Reader, run: int) -> tuple[ProbesDocument, bytes]:
    rows, _ = reader.probes.all(run)
    places = {row.id: place for place, row in enumerate(rows)}
    arrays, blocks = [], []
    for quantity, coding in reader.probes.codings(run).items():
        found = reader.probes.arrays([*places], quantity)
        # One block for all arrays of a shape: a net has one, so there is one block.
        ordered = sorted(found, key=places.__getitem__)
        shape = _shape(found[ordered[0]])
        kept = [probe for probe in ordered if _shape(found[probe]) == shape]
        arrays.append(
            ArrayDocument(
                quantity=quantity,
                code=coding.code,
                low=coding.low,
                high=coding.high,
                length=shape[0],
                width=shape[1],
                probes=[places[probe] for probe in kept],
            )  # fmt: skip
        )
        blocks += [blobs.encode(_one_nan(found[probe]), coding.code, coding.low, coding.high) for probe in kept]
    document = ProbesDocument(
        step=[row.step for row in rows], seconds=[row.seconds for row in rows], took_s=[row.took_s for row in rows],
        images=[row.images for row in rows], arrays=arrays,
    )  # fmt: skip
    return document, b"".join(blocks)


def _one_nan(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), np.float32(np.nan), values)


def _shape(array: np.ndarray) -> tuple[int, int]:
    return (array.shape[0], 1) if array.ndim == 1 else (array.shape[0], array.shape[1])


def job_records(reader: Reader, row: LabJobRow, number: int, numbers: Numbers) -> tuple[JobDocument, bytes]:
    """Return a job of a lab that looked at runs, and the blocks of its curves: x, then y, one curve after the other."""
    lab, curves = LABS[row.lab], reader.labs.curves(row.id)
    settings = with_runs(lab, row.config.settings, numbers.runs)
    texts = {name: portable(value) if isinstance(value, str) else value for name, value in settings.items()}
    config = LabConfig.checked(lab=row.lab, settings=texts, device=row.config.device, threads=row.config.threads)
    document = JobDocument(
        job=number, **{name: getattr(row, name) for name in _JOB_COPIED}, config=config,
        versions={name: portable(version) for name, version in row.versions.items()},
        metrics=reader.labs.metrics(row.id),
        curves=[
            CurveDocument(
                panel=curve.panel, kind=renamed(curve.name.kind, numbers.runs), setting=curve.name.setting,
                value=curve.name.value, cell=curve.name.cell, part=curve.name.part, points=len(curve.x),
            )
            for curve in curves
        ],
    )  # fmt: skip
    return document, b"".join(blobs.encode(_one_nan(axis), "f4") for curve in curves for axis in (curve.x, curve.y))


def ghosts_document(reader: Reader, race: int) -> GhostsDocument | None:
    """Return the lines that were imported beside a race, None without."""
    lines = []
    for row in reader.ghosts.of([race]):
        steps, numbers = reader.ghosts.points(row.id)
        lines.append(
            GhostDocument(
                name=row.name, source=row.source, quantity=row.quantity, split=row.split, metric=row.metric,
                total=row.total, steps=[*map(int, steps.tolist())], numbers=[*map(_finite, numbers.tolist())],
            )
        )  # fmt: skip
    return GhostsDocument(lines=lines) if lines else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
