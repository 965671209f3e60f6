"""Reads a bundle: everything is checked before a row is written. Torch-free."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.config import MAX_RUNS
from engine.errors import ConfigError, SkipscopeError
from engine.events import StepRow
from engine.exchange import limits
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.columns import VALUE_BYTES, Blocks, unpacked
from engine.exchange.bundle.documents import (
    POINT_COLUMNS,
    ArrayDocument,
    GhostsDocument,
    JobDocument,
    RaceDocument,
    RacesDocument,
    RunDocument,
    VerdictsDocument,
)
from engine.exchange.bundle.numbering import inspected
from engine.exchange.privacy import data_name
from engine.labs.registry import check_settings, get_lab
from engine.models.registry import variant
from engine.probes.quantity import Quantity
from engine.probes.registry import QUANTITIES
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, checked
from engine.store import blobs

#: Numbers of a lab's curve take 4 bytes each.
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class BundleContents:
    """The checked documents of a bundle; arrays are read when they are needed."""

    races: list[RaceDocument]
    runs: list[RunDocument]
    jobs: list[JobDocument]
    #: Lines beside races, by the number of the race.
    ghosts: dict[int, GhostsDocument]


def read_contents(archive: ArchiveReader) -> BundleContents:
    """Return the contents of a bundle, every member checked. Raises DataError in one line."""
    try:
        outline = archive.document("races.json", RacesDocument)
        races = outline.races
        _check_races(races)
        runs = [archive.document(f"{run_folder(each)}/run.json", RunDocument) for each in range(1, outline.runs + 1)]
        jobs = [archive.document(f"{job_folder(each)}/job.json", JobDocument) for each in range(1, outline.jobs + 1)]
        archive.document("verdicts.json", VerdictsDocument)
        names = archive.names()
        with_lines = [race.race for race in races if race.tunes is None and _ghosts(race.race) in names]
        if names != _names(runs, jobs, with_lines):
            raise archive.refused("its members are not those of its races")
        _check_runs(races, runs)
        for run in runs:
            _check_points(run, points(archive, run))
            for _ in arrays(archive, run):
                pass
        for number, job in enumerate(jobs, start=1):
            _check_job(job, number, len(runs))
            curves(archive, job)
        ghosts = {race: archive.document(_ghosts(race), GhostsDocument) for race in with_lines}
        for line in (line for document in ghosts.values() for line in document.lines):
            checked(line.name, "a name", MAX_NAME_LENGTH)
    except SkipscopeError as error:
        text = str(error)
        raise (error if text.startswith(f"{archive.name} is not imported") else archive.refused(text)) from None
    return BundleContents(races, runs, jobs, ghosts)


def run_folder(number: int) -> str:
    """Return the folder of a run's members."""
    return f"runs/{number:04}"


def job_folder(number: int) -> str:
    """Return the folder of a job's members."""
    return f"labs/{number:04}"


def _ghosts(race: int) -> str:
    return f"ghosts/{race:04}.json"


def _names(runs: list[RunDocument], jobs: list[JobDocument], with_lines: list[int]) -> list[str]:
    names = ["races.json"]
    for run in runs:
        folder = run_folder(run.run)
        names += [f"{folder}/run.json", f"{folder}/points.bin", f"{folder}/probes.bin"]
        for saved in run.checkpoints:
            names += [f"{folder}/checkpoints/{saved.step:08}.{kind}" for kind in ("json", "bin")]
    for job in jobs:
        names += [f"{job_folder(job.job)}/job.json", f"{job_folder(job.job)}/curves.bin"]
    return [*names, *map(_ghosts, with_lines), "verdicts.json"]


def points(archive: ArchiveReader, run: RunDocument) -> dict[str, np.ndarray]:
    """Return the columns of a run's training curve, (rows,) float64, NaN for a value that was not finite."""
    blocks = Blocks(archive.read(f"{run_folder(run.run)}/points.bin"))
    kinds, rows = run.points.types, run.points.rows
    columns = {name: unpacked(kinds[name], blocks.take(rows * VALUE_BYTES[kinds[name]])) for name in POINT_COLUMNS}
    blocks.close()
    return columns


def step_rows(columns: dict[str, np.ndarray]) -> Iterator[StepRow]:
    """Yield the rows of ``points``."""
    lists = {name: values.tolist() for name, values in columns.items()}
    for place, step in enumerate(lists["step"]):
        others = {name: lists[name][place] for name in POINT_COLUMNS if name != "step"}
        yield StepRow(step=int(step), **others)


def arrays(archive: ArchiveReader, run: RunDocument) -> Iterator[tuple[ArrayDocument, list[np.ndarray]]]:
    """Yield each quantity with the arrays of its probes, float32 (length,) or (length, width)."""
    blocks = Blocks(archive.read(f"{run_folder(run.run)}/probes.bin"))
    for document in run.probes.arrays:
        _check_length(run, document)
        shape = (document.length,) if document.width == 1 else (document.length, document.width)
        yield (
            document,
            [
                blobs.decode(blocks.take(document.size), document.code, document.low, document.high).reshape(shape)
                for _ in document.probes
            ],
        )
    blocks.close()


