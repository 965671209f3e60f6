"""The lab ``constructed``: a trained shallow net deepened by identity blocks, beside the same depth from scratch.

Tasks: a source is the first phase of a training, an insertion the measure of new blocks before training, an arm the
second phase at one rate, a repair the second phase with other noise in the inserted blocks.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from engine.config import RunConfig, replace
from engine.data.images import Images
from engine.hardware.device import Device
from engine.labs.constructed.change import changes, jumps
from engine.labs.constructed.curves import Shown
from engine.labs.constructed.insertion import GrownNet, add_noise, grow, settle_norms
from engine.labs.constructed.plan import NOISES, PLAIN, Arm, ArmTask, arm_of, budget, marks, new_blocks, planned, stride
from engine.labs.constructed.training import Phase, Track, grown_state, inputs_of, run_config, train
from engine.labs.inspected_run import Document
from engine.labs.small_images import embedded_images
from engine.labs.tasks import Finding, Measuring, Results, State, TaskLab, relayed
from engine.models.build import build_model
from engine.training.evaluate import Evaluator, subset
from engine.training.trainer import Trainer

#: Training images for the loss after an insertion, one batch.
_SHOWN = 256
#: Batches after the one of the fit.
_OTHERS = 4


class ConstructedLab(TaskLab[ArmTask]):
    """One job of the lab; see ``TaskLab``."""

    #: 2: fixed subsets have classes in equal numbers.
    FORMAT = 2

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        self._budget = budget(self.settings)
        self._end = self._budget.before + self._budget.after
        self._shown = Shown(self.settings)
        self._images = embedded_images()
        self._evaluators: dict[str, Evaluator] = {}

    def plan(self) -> list[ArmTask]:
        """Return the tasks of ``engine.labs.constructed.plan``."""
        return planned(self.settings)

    def measure(self, task: ArmTask, done: Results) -> Measuring:
        """Train or insert; yield interim curves."""
        if task.role == "source":
            return (yield from self._source(task, done))
        arm = arm_of(task.about)
        source = done[ArmTask("source", arm.source.name, task.seed).name]["state"]
        if task.role == "insertion":
            return (yield from self._insertion(arm, task.seed, source))
        if task.role == "repair":
            noise, rate = task.value, self._shown.repair_rate(done)
        else:
            noise, rate = self.settings["noise"], task.value
        state = self._inserted(arm, task.seed, source, noise) if arm.grows else source
        config = self._config(arm, task.seed, arm.grows or arm.source.deep, rate)
        track, _ = yield from self._training(arm, task, config, state, done)
        return track

    def findings(self, task: ArmTask, done: Results) -> Iterator[Finding]:
        """Yield the findings that the task changed."""
        return self._shown.after(task, done)

    def _source(self, task: ArmTask, done: Results) -> Measuring:
        arm = next(arm for arm in self._budget.arms if arm.source.name == task.about)
        config = self._config(arm, task.seed, arm.source.deep, self.settings["rate"])
        state = None
        if arm.source.identity:
            shallow = self._config(arm, task.seed, False, self.settings["rate"])
            state = self._inserted(arm, task.seed, Trainer(shallow, self._images, self.device).state(), 0.0)
        track, state = yield from self._training(arm, task, config, state, done)
        return {"track": track, "state": state}

    def _training(
        self, arm: Arm, task: ArmTask, config: RunConfig, state: Document | None, done: Results
    ) -> Generator[Finding, None, tuple[Track, Document]]:
        before = self._budget.before
        start, end = (0, before) if task.role == "source" else (before, self._end)
        deep, places = config.model.depth > self.settings["shallow"], marks(start, end - start)
        watched = self._new_blocks if arm.shortcut == PLAIN and deep and task.role != "repair" else ()
        phase = Phase(config, state, end, stride(self.settings), places, watched)
        training = train(phase, self._images, self.device, self._evaluator(config))
        return (yield from relayed(training, lambda track: self._shown.growing(task, arm.kind, track, done)))

    def _evaluator(self, config: RunConfig) -> Evaluator:
        """Return the evaluator of nets of that shape, made once: it holds a copy of a net."""
        shape = config.model.arm
        if shape not in self._evaluators:
            net = self._placed(build_model(config.model, 0))
            self._evaluators[shape] = Evaluator(net, config, self._images.to(self.device.torch_device), self.device)
        return self._evaluators[shape]

    def _insertion(self, arm: Arm, seed: int, source: Document) -> Measuring:
        """Measure the effect of the new blocks without noise and with each level of noise."""
        images, plain = self._images, arm.shortcut == PLAIN
        config = self._config(arm, seed, False, self.settings["rate"])
        shallow = build_model(config.model, seed)
        shallow.load_state_dict(source["model"])
        self._placed(shallow)
        grown = self._grown(arm, seed, source)
        evaluated, _ = self._fixed(images.test, self.settings["images"])
        step = self._budget.before + 1
        batches = [self._laid_out(inputs_of(config, images, step + later)) for later in range(1 + _OTHERS)]
        change: dict[str, Any] = {}
        for name, value in changes(shallow, grown, evaluated, batches, plain):
            change[name] = value
            yield from self._shown.inserted(arm, change)
        shown = self._fixed(images.train, min(_SHOWN, self.settings["images"]))
        change |= {"noises": sorted({*NOISES, self.settings["noise"]}), "jumps": []}
        for jump in jumps(shallow, grown, shown, change["noises"], seed):
            change["jumps"].append(jump)
            yield from self._shown.jumping(arm, change)
        return change

    def _grown(self, arm: Arm, seed: int, source: Document) -> GrownNet:
        deep = self._config(arm, seed, True, self.settings["rate"])
        grown = grow(source["model"], deep.model, seed, self._new_blocks)
        self._placed(grown.net)
        return grown

    def _inserted(self, arm: Arm, seed: int, source: Document, noise: float) -> Document:
        """Return the state with blocks inserted, fitted to the batch of the next update, and noise added."""
        grown = self._grown(arm, seed, source)
        if arm.shortcut == PLAIN:
            config = self._config(arm, seed, True, self.settings["rate"])
            settle_norms(grown, self._laid_out(inputs_of(config, self._images, source["progress"]["step"] + 1)))
        add_noise(grown, noise, seed)
        return grown_state(source, grown)

    def _config(self, arm: Arm, seed: int, deep: bool, rate: float) -> RunConfig:
        depth = self.settings["grown" if deep else "shallow"]
        return replace(run_config(self.settings, arm.shortcut, depth, seed, self._images), {"optim.lr": rate})

    @property
    def _new_blocks(self) -> tuple[str, ...]:
        return new_blocks(self.settings["shallow"], self.settings["grown"])

    def _placed(self, net: nn.Module) -> nn.Module:
        return net.to(self.device.torch_device).to(memory_format=self.device.memory_format)

    def _laid_out(self, images: Tensor) -> Tensor:
        return images.to(self.device.torch_device).contiguous(memory_format=self.device.memory_format)

    def _fixed(self, split: Images, count: int) -> tuple[Tensor, Tensor]:
        """Return inputs and labels of the first ``count`` images of the split's fixed order."""
        pixels, labels = split.batch(subset(split, count))
        return self._laid_out(self._images.normalise(pixels)), labels.to(self.device.torch_device)
