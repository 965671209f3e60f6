"""Imports a bundle into a workspace, beside running trainings. Torch-free but for checkpoints.

Curves, layers and files are written first, in short transactions and under run numbers that no run has: nobody sees
them. One last short transaction adds the races and runs. What is refused leaves nothing behind, and what a killed
import leaves is removed later (``engine.runs.unfinished_imports``). Imported runs have ended, and the engine never goes
on with one; a fork of an imported run is a run of this workspace.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from engine.config import LabConfig
from engine.errors import CheckpointError, ConfigError, DataError
from engine.events import CurveName, CurveUpdated, Evaluated, MetricReported, Probed, Split
from engine.exchange.bundle import checkpoints
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import (
    BundleContents,
    arrays,
    curves,
    points,
    read_contents,
    run_folder,
    step_rows,
)
from engine.exchange.bundle.documents import GhostDocument, JobDocument, RunDocument
from engine.exchange.bundle.numbering import renamed, with_runs
from engine.exchange.limits import MAX_GHOST_LINES
from engine.exchange.registry import Imported, Report
from engine.labs.registry import get_lab
from engine.runs.client.author import author
from engine.runs.temporary_folder import own_folder
from engine.runs.unfinished_imports import UnfinishedImports, reserved
from engine.store.rows import UnfinishedImport
from engine.store.tables.imported.ghost_lines import GhostLine
from engine.store.tables.probes import Coding, LayerRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: One transaction, some milliseconds: rows of a curve, evaluations, bytes of layers, numbers of a lab's curves.
_ROWS, _EVALUATIONS, _BYTES, _NUMBERS = 4_000, 500, 4 * 2**20, 250_000
_COPIED = (
    "position", "detail", "cause", "note", "step", "total_steps", "parameters", "device", "precision", "threads",
    "images_per_s", "train_images", "seconds", "evaluation_share", "probe_share", "created", "started", "ended",
    "parent_step", "state",
)  # fmt: skip
_JOB_COPIED = ("done", "total", "device", "precision", "seconds", "created", "started", "ended")
_Item = TypeVar("_Item")


def read(workspace: Workspace, path: Path, report: Report) -> Imported:
    """Import a bundle. Raises DataError in one line for a file that is none, is damaged, or holds too much."""
    with ArchiveReader(path) as archive:
        contents = read_contents(archive)
        return _Restoring(workspace.prepare(), archive, contents, report).run()


class _Restoring:
    def __init__(self, workspace: Workspace, archive: ArchiveReader, contents: BundleContents, report: Report):
        self._workspace, self._archive, self._contents = workspace, archive, contents
        self._report = report
        self._saved = sum(len(run.checkpoints) for run in contents.runs)
        self._with_checkpoints = not self._saved or checkpoints.has_torch()
        self._done, self._total = 0, len(contents.runs) + len(contents.jobs) + self._saved
        #: The numbers that the runs of the bundle have here.
        self._numbers: dict[int, int] = {}

    def run(self) -> Imported:
        contents, manifest = self._contents, self._archive.manifest
        numbers = self._numbers
        with own_folder(self._workspace, "import") as part:
            self._prepare_checkpoints(part)
            with (
                Writer(self._workspace) as writer,
                writer.early_rows(),
                self._reserved(writer, len(contents.runs) + len(contents.jobs)) as first,
            ):
                numbers.update({run.run: first.first_run + place for place, run in enumerate(contents.runs)})
                jobs = [first.first_run + len(numbers) + place for place in range(len(contents.jobs))]
                for run in contents.runs:
                    self._step(f"run {run.run}, {run.config.model.arm}")
                    self._write_run(writer, run, numbers[run.run])
                    self._place(run, part)
                for job, number in zip(contents.jobs, jobs, strict=True):
                    self._step(f"lab {job.config.lab}")
                    self._write_job(writer, job, number)
                # From here on everybody sees the import.
                version = manifest.written_by.get("skipscope", "")
                with writer.together():
                    imported = writer.imports.add(manifest.id, manifest.date, version)
                    races = self._add_races(writer)
                    for new in (races[each.race] for each in contents.races if each.tunes is None):
                        writer.commands.note("import", argument="of a bundle", race=new, author=author())
                    for run in contents.runs:
                        self._add_run(writer, run, races[run.race], imported)
                    for race, document in contents.ghosts.items():
                        writer.ghosts.add(races[race], [_ghost(line) for line in document.lines], MAX_GHOST_LINES)
                    for job, number in zip(contents.jobs, jobs, strict=True):
                        self._add_job(writer, job, number, imported)
                    if not writer.imports.finish(first):
                        raise DataError("another process took this import for one that was cut off; import it again")
        self._report(self._total, self._total, "done")
        of_races = {
            races[race.race]: tuple(numbers[run.run] for run in contents.runs if run.race == race.race)
            for race in contents.races
            if race.tunes is None
        }
        left_out = "" if self._with_checkpoints else f"checkpoints were left out: {checkpoints.NO_TORCH}"
        saved = self._saved if self._with_checkpoints else 0
        return Imported(manifest.id, manifest.date, version, of_races, tuple(jobs), saved, left_out)

    def _step(self, words: str) -> None:
        self._report(self._done, self._total, words)
        self._done += 1

    def _prepare_checkpoints(self, part: Path) -> None:
        """Write the checkpoint files beside the workspace's own. Raises DataError."""
        for run in self._contents.runs if self._with_checkpoints else ():
            for saved in run.checkpoints:
                self._step(f"run {run.run}, checkpoint at step {saved.step}")
                name = f"{run_folder(run.run)}/checkpoints/{saved.step:08}"
                tree = self._archive.document(f"{name}.json", checkpoints.StateDocument)
                try:
                    state = checkpoints.restored(tree.state, self._archive.read(f"{name}.bin"), run.config)
                    checkpoints.save(state, _part(part, run, saved.step))
                except (CheckpointError, ConfigError) as error:
                    raise self._archive.refused(f"{name}: {error}") from None

    def _write_run(self, writer: Writer, run: RunDocument, number: int) -> None:
        """Write the curves and layers of a run."""
        rows = step_rows(points(self._archive, run))
        while some := list(islice(rows, _ROWS)):
            with _piece(writer):
                writer.points.record(number, some)
        for evaluations in _batches(_evaluations(run), lambda _: 1, _EVALUATIONS):
            with _piece(writer):
                writer.points.record(number, evaluations=evaluations)
        layers = [LayerRow(each.kind, each.position, each.name, each.stage, each.channels) for each in run.layers]
        with _piece(writer):
            writer.probes.add_layers(number, layers)
        for some_probes in _batches(self._probes(run), _bytes_of, _BYTES):
            with _piece(writer):
                for probed, codings in some_probes:
                    writer.probes.add(number, probed, codings)

    def _write_job(self, writer: Writer, job: JobDocument, number: int) -> None:
        """Write the curves of a job of a lab."""
        named = zip(job.curves, curves(self._archive, job), strict=True)
        for some in _batches(named, lambda each: 2 * len(each[1][0]), _NUMBERS):
            updated = [
                CurveUpdated(
                    each.panel,
                    CurveName(renamed(each.kind, self._numbers), each.setting, each.value, each.cell, each.part),
                    x.tolist(),
                    y.tolist(),
                )
                for each, (x, y) in some
            ]
            with _piece(writer):
                writer.labs.results(number, updated)

    def _add_races(self, writer: Writer) -> dict[int, int]:
        """Add the races; return their ids by their numbers in the bundle."""
        races: dict[int, int] = {}
        for race in self._contents.races:
            columns = {
                "name": race.name, "preset": race.preset, "created": race.created, "pace": race.pace,
                "tunes": None if race.tunes is None else races[race.tunes],
            }  # fmt: skip
            races[race.race] = writer.imports.add_race(race.config, columns)
        return races

    def _add_run(self, writer: Writer, run: RunDocument, race: int, imported: int) -> None:
        columns, number = {name: getattr(run, name) for name in _COPIED}, self._numbers[run.run]
        parent = run.parent_run if run.parent_run is None or run.parent_run < 0 else self._numbers[run.parent_run]
        columns |= {"id": number, "parent_run": parent, "versions": dict(run.versions), "imported": imported}
        writer.imports.add_run(race, run.config, columns)
        writer.imports.add_changes(number, [each.model_dump() for each in run.changes])
        log = [{**each.model_dump(), "text": renamed(each.text, self._numbers)} for each in run.log]
        writer.imports.add_log(number, log)
        for saved in run.checkpoints if self._with_checkpoints else ():
            size = self._workspace.checkpoint(number, saved.step).stat().st_size
            writer.checkpoints.add(number, saved.step, saved.reason, size)

    def _probes(self, run: RunDocument) -> Iterator[tuple[Probed, dict[str, Coding]]]:
        """Yield the probes of a run with the codings of their arrays."""
        found: list[tuple[dict[str, Any], dict[str, Coding]]] = [({}, {}) for _ in run.probes.step]
        for document, values in arrays(self._archive, run):
            for place, array in zip(document.probes, values, strict=True):
                found[place][0][document.quantity] = array
                found[place][1][document.quantity] = Coding(document.code, document.low, document.high)
        probes = run.probes
        for place, (by_quantity, codings) in enumerate(found):
            facts = probes.step[place], probes.seconds[place], probes.took_s[place], probes.images[place]
            yield Probed(*facts, by_quantity), codings

    def _place(self, run: RunDocument, part: Path) -> None:
        """Give the checkpoints of a run their names in the workspace."""
        for saved in run.checkpoints if self._with_checkpoints else ():
            goal = self._workspace.checkpoint(self._numbers[run.run], saved.step)
            goal.parent.mkdir(parents=True, exist_ok=True)
            _part(part, run, saved.step).replace(goal)

    @contextmanager
    def _reserved(self, writer: Writer, runs: int) -> Iterator[UnfinishedImport]:
        UnfinishedImports(self._workspace, writer).remove()
        with reserved(self._workspace, writer, runs) as first:
            yield first

    def _add_job(self, writer: Writer, job: JobDocument, number: int, imported: int) -> None:
        lab = get_lab(job.config.lab)
        settings = with_runs(lab, job.config.settings, self._numbers)
        config = LabConfig.checked(
            lab=lab.name, settings=settings, device=job.config.device, threads=job.config.threads
        )
        columns = {name: getattr(job, name) for name in _JOB_COPIED}
        columns |= {"id": number, "versions": dict(job.versions), "state": "finished", "imported": imported}
        writer.imports.add_job(config, columns)
        metrics = [MetricReported(name, math.nan if value is None else value) for name, value in job.metrics.items()]
        writer.labs.results(number, (), metrics)


