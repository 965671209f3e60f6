"""The engine's trainer as a worker of the benchmark, and the times of a step and of its convolutions alone."""

import time
from collections.abc import Callable, Iterator

import torch
from torch import nn

from engine.bench.workload import CLASSES, SIZE, Workload, synthetic_images, wait
from engine.config import DataConfig, ModelConfig, OptimConfig, ProbeConfig, RunConfig, replace
from engine.config.probe_steps import probe_steps
from engine.data.images import Images, ImageSet
from engine.events import Stepped
from engine.hardware.device import Device, choose
from engine.models.layers.blocked_layout import supported, to_blocked
from engine.probes.online.probe import OnlineProbe
from engine.training.trainer import Trainer

#: Steps of the run of ``probe_share``.
PROBED_STEPS = 2000


def trainer_of(workload: Workload, device: str, threads: int) -> Trainer:
    """Return a trainer as in a worker, without probes."""
    config = RunConfig(
        model=ModelConfig(depth=workload.depth, shortcut="A", classes=CLASSES, image_size=SIZE),
        data=DataConfig(eval_images=100),
        optim=OptimConfig(batch_size=workload.batch_size, steps=10_000_000),
        probe=ProbeConfig(images=0),
        compile=workload.compile,
        graph=workload.graph,
        device=device,
        threads=threads,
    )
    pixels, labels = map(torch.from_numpy, synthetic_images())
    mean = pixels.float().mean(0)
    train, test = Images(pixels, labels), Images(pixels[:100], labels[:100])
    images = ImageSet("noise", train, test, mean, 64.0, tuple(map(str, range(CLASSES))), "noise")
    return Trainer(config, images, choose(config))


def engine_steps(workload: Workload, device: str, threads: int) -> Iterator[int]:
    """Train for ever; yield the number of images of each step."""
    for event in trainer_of(workload, device, threads).events():
        if isinstance(event, Stepped):
            yield workload.batch_size


class StepBreakdown:
    """Measures one step, the convolutions of that step alone, and one probe, in seconds."""

    def __init__(self, workload: Workload, device: str, threads: int):
        self._trainer = trainer_of(workload, device, threads)
        self._device = self._trainer.device
        self._events = self._trainer.events()
        self._probed = self._trainer.config.model_copy(update={"probe": ProbeConfig()})
        self._probe = OnlineProbe(self._probed, self._trainer.images, self._trainer.model, self._device)
        self._convolutions = bare_convolutions(self._trainer.model, workload, self._device)

    def step(self) -> float:
        """Return the seconds of one step, its metrics included."""
        return self._timed(lambda: next(event for event in self._events if isinstance(event, Stepped)))

    def convolutions(self) -> float:
        """Return the seconds of all convolutions of a step, forward and backward."""
        return self._timed(lambda: [once() for once in self._convolutions])

    def probe(self) -> float:
        """Return the seconds of one probe."""
        trainer = self._trainer
        return self._timed(lambda: self._probe.measure(trainer.model, trainer.optimizer, trainer.progress.step, 0.1))

    def probe_share(self, step_s: float, probe_s: float) -> float:
        """Return the share of the probes in the time of a run of ``PROBED_STEPS`` steps."""
        probes = probe_s * len(probe_steps(replace(self._probed, {"optim.steps": PROBED_STEPS})))
        return probes / (probes + step_s * PROBED_STEPS)

    def _timed(self, work: Callable[[], object]) -> float:
        wait(str(self._device.torch_device))
        since = time.perf_counter()
        work()
        wait(str(self._device.torch_device))
        return time.perf_counter() - since


def bare_convolutions(model: nn.Module, workload: Workload, device: Device) -> list[Callable[[], object]]:
    """Return one function per convolution of the net, forward and backward, on noise of a training step's layout."""
    shapes: list[tuple[nn.Conv2d, torch.Size]] = []

    def note(conv: nn.Conv2d, inputs: tuple[torch.Tensor]) -> None:
        shapes.append((conv, inputs[0].shape))

    hooks = [m.register_forward_pre_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad(), device.autocast():
        model.eval()(torch.zeros(1, 3, SIZE, SIZE, device=device.torch_device))
        model.train()
    for hook in hooks:
        hook.remove()
    blocked = device.blocked and supported(model)
    return [
        _both_ways(conv, (workload.batch_size, *shape[1:]), device, blocked, first=n == 0)
        for n, (conv, shape) in enumerate(shapes)
    ]


def _both_ways(
    conv: nn.Conv2d, shape: tuple[int, ...], device: Device, blocked: bool, first: bool
) -> Callable[[], object]:
    noise = torch.randn(shape, device=device.torch_device)
    x = to_blocked(noise) if blocked else noise.to(device.dtype).contiguous(memory_format=device.memory_format)
    weight = conv.weight.detach() if blocked else conv.weight.detach().to(device.dtype)
    settings = (list(conv.stride), list(conv.padding), [1, 1], False, [0, 0], 1)
    # The gradient has the library's layout of the output, as in a training step.
    gradient = torch.relu(torch.ops.aten.convolution(x, weight, None, *settings))
    gradients = [not first, True, False]  # training needs no gradient of the images

    def once() -> None:
        torch.ops.aten.convolution(x, weight, None, *settings)
        torch.ops.aten.convolution_backward(gradient, x, weight, [0], *settings, gradients)

    return once
