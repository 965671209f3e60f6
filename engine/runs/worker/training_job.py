"""A training in its worker: takes the trainer's events and writes them to the store."""

import dataclasses
import logging
import os
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any

from engine.config import TUNED, Change, replace
from engine.errors import ConfigError, ReplicaLost
from engine.events import (
    Changed,
    Diverged,
    Evaluated,
    Event,
    Finished,
    LogEntry,
    Measured,
    Probed,
    RunState,
    Split,
    Started,
    Stepped,
    StepRow,
)  # fmt: skip
from engine.hardware.compiler import CACHE, use_cache
from engine.probes.registry import QUANTITIES
from engine.runs.protocol import older_nets
from engine.runs.protocol.checkpoint_names import END, PAUSED
from engine.runs.protocol.job import Job
from engine.runs.worker.checkpoint_store import NO_CHECKPOINT, CheckpointStore
from engine.runs.worker.contention import ContentionMonitor, notice, sample
from engine.runs.worker.replica_watch import ReplicaWatch
from engine.runs.worker.retrying_writer import PASSING
from engine.runs.worker.status_reporter import UNSAVED, StatusReporter
from engine.runs.worker.worker_store import WorkerStore
from engine.store.reader import Reader
from engine.store.tables.log_entries import BROKEN_IMAGES, TAKEN
from engine.store.tables.probes import Coding, LayerRow

if TYPE_CHECKING:
    from engine.hardware.device import Device
    from engine.training.trainer import Trainer

#: Window of images/s.
RATE_WINDOW_S = 5.0
#: A run that waits in lockstep records its last metrics, then its detail, after these times.
_SHOWN_AFTER_S, _SAID_AFTER_S = 0.25, 1.0
#: The coding of each quantity.
CODINGS = {row.name: Coding(row.code, row.low, row.high) for row in QUANTITIES.values()}

_log = logging.getLogger("engine.run")