@contextmanager
def _piece(writer: Writer) -> Iterator[None]:
    """One short transaction, then as long a pause: runs at work write meanwhile."""
    with writer.together():
        began = time.monotonic()
        yield
    time.sleep(time.monotonic() - began)


def _batches(items: Iterable[_Item], weight: Callable[[_Item], int], limit: int) -> Iterator[list[_Item]]:
    """Yield lists of successive items, each as long as its weight allows."""
    batch: list[_Item] = []
    weighs = 0
    for item in items:
        batch.append(item)
        weighs += weight(item)
        if weighs >= limit:
            yield batch
            batch, weighs = [], 0
    if batch:
        yield batch


def _bytes_of(probe: tuple[Probed, dict[str, Coding]]) -> int:
    return sum(array.nbytes for array in probe[0].arrays.values())


def _part(folder: Path, run: RunDocument, step: int) -> Path:
    return folder / f"{run.run:04}-{step:08}.pt"


def _ghost(line: GhostDocument) -> GhostLine:
    numbers = np.array([math.nan if number is None else number for number in line.numbers])
    steps, split = np.array(line.steps, dtype=float), Split(line.split)
    return GhostLine(line.name, line.source, line.quantity, split, line.metric, line.total, steps, numbers)


def _evaluations(run: RunDocument) -> Sequence[Evaluated]:
    return [
        Evaluated(
            each.step, Split(each.split), math.nan if each.loss is None else each.loss,
            math.nan if each.error is None else each.error, each.images, each.seconds, each.took_s, each.bn,
        )
        for each in run.evaluations
    ]  # fmt: skip
