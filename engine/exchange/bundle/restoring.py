"""Imports a bundle into a workspace: one transaction, and files renamed into place. Torch-free but for checkpoints.

What is refused leaves nothing behind. Imported runs have ended, and the engine never goes on with one; a fork of an
imported run is a run of this workspace.
"""

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from engine.config import LabConfig
from engine.errors import CheckpointError, ConfigError
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
from engine.exchange.bundle.documents import JobDocument, RunDocument
from engine.exchange.bundle.numbering import renamed, with_runs
from engine.exchange.registry import Imported, Report
from engine.labs.registry import get_lab
from engine.store.tables.probes import Coding, LayerRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Rows of one statement: a long curve need not be in memory twice.
_ROWS = 20_000
_COPIED = (
    "position", "detail", "cause", "note", "step", "total_steps", "parameters", "device", "precision", "threads",
    "images_per_s", "train_images", "seconds", "evaluation_share", "probe_share", "created", "started", "ended",
    "parent_step", "state",
)  # fmt: skip
_JOB_COPIED = ("done", "total", "device", "precision", "seconds", "created", "started", "ended")
#: What recording points and probes touches, which is on record already.
_KEPT = ("step", "seconds", "images_per_s", "probe_share")


def read(workspace: Workspace, path: Path, report: Report) -> Imported:
    """Import a bundle. Raises DataError in one line for a file that is none, is damaged, or holds too much."""
    with ArchiveReader(path) as archive:
        contents = read_contents(archive)
        restoring = _Restoring(workspace.prepare(), archive, contents, report)
        return restoring.run()


class _Restoring:
    def __init__(self, workspace: Workspace, archive: ArchiveReader, contents: BundleContents, report: Report):
        self._workspace, self._archive, self._contents = workspace, archive, contents
        self._report = report
        self._saved = sum(len(run.checkpoints) for run in contents.runs)
        self._with_checkpoints = not self._saved or checkpoints.has_torch()
        self._done, self._total = 0, len(contents.runs) + len(contents.jobs) + self._saved

    def run(self) -> Imported:
        contents, manifest = self._contents, self._archive.manifest
        with tempfile.TemporaryDirectory(prefix="import-", suffix=".part", dir=self._workspace.path) as folder:
            part = Path(folder)
            # Before the transaction, which other writers wait for.
            self._prepare_checkpoints(part)
            with Writer(self._workspace) as writer, self._undone() as placed, writer.together():
                version = manifest.written_by.get("skipscope", "")
                imported = writer.imports.add(manifest.id, manifest.date, version)
                races: dict[int, int] = {}
                for race in contents.races:
                    columns = {
                        "name": race.name, "preset": race.preset, "created": race.created, "pace": race.pace,
                        "tunes": None if race.tunes is None else races[race.tunes],
                    }  # fmt: skip
                    races[race.race] = writer.imports.add_race(race.config, columns)
                runs: dict[int, int] = {}
                for run in contents.runs:
                    self._step(f"run {run.run}, {run.config.model.arm}")
                    runs[run.run] = self._add_run(writer, run, races[run.race], runs, imported)
                    self._place(writer, run, runs[run.run], part, placed)
                jobs = []
                for job in contents.jobs:
                    self._step(f"lab {job.config.lab}")
                    jobs.append(self._add_job(writer, job, runs, imported))
        self._report(self._total, self._total, "done")
        of_races = {
            races[race.race]: tuple(runs[run.run] for run in contents.runs if run.race == race.race)
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

    def _add_run(self, writer: Writer, run: RunDocument, race: int, runs: dict[int, int], imported: int) -> int:
        columns = {name: getattr(run, name) for name in _COPIED}
        parent = run.parent_run if run.parent_run is None or run.parent_run < 0 else runs[run.parent_run]
        added = writer.imports.add_run(
            race, run.config, {**columns, "parent_run": parent, "versions": dict(run.versions), "imported": imported}
        )
        rows = step_rows(points(self._archive, run))
        while some := list(islice(rows, _ROWS)):
            writer.points.record(added, some)
        writer.points.record(added, evaluations=_evaluations(run))
        layers = [LayerRow(each.kind, each.position, each.name, each.stage, each.channels) for each in run.layers]
        writer.probes.add_layers(added, layers)
        for probed, codings in self._probes(run):
            writer.probes.add(added, probed, codings)
        writer.imports.add_changes(added, [each.model_dump() for each in run.changes])
        named = {**runs, run.run: added}
        log = [{**each.model_dump(), "text": renamed(each.text, named)} for each in run.log]
        writer.imports.add_log(added, log)
        writer.jobs.update(added, heartbeat=None, **{name: columns[name] for name in _KEPT})
        return added

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

    def _place(self, writer: Writer, run: RunDocument, added: int, part: Path, placed: list[Path]) -> None:
        """Give the checkpoints of a run their names in the workspace, and record them."""
        for saved in run.checkpoints if self._with_checkpoints else ():
            goal = self._workspace.checkpoint(added, saved.step)
            goal.parent.mkdir(parents=True, exist_ok=True)
            placed.append(goal)
            _part(part, run, saved.step).replace(goal)
            writer.checkpoints.add(added, saved.step, saved.reason, goal.stat().st_size)

    @contextmanager
    def _undone(self) -> Iterator[list[Path]]:
        """Yield a list of files, which go again when the transaction is undone."""
        placed: list[Path] = []
        try:
            yield placed
        except BaseException:
            for folder in {path.parent.parent for path in placed}:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _add_job(self, writer: Writer, job: JobDocument, runs: dict[int, int], imported: int) -> int:
        lab = get_lab(job.config.lab)
        settings = with_runs(lab, job.config.settings, runs)
        config = LabConfig.checked(
            lab=lab.name, settings=settings, device=job.config.device, threads=job.config.threads
        )
        columns = {name: getattr(job, name) for name in _JOB_COPIED}
        added = writer.imports.add_job(
            config, {**columns, "versions": dict(job.versions), "state": "finished", "imported": imported}
        )
        updated = [
            CurveUpdated(
                each.panel,
                CurveName(renamed(each.kind, runs), each.setting, each.value, each.cell, each.part),
                x.tolist(),
                y.tolist(),
            )
            for each, (x, y) in zip(job.curves, curves(self._archive, job), strict=True)
        ]
        metrics = [MetricReported(name, math.nan if value is None else value) for name, value in job.metrics.items()]
        writer.labs.results(added, updated, metrics)
        return added


def _part(folder: Path, run: RunDocument, step: int) -> Path:
    return folder / f"{run.run:04}-{step:08}.pt"


def _evaluations(run: RunDocument) -> Sequence[Evaluated]:
    return [
        Evaluated(
            each.step, Split(each.split), math.nan if each.loss is None else each.loss,
            math.nan if each.error is None else each.error, each.images, each.seconds, each.took_s, each.bn,
        )
        for each in run.evaluations
    ]  # fmt: skip