class TrainingJob:
    """The life of one run in this process."""

    def __init__(
        self, job: Job, store: WorkerStore, reporter: StatusReporter, reader: Reader, watch: ReplicaWatch | None = None
    ):
        self._watch = watch
        self._job, self._run = job, job.run
        self._store, self._reporter, self._writer, self._reader = store, reporter, reporter.writer, reader
        self._link, self._row = reporter.link, reader.runs.known(job.run)
        self._rate = Rate(self._row.config.optim.batch_size)
        self._throttle = store.throttle(self._row.race)
        self._total_steps = self._row.total_steps
        self._is_trial = self._row.tunes is not None
        self._monitor: ContentionMonitor | None = None

    def run(self) -> None:
        """Prepare, train, and record the end."""
        try:
            self._train()
        except ReplicaLost as error:
            assert self._watch is not None, "a run in one process has no replica to lose"
            raise self._watch.explained(error) from None
        finally:
            self._replicas_done()
            self._throttle.leave()
            if self._monitor is not None:
                self._monitor.stop()

    def _train(self) -> None:
        from engine.data.images import load_images
        from engine.hardware.device import choose
        from engine.probes.online.probe import OnlineProbe
        from engine.training import checkpoint
        from engine.training.live_edits import LiveEdits
        from engine.training.state import ParentState
        from engine.training.trainer import Trainer

        if reason := older_nets.refusal(self._row):
            raise ConfigError(reason)
        config = replace(self._row.config, {"device": self._job.device, "threads": self._job.threads})
        _log.info("run %d, process %d, config %s", self._run, os.getpid(), config.to_json())
        device = self._among_ranks(choose(replace(config, {"threads": config.rank_threads})))
        images = load_images(config.data, self._store.data, self._reporter.report)
        self._reporter.report("building the net", now=True)
        if config.optim.lr == TUNED:
            raise ConfigError("the learning rate was to be tuned and never was; set lr to a number")
        self._link.changes = False
        changes = LiveEdits(config.optim, self._changes(), self._on_record())
        # A trial needs its metrics alone: no tenths and no last checkpoint, only a state to resume from. An instant
        # race is over before a tenth could be of use.
        ends = () if self._is_trial or self._row.instant else changes.ends
        checkpoints = CheckpointStore(self._run, ends, self._writer, self._reader, self._store.checkpoints(checkpoint))
        checkpoints.prune()
        if config.compile:
            use_cache(self._store.data / CACHE)
            self._reporter.report("compiling the net", now=True)
        trainer = checkpoints.restore(
            lambda state, forked: Trainer(config, images, device, ParentState(state) if forked else state, changes)
        )
        if images.remark:
            _log.warning("%s", images.remark)
        if trainer is None:
            if images.description:
                self._writer.log.add(self._run, 0, TAKEN, images.description)
            if images.remark:
                self._writer.log.add(self._run, 0, BROKEN_IMAGES, images.remark)
            trainer = Trainer(config, images, device, None, changes)
        if config.probe.images:
            trainer.probe = probe = OnlineProbe(config, trainer.images, trainer.model, device, changes.ends[1:])
            self._writer.probes.add_layers(self._run, [LayerRow(*place) for place in probe.layers])
        if device.ranks is not None:
            device.ranks.send(trainer.state() | {"precision": device.precision})
            device.ranks.await_ready(self._waits)
        try:
            with closing(trainer.events()) as events:
                for event in events:
                    if self._watch is not None:
                        self._watch.check()
                    if self._handle(event, trainer, checkpoints):
                        return
                    if self._link.signal is not None:
                        break
                    if self._link.changes:
                        self._link.changes = False
                        changes.add(self._changes())
            self._replicas_done()
            self._record_rest(trainer)
            step = self._write(trainer, checkpoints, PAUSED)
        except PASSING as error:
            # The state contains the metrics that were not fetched yet.
            self._reporter.rescue(lambda: self._rescued(trainer, checkpoints), str(error))
            return
        self._reporter.leave(step, UNSAVED if step is None else "")

    def _among_ranks(self, device: "Device") -> "Device":
        """Return the device with the run's other ranks, once they are there."""
        if self._watch is None:
            return device
        from engine.hardware.ranks import Ranks

        replicas, name = self._watch.replicas, str(device.torch_device)
        self._watch.ranks = ranks = Ranks.lead(replicas.listener, self._job.replicas, name)
        ranks.meanwhile = self._watch.meanwhile
        ranks.meet(replicas.host, self._waits)
        return dataclasses.replace(device, ranks=ranks)

    def _waits(self, text: str) -> None:
        """Say for what replica the run waits; look around."""
        assert self._watch is not None, "it waits for replicas alone"
        self._watch.check()
        self._reporter.report(text)

    def _replicas_done(self) -> None:
        """Take note that the other replicas have no part in what follows."""
        if self._watch is not None:
            self._watch.close()

    def _handle(self, event: Event, trainer: "Trainer", checkpoints: CheckpointStore) -> bool:
        """Record one event; return whether the event ended the run."""
        match event:
            case Stepped(step):
                self._save_if_due(step, trainer, checkpoints)
                self._keep_in_step(step, trainer)
            case Measured(rows):
                self._record(rows)
            case Evaluated():
                self._writer.points.record(self._run, evaluations=[event])
                _log.info(
                    "step %d %s: loss %.4f, error %.2f %% on %d images",
                    event.step, event.split, event.loss, event.error, event.images,
                )  # fmt: skip
            case Probed():
                self._writer.probes.add(self._run, event, CODINGS)
            case LogEntry(step, kind, text):
                self._writer.log.add(self._run, step, kind, text)
                _log.info("step %d: %s", step, text)
            case Changed(step, change, text):
                self._writer.interventions.take_over(self._run, change, step, text)
                _log.info("step %d: %s", step, text)
            case Started():
                self._started(event)
                self._total_steps = event.total_steps
                self._keep_in_step(event.step, trainer)
            case Diverged(step):
                self._replicas_done()
                self._record_rest(trainer)
                checkpoints.finish()
                cause = f"loss is not finite at step {step}"
                _log.error("diverged: %s", cause)
                self._reporter.end(RunState.DIVERGED, cause)
                return True
            case Finished(step, seconds, share, probes):
                self._replicas_done()
                self._record_rest(trainer)
                if self._is_trial:
                    checkpoints.finish()
                else:
                    self._write(trainer, checkpoints, END)
                _log.info(
                    "finished after %d steps and %.1f s, %.1f %% evaluation, %.1f %% probes",
                    step, seconds, 100 * share, 100 * probes,
                )  # fmt: skip
                # A worker that did only the last evaluation has no rate; the rate of the worker before stays.
                overall = self._rate.overall()
                rate: dict[str, Any] = {} if overall is None else {"images_per_s": overall}
                self._reporter.end(
                    RunState.FINISHED, seconds=seconds, evaluation_share=share, probe_share=probes, **rate
                )
                return True
        return False

    def _keep_in_step(self, step: int, trainer: "Trainer") -> None:
        """Publish the step; wait, with the clock stopped, while the run is too far ahead of the others."""
        if not self._throttle.reach(step) or step >= self._total_steps:
            return
        shown = said = False

        def waits(seconds: float) -> None:
            nonlocal shown, said
            if not shown and seconds >= _SHOWN_AFTER_S:
                shown = True
                self._record_rest(trainer)
            if not said and seconds >= _SAID_AFTER_S:
                said = True
                self._writer.jobs.update(self._run, detail="waits for the slowest run of its race")

        # A change of the live run takes effect before the next update and need not end the wait.
        self._throttle.hold(step, self._is_called, waits)
        if said and self._link.signal is None:
            self._writer.jobs.update(self._run, detail="")

    def _is_called(self) -> bool:
        """Return whether a wait between two updates has to end."""
        return self._link.signal is not None or (self._watch is not None and self._watch.has_trouble)

    def _started(self, event: Started) -> None:
        restarted = event.step == 0 and self._row.step > 0
        self._reporter.begin(
            self._row.started, detail=NO_CHECKPOINT if restarted else "", step=event.step, parameters=event.parameters,
            device=event.device, precision=event.precision, threads=self._job.threads, train_images=event.train_images,
        )  # fmt: skip
        _log.info(
            "training from step %d of %d on %s (%s), %s, %d thread(s)",
            event.step, event.total_steps, event.device, event.device_name, event.precision, event.threads,
        )  # fmt: skip

        # The replicas of a run wait for each other as its threads do.
        if self._job.threads > 1 and event.device == "cpu":
            others = [] if self._watch is None else self._watch.replicas.processes()
            text = notice(self._job.threads, self._job.replicas)
            self._monitor = ContentionMonitor(self._store.writer, self._run, text, lambda: sample(others)).start()

    def _changes(self) -> list[Change]:
        return [Change(row.id, row.key, row.value, row.step) for row in self._reader.interventions.changes(self._run)]

    def _on_record(self) -> int:
        """Return the last recorded step; a fork's record begins after the parent's step."""
        last = self._reader.points.last([self._run]).get((self._run, Split.TRAIN))
        return max(last["step"] if last else 0, self._row.parent_step or 0)

    def _record(self, rows: tuple[StepRow, ...]) -> None:
        self._rate.add(rows)
        self._writer.points.record(self._run, rows, images_per_s=self._rate.recent())

    def _record_rest(self, trainer: "Trainer") -> None:
        if (rest := trainer.drain()) is not None:
            self._record(rest.rows)

    def _save_if_due(self, step: int, trainer: "Trainer", checkpoints: CheckpointStore) -> None:
        """Record the metrics, then begin a checkpoint of the same step; its file is written beside the training."""
        if reason := checkpoints.due(step):
            self._record_rest(trainer)
            checkpoints.save(trainer.state(), step, reason, wait=False)

    def _rescued(self, trainer: "Trainer", checkpoints: CheckpointStore) -> tuple[bool, int | None]:
        step = self._write(trainer, checkpoints, PAUSED)
        return step is not None, step

    @staticmethod
    def _write(trainer: "Trainer", checkpoints: CheckpointStore, reason: str) -> int | None:
        """Write a checkpoint to its end; return its step, None for one that could not be written."""
        state = trainer.state()
        step = int(state["progress"]["step"])
        return step if checkpoints.save(state, step, reason) else None


class Rate:
    """Images per second of training, evaluation included."""

    def __init__(self, batch_size: int):
        self._batch_size = batch_size
        self._marks: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None

    def add(self, rows: tuple[StepRow, ...]) -> None:
        """Add measured steps."""
        if self._first is None:
            self._first = (rows[0].seconds, rows[0].step)
            self._marks.append(self._first)
        self._marks.append((rows[-1].seconds, rows[-1].step))
        while len(self._marks) > 2 and self._marks[-1][0] - self._marks[0][0] > RATE_WINDOW_S:
            self._marks.popleft()

    def recent(self) -> float | None:
        """Return images/s over the last ``RATE_WINDOW_S``; None before two steps."""
        return self._between(self._marks[0]) if self._marks else None

    def overall(self) -> float | None:
        """Return images/s since this worker began."""
        return self._between(self._first) if self._first else None

    def _between(self, first: tuple[float, int]) -> float | None:
        seconds, step = self._marks[-1]
        elapsed = seconds - first[0]
        return self._batch_size * (step - first[1]) / elapsed if elapsed > 0 else None
