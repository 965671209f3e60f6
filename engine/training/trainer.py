"""The only training loop: a generator of events. Whoever takes the next event drives it; pausing is not taking it.

Used by ``engine.runs.worker.worker``. It knows no database, no clock but the run's own, and prints nothing. What it
computes depends on config, images and device alone, never on how fast the events are taken.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Set
from typing import Any, Protocol

import torch

from engine.config import RunConfig, diff
from engine.data.images import ImageSet
from engine.errors import CheckpointError, CheckpointUnusable, ConfigError
from engine.events import (
    Diverged,
    Evaluated,
    Evaluating,
    Event,
    Finished,
    LogEntry,
    Measured,
    Probed,
    Split,
    Started,
    Stepped,
)  # fmt: skip
from engine.hardware.device import Device
from engine.models.build import build_model
from engine.training.clock import Clock
from engine.training.evaluate import Batch, Evaluator
from engine.training.follower import order_of
from engine.training.live_edits import LiveEdits
from engine.training.metrics import StepMetrics
from engine.training.optim import WARMUP_CHECK, build_optimizer, optimizer_state, restore_optimizer, warmup_ends
from engine.training.state import (
    FORMAT,
    ParentState,
    Progress,
    StateDocument,
    check_document,
    check_net,
    check_tensors,
    config_of,
)  # fmt: skip
from engine.training.update import Update

#: Seconds between two fetches of the metrics from the device.
FLUSH_S = 0.25
#: A training may resume on another device or with other threads; every other setting must be the same.
_MAY_DIFFER = frozenset({"device", "threads"})


class Probe(Protocol):
    """A measurement inside the net (``engine.probes.online.probe``) after some updates, on so many images."""

    steps: Set[int]
    images: int

    def measure(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, lr: float | None
    ) -> Mapping[str, Any]:
        """Return arrays by quantity; changes nothing that a training can see. ``lr`` is that of the last update."""


class Trainer:
    """One training of one net.

    Args:
        config, images, device: the run's settings, its images, and the device that computes.
        state: a value of ``state`` of the same training, or of a fork's parent; None: from the start.
        live_edits: the changes that people made while the run lived.

    ``probe`` may be set until the first event is taken.

    Raises: ConfigError when net and images do not fit; CheckpointError when ``state`` is of another net, of another
    training or of other data.
    """

    probe: Probe | None = None

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        device: Device,
        state: StateDocument | ParentState | None = None,
        live_edits: LiveEdits | None = None,
    ):
        _check_fit(config, images)
        self.config = config
        self.device = device
        self.images = images.to(device.torch_device)
        self.model = build_model(config.model, config.seed)
        device.place(self.model)
        self.optimizer = build_optimizer(self.model, config.optim)
        self.metrics = StepMetrics(device.torch_device, config.optim.batch_size)
        self.live_edits = live_edits or LiveEdits(config.optim)
        self.progress = Progress(warming=config.optim.warmup_lr is not None)
        if state is not None:
            forked = isinstance(state, ParentState)
            self._restore(state.document if isinstance(state, ParentState) else state, forked)
        self.live_edits.apply(self.model, self.optimizer)
        self._update = Update(self.model, self.optimizer, self.images, config, device)
        self._evaluator = Evaluator(self.model, config, self.images, device)
        self._ends = self.live_edits.ends
        self._evaluation_steps = frozenset(config.evaluation_steps(self._ends[1:]))
        self._clock = Clock(self.progress.seconds)
        self._flushed_at = 0.0

    def events(self) -> Generator[Event, None, None]:
        """Train to the end, yielding what happens. The run's clock stands still while an event is being handled."""
        self._clock.go()
        for event in self._train():
            self._clock.stop()
            yield event
            self._clock.go()
        self._clock.stop()

    def drain(self) -> Measured | None:
        """Fetch the metrics that were not yielded yet; None if there are none. Waits for the device."""
        rows = self.metrics.fetch()
        self._flushed_at = self._clock.seconds()
        bad = next((index for index, row in enumerate(rows) if not math.isfinite(row.loss)), None)
        if bad is not None:
            self.progress.diverged = rows[bad].step
            rows = rows[: bad + 1]
        return Measured(rows) if rows else None

    def state(self) -> StateDocument:
        """Return copies of everything that a training needs to go on, bit for bit, as tensors and plain values.

        Valid between any two events. Batches and augmentation are functions of seed and step, so there is no random
        state. Metrics that were not drained are inside and come out again after a resume.
        """
        self.progress.seconds, self.progress.changes = self._clock.seconds(), self.live_edits.document()
        return {
            "format": FORMAT,
            "config": self.config.to_json(),
            "data": self.images.checksum,
            "model": {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()},
            **optimizer_state(self.model, self.optimizer),
            "progress": self.progress.document(),
            "figures": self.metrics.state(),
        }

    def _train(self) -> Iterator[Event]:
        progress, total = self.progress, self._ends[-1]
        yield self._started()
        while True:
            if self._flush_is_due() and (measured := self.drain()):
                yield measured
            if progress.diverged:
                yield Diverged(progress.diverged)
                return
            if progress.due:
                yield from self._evaluate()
            if self._probe_is_due():
                yield self._measure()
            yield from self._adjust()
            if progress.step >= total:
                break
            self._step()
            yield Stepped(progress.step)
        seconds = self._clock.seconds()
        shares = (part / seconds if seconds else 0.0 for part in (progress.evaluation_seconds, progress.probe_seconds))
        yield Finished(progress.step, seconds, *shares)

    def _step(self) -> None:
        """Do one update of the weights. Nothing in here waits for the device."""
        step = self.progress.step + 1
        assert self.progress.lr is not None, "the rate is set before a step"
        if (ranks := self.device.ranks) is not None:
            ranks.announce(order_of(step, self.model, self.optimizer))
        loss, wrong = self._update(step)
        self.metrics.add(step, loss, wrong, self.progress.lr, self._clock.seconds())
        self.progress.step = step
        if step in self._evaluation_steps:
            self.progress.due = [split.value for split in self._splits_at(step)]

    def _splits_at(self, step: int) -> list[Split]:
        """Return the splits of an evaluation after ``step`` updates."""
        held_out = [Split.VALIDATION] * (self.images.validation is not None)
        return [Split.TRAIN_CLEAN, Split.TEST_SUBSET, *held_out, *[Split.TEST] * (step in self.live_edits.ends)]

    def _evaluate(self) -> Iterator[Event]:
        progress = self.progress
        before = since = self._clock.seconds()
        for part in self._evaluator.run(self.model, [Split(name) for name in progress.due]):
            now = self._clock.seconds()
            progress.evaluation_seconds += now - since
            since = now
            if isinstance(part, Batch):
                yield Evaluating(progress.step, part.done, part.total)
                continue
            progress.due.remove(part.split.value)
            yield Evaluated(
                progress.step, part.split, part.loss, part.error, part.images, now, now - before, self._evaluator.bn
            )
            before = now

    def _probe_is_due(self) -> bool:
        """Whether the net is probed before the next update."""
        progress = self.progress
        return self.probe is not None and progress.step in self.probe.steps and progress.probed != progress.step

    def _measure(self) -> Probed:
        """Probe the net. The metrics were fetched before, so the device has nothing else left to do."""
        progress, since = self.progress, self._clock.seconds()
        assert self.probe is not None
        # Between updates progress.lr is the rate of the last update, None before the first.
        arrays = self.probe.measure(self.model, self.optimizer, progress.step, progress.lr)
        now = self._clock.seconds()
        progress.probed = progress.step
        progress.probe_seconds += now - since
        return Probed(progress.step, now, now - since, self.probe.images, arrays)

    def _adjust(self) -> Iterator[Event]:
        """Set the learning rate and the live edits of the next update; log a change of the rate."""
        progress, optim, step, kind = self.progress, self.config.optim, self.progress.step + 1, "lr"
        if self._is_warming and warmup_ends(optim, progress.step, self.metrics.running_error):
            progress.warming, kind = False, "warmup"
        if progress.step in self._ends and self._is_warming:
            progress.warming = False
            yield LogEntry(progress.step, "warmup", f"the warm-up at {optim.warmup_lr:g} never ended")
        if progress.step >= self._ends[-1]:
            return
        before = progress.lr or self.live_edits.rate(step, self._is_warming)
        for changed in self.live_edits.begin(step, before):
            yield changed
            self.live_edits.apply(self.model, self.optimizer)
            self._update.changed()
        progress.lr = self.live_edits.rate(step, self._is_warming)
        for group in self.optimizer.param_groups:
            group["lr"] = progress.lr
        set_at, ramp = self.live_edits.rate_set_at, optim.warmup_steps
        if before == progress.lr or set_at == step or (set_at is None and optim.ramps_at(step)):
            return
        if set_at is None and step == ramp:
            yield LogEntry(step, "warmup", f"learning rate {progress.lr:g}, after a warm-up of {ramp} steps")
        else:
            yield LogEntry(step, kind, f"learning rate {before:g} to {progress.lr:g}")

    @property
    def _is_warming(self) -> bool:
        """Whether the warm-up lasts; a rate that was set in the live run ends it."""
        optim = self.config.optim
        return self.progress.warming and optim.warmup_lr is not None and self.live_edits.rate_set_at is None

    def _flush_is_due(self) -> bool:
        """Whether to wait for the device now: before decisions that need metrics, else a few times a second."""
        progress = self.progress
        measures = progress.due or self._probe_is_due()
        needed = measures or self.metrics.full or (self._is_warming and progress.step % WARMUP_CHECK == 0)
        return bool(needed) or self._clock.seconds() - self._flushed_at >= FLUSH_S

    def _started(self) -> Started:
        return Started(
            step=self.progress.step,
            total_steps=self._ends[-1],
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            device=str(self.device.torch_device),
            device_name=self.device.name,
            precision=self.device.precision,
            threads=self.device.threads,
            train_images=len(self.images.train),
            test_images=len(self.images.test),
        )

    def _restore(self, state: StateDocument, forked: bool) -> None:
        check_document(state)
        saved = config_of(state)
        check_net(state, saved.model)
        changes = {key: pair for key, pair in diff(saved, self.config).items() if key not in _MAY_DIFFER}
        if changes and not forked:
            words = ", ".join(f"{key} {there} instead of {here}" for key, (there, here) in changes.items())
            kind = "net" if saved.model != self.config.model else "training"
            raise CheckpointError(f"the checkpoint is of another {kind} ({words})")
        if state["data"] != self.images.checksum and not (forked and saved.data != self.config.data):
            raise CheckpointUnusable("the checkpoint was trained on other images than these; start the run anew")
        check_tensors(state["model"], self.model.state_dict())
        self.model.load_state_dict(state["model"])
        restore_optimizer(self.model, self.optimizer, state)
        self.progress = Progress(**state["progress"])
        held, figures = self.progress.changes, state["figures"]
        if forked:
            # Steps that were not fetched yet are the parent's record; here they count for the running means alone. The
            # changes that the parent's state holds are among the fork's own, under other ids.
            past = StepMetrics(self.device.torch_device, saved.optim.batch_size)
            past.restore(figures)
            past.fetch()
            held, figures = [], past.state()
        self.metrics.restore(figures)
        self.live_edits.restore(held, self.progress.step)
        # A fork evaluates the due splits of its parent that it has itself.
        here = {split.value for split in self._splits_at(self.progress.step)}
        self.progress.due = [split for split in self.progress.due if split in here]


def _check_fit(config: RunConfig, images: ImageSet) -> None:
    model = config.model
    wanted = (model.channels, model.image_size, model.classes)
    given = (images.channels, images.image_size, len(images.classes))
    if wanted != given:
        names = ("model.channels", "model.image_size", "model.classes")
        fitting = ", ".join(f"{name}={value}" for name, value in zip(names, given, strict=True))
        raise ConfigError(f"the net does not fit the images of {images.name}; set {fitting}")
