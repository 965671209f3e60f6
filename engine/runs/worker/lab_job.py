"""A lab in its worker: takes the lab's events and writes them to the store."""

import dataclasses
import logging
import os
import time
from contextlib import closing
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from engine.config import DataConfig, LabConfig, RunConfig, replace
from engine.errors import CheckpointError
from engine.events import Concluded, CurveUpdated, LabEvent, MetricReported, Progressed, RunState, Split
from engine.labs.registry import LabSpec, get_lab
from engine.runs.protocol.checkpoint_names import PAUSED
from engine.runs.protocol.inspected_runs import pin
from engine.runs.protocol.job import Job
from engine.runs.worker.checkpoint_store import CheckpointStore
from engine.runs.worker.retrying_writer import PASSING
from engine.runs.worker.status_reporter import UNSAVED, StatusReporter
from engine.runs.worker.worker_store import Document, WorkerStore
from engine.store.reader import Reader

if TYPE_CHECKING:
    from engine.labs.inspected_run import InspectedRun

#: Curves and metrics are written this often at most, and after every task.
_FLUSH_S = 0.1

_log = logging.getLogger("engine.run")


class LabJob:
    """The life of one lab job in this process."""

    def __init__(self, job: Job, store: WorkerStore, reporter: StatusReporter, reader: Reader):
        self._job, self._run = job, job.run
        self._store, self._reporter, self._writer, self._reader = store, reporter, reporter.writer, reader
        self._row = reader.labs.known(job.run)
        self._curves: list[CurveUpdated] = []
        self._metrics: list[MetricReported] = []
        self._done = 0
        self._flushed_at = 0.0

    def run(self) -> None:
        """Prepare, work, and record the end."""
        from engine.hardware.device import choose
        from engine.training import checkpoint
        from engine.training.clock import Clock
        from engine.training.state import FORMAT

        config = self._row.config
        spec = get_lab(config.lab)
        _log.info("lab %s, job %d, process %d, settings %s", spec.name, self._run, os.getpid(), config.settings)
        self._reporter.report("preparing the lab", now=True)
        device = choose(RunConfig(device=self._job.device, threads=self._job.threads, precision="fp32"))
        # No tenths: a lab resumes from its newest checkpoint alone.
        checkpoints = CheckpointStore(self._run, (), self._writer, self._reader, self._store.checkpoints(checkpoint))
        checkpoints.prune()
        saved = checkpoints.restore(self._restored) or {}
        inspected = (self._inspected_runs(spec, config),) if spec.run_option is not None else ()
        lab = resolve_name(spec.lab)(dict(config.settings), device, saved.get("state"), *inspected)
        clock = Clock(saved.get("seconds", 0.0))

        def save(reason: str = PAUSED) -> bool:
            document = {
                "format": FORMAT, "config": config.to_json(), "done": self._done, "seconds": clock.seconds(),
                "state": lab.state(),
            }  # fmt: skip
            return checkpoints.save(document, self._done, reason)

        self._reporter.begin(
            self._row.started, device=str(device.torch_device), precision=device.precision, threads=device.threads
        )
        clock.go()
        try:
            with closing(lab.events()) as events:
                for event in events:
                    clock.stop()
                    if self._handle(event, clock.seconds()):
                        return
                    if self._reporter.link.signal is not None:
                        break
                    if isinstance(event, Progressed) and (reason := checkpoints.due(event.done)):
                        save(reason)
                    clock.go()
            self._flush()
            written = save()
        except PASSING as error:
            self._reporter.rescue(lambda: (save(), None), str(error))
            return
        self._reporter.leave(reason="" if written else UNSAVED)

    def _inspected_runs(self, lab: LabSpec, config: LabConfig) -> "tuple[InspectedRun, ...]":
        """Return the inspected runs in their states at the first start of the job."""
        from engine.data.images import ImageSet, load_images
        from engine.hardware.device import choose
        from engine.labs.inspected_run import InspectedRun
        from engine.training import checkpoint
        from engine.training.evaluate import Score
        from engine.training.state import FORMAT, config_of

        inspected: list[InspectedRun] = []
        sets: dict[DataConfig, ImageSet] = {}
        for snapshot in pin(self._store.workspace, self._reader, self._run, lab, config.settings):
            state = checkpoint.load(snapshot.state)
            training = config_of(state)
            if not snapshot.is_of(training):
                raise CheckpointError(
                    f"the checkpoint of run {snapshot.run} at step {snapshot.step} is of another training; name a step "
                    "that is its own"
                )
            if training.data not in sets:
                sets[training.data] = load_images(training.data, self._store.data, self._reporter.report)
            changes = {"device": self._job.device, "threads": snapshot.threads, "precision": snapshot.precision}
            device = choose(replace(training, changes))
            stored = {
                Split(name): Score(Split(name), *scores)
                for name, scores in snapshot.stored.items()
                # Older versions had other fixed subsets.
                if state["format"] == FORMAT or name == Split.TEST
            }
            trail = [(step, partial(checkpoint.load, path)) for step, path in snapshot.trail]
            images = sets[training.data].to(device.torch_device)
            # A net that is an arm of its own says so wherever it is named: legend, sentence, table, file.
            name = ", ".join(filter(None, (f"{training.model.arm}, run {snapshot.run}", snapshot.difference)))
            inspected.append(
                InspectedRun(snapshot.run, name, training, snapshot.step, state, stored, images, device, trail)
            )
        arms = [run.config.model.arm for run in inspected]
        return tuple(
            dataclasses.replace(run, name=run.name.replace(f"{arm}, run {run.run}", arm, 1))
            if arms.count(arm) == 1
            else run
            for run, arm in zip(inspected, arms, strict=True)
        )

    def _restored(self, saved: Document, forked: bool) -> Document:
        if saved.get("config") != self._row.config.to_json():
            raise CheckpointError("the checkpoint is of another lab or other settings; start the lab anew")
        self._done = saved["done"]
        return saved

    def _handle(self, event: LabEvent, seconds: float) -> bool:
        """Record one event; return whether the event ended the lab."""
        match event:
            case CurveUpdated():
                self._curves.append(event)
            case MetricReported():
                self._metrics.append(event)
                _log.info("%s = %r", event.name, event.value)
            case Progressed():
                self._done = event.done
                self._flush()
                self._writer.labs.progress(self._run, event, seconds)
            case Concluded():
                self._flush()
                for found in get_lab(self._row.lab).found(self._reader.labs.curves(self._run)):
                    _log.info("%s", found.text)
                _log.info("finished after %.1f s", seconds)
                self._reporter.end(RunState.FINISHED, seconds=seconds)
                return True
        if time.monotonic() - self._flushed_at >= _FLUSH_S:
            self._flush()
        return False

    def _flush(self) -> None:
        self._flushed_at = time.monotonic()
        if self._curves or self._metrics:
            self._writer.labs.results(self._run, self._curves, self._metrics)
            self._curves, self._metrics = [], []