def curves(archive: ArchiveReader, job: JobDocument) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return x and y of each curve of a job, float32 (points,) each."""
    blocks = Blocks(archive.read(f"{job_folder(job.job)}/curves.bin"))
    read = [
        (blobs.decode(blocks.take(size), "f4"), blobs.decode(blocks.take(size), "f4"))
        for size in (curve.points * _FLOAT_BYTES for curve in job.curves)
    ]
    blocks.close()
    return read


def _check_races(races: list[RaceDocument]) -> None:
    served = {race.race for race in races if race.tunes is None}
    for number, race in enumerate(races, start=1):
        if race.race != number or (race.tunes is not None and (race.tunes not in served or race.tunes >= number)):
            raise ConfigError(f"race {race.race} is not in its place")
        checked(race.name, "a name", MAX_NAME_LENGTH)
        checked(race.config.preset, "a preset", limits.MAX_NAME)
        checked(race.config.name, "a name", MAX_NAME_LENGTH)
        _check_data(race.config.run.data.name)
        for shortcut in race.config.shortcuts:
            variant(shortcut, race.config.run.model.family)


def _check_runs(races: list[RaceDocument], runs: list[RunDocument]) -> None:
    trials = {race.race: race.tunes is not None for race in races}
    places, members = [(run.race, run.position) for run in runs], Counter(run.race for run in runs)
    if places != sorted(places) or {*members} != {*trials}:
        raise ConfigError("its runs are not in the order of races and positions, or a race has none")
    for number, run in enumerate(runs, start=1):
        is_trial = trials[run.race]
        if run.run != number or (not is_trial and members[run.race] > MAX_RUNS):
            raise ConfigError(f"run {run.run} is not in its place, or its race has more than {MAX_RUNS} runs")
        if (run.detail and not is_trial) or (run.parent_run is not None and is_trial):
            raise ConfigError(f"run {run.run} is a trial of its race, or it is none")
        if run.parent_run is not None and run.parent_run > 0 and runs[run.parent_run - 1].race != run.race:
            raise ConfigError(f"run {run.run} is a fork of a run of another race")
        if isinstance(run.config.optim.lr, str) and (is_trial or run.step > 0):
            raise ConfigError(f"run {run.run} trained at a rate that it did not have")
        checked(run.note, "a note", MAX_NOTE_LENGTH)
        _check_data(run.config.data.name)
        variant(run.config.model.shortcut, run.config.model.family)
        # Probes and checkpoints of a worker that was killed may be ahead of the steps on record.
        ends = (run.probes.step, [each.step for each in run.checkpoints])
        if any(steps and steps[-1] > run.total_steps for steps in ends):
            raise ConfigError(f"run {run.run} has {run.total_steps} steps, and more is on its record")
        if run.evaluations and run.evaluations[-1].step > run.step:
            raise ConfigError(f"run {run.run} has done {run.step} steps, and more is on its record")


def _check_data(name: str) -> None:
    if name != data_name(name) or len(name) > limits.MAX_NAME:
        raise ConfigError("the name of a data set is no path")


def _check_points(run: RunDocument, columns: dict[str, np.ndarray]) -> None:
    steps, seconds, rates = columns["step"], columns["seconds"], columns["lr"]
    whole = run.points.types["step"] == "u4" or not len(steps)
    if not whole or not np.isfinite(seconds).all() or np.isinf(rates).any():
        raise ConfigError(f"the points of run {run.run} have steps, seconds and rates")
    if len(steps) and (steps[0] < 1 or steps[-1] > run.step or (np.diff(steps) <= 0).any()):
        raise ConfigError(f"the points of run {run.run} are in the order of their steps, from 1 to {run.step}")


def _check_length(run: RunDocument, array: ArrayDocument) -> None:
    """Raise ConfigError unless a known quantity has one entry for each of its layers or blocks."""
    quantity = QUANTITIES.get(array.quantity)
    if quantity is None or quantity.per == "stage":
        return
    if array.length != _entries(run, quantity):
        raise ConfigError(f"{array.quantity} of run {run.run} is not of its layers")


def _entries(run: RunDocument, quantity: Quantity) -> int:
    kind, other = quantity.kinds
    of_kind = [layer for layer in run.layers if layer.kind == kind]
    layers = of_kind or [layer for layer in run.layers if layer.kind == other]
    return sum(layer.channels for layer in layers) if quantity.per == "channel" else len(layers)


def _check_job(job: JobDocument, number: int, runs: int) -> None:
    lab = get_lab(job.config.lab)
    check_settings(lab, job.config.settings)
    looked_at = inspected(lab, job.config.settings)
    if job.job != number or not looked_at or not all(1 <= run <= runs for run in looked_at):
        raise ConfigError(f"job {job.job} is not in its place, or looked at runs that are not here")
    panels = {panel.name for panel in lab.panels}
    if unknown := next((curve.panel for curve in job.curves if curve.panel not in panels), None):
        raise ConfigError(f"the lab {lab.name} has no panel {unknown}")
