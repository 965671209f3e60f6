"""The estimate of a run's GPU memory beside the tensors of that run on a pretended GPU."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from engine.config import RunConfig, replace
from engine.data.images import Images, ImageSet
from engine.probes.online.measure import SETTLED
from engine.probes.online.probe import OnlineProbe
from engine.runs.supervisor.memory_estimate import UNKNOWN_IMAGES, tensor_bytes
from engine.training.trainer import Trainer
from tests.devices.pretended_gpu import PretendedGpu

#: The estimate is on the safe side, and at most so many times the tensors.
AT_MOST = 1.55
#: More rows whose blocks keep other values than those of option A. The nets of stochastic depth are smaller by chance.
OTHERS = ("shortcut-gated", "conv1x1", "highway", "skipinit", "fixup")
IMAGENET = {"model.family": "imagenet", "model.width": 64, "model.image_size": 64, "model.classes": 100}
VIT = {"model.family": "vit", "model.width": 64, "model.shortcut": "A"}
NETS = [
    {"model.depth": 8},
    *({"model.depth": 20, "model.shortcut": name} for name in ("A", "gated", "dropout")),
    {**IMAGENET, "model.depth": 18, "model.shortcut": "B"},
    {"model.family": "mlp", "model.depth": 32, "model.width": 64},
    {**VIT, "model.depth": 18},
]
#: What takes longer together: in bf16 for the tier slow, in fp32 for ``long``.
RARER = [
    *({"model.depth": 20, "model.shortcut": name} for name in ("C", *OTHERS)),
    {"model.depth": 56, "model.shortcut": "none"},
    {"model.depth": 110},
    {"model.depth": 56, "model.shortcut": "A:order=full-pre"},
    {"model.depth": 56, "model.shortcut": "A:order=relu-before-addition"},
    {"model.depth": 56, "model.shortcut": "A:order=relu-only-pre"},
    {"model.depth": 56, "model.shortcut": "none:layers=3"},
    {"model.depth": 56, "model.shortcut": "A:norm=none"},
    {"model.depth": 56, "optim.optimizer": "adamw"},
    {**IMAGENET, "model.depth": 50, "model.shortcut": "B"},
    {"model.family": "mlp", "model.depth": 64, "model.width": 512, "model.shortcut": "none"},
    {**VIT, "model.depth": 50, "model.shortcut": "shaped:wire=mlp"},
]


def images(run: RunConfig) -> ImageSet:
    """Return as many test images as an evaluation takes at once."""
    model = run.model
    shape = (1000, model.channels, model.image_size, model.image_size)
    split = Images(torch.zeros(shape, dtype=torch.uint8), torch.arange(1000) % model.classes)
    names = tuple(str(number) for number in range(model.classes))
    return ImageSet("made up", split, split, torch.zeros(shape[1:]), 1.0, names, "0" * 64)


def traced(run: RunConfig, given: ImageSet) -> int:
    """Return the most bytes of tensors on the GPU over steps, an evaluation and a probe."""
    with PretendedGpu() as gpu:
        device = gpu.device(run.precision)
        trainer = Trainer(run, given, device)
        probe = OnlineProbe(run, given, trainer.model, device)
        trainer.progress.lr = 0.1
        for _ in range(2):  # the second one finds momentum and gradients
            trainer._step()
        trainer.progress.due = ["test"]
        list(trainer._evaluate())
        probe.measure(trainer.model, trainer.optimizer, SETTLED, 0.1)
        return gpu.live.peak


def both(changes: dict, precision: str) -> tuple[int, int]:
    """Return the estimated and the traced bytes, without the images of the data set."""
    run = replace(RunConfig(), {"device": "cuda", "precision": precision, "data.name": "folder:/made-up", **changes})
    given = images(run)
    held = 2 * given.train.pixels.numel()
    return tensor_bytes(run) - UNKNOWN_IMAGES, traced(run, given) - held


def named(nets: list[dict], precision: str, *marks: pytest.MarkDecorator) -> list:
    words = ["-".join(map(str, net.values())) for net in nets]
    return [
        pytest.param(net, precision, marks=marks, id=f"{word}-{precision}")
        for net, word in zip(nets, words, strict=True)
    ]


@pytest.mark.parametrize(
    ("net", "precision"),
    [
        *named(NETS, "bf16"), *named(NETS, "fp32", pytest.mark.slow),
        *named(RARER, "bf16", pytest.mark.slow), *named(RARER, "fp32", pytest.mark.long),
    ],
)  # fmt: skip
def test_the_estimate_covers_the_tensors_of_a_run_and_little_more(net, precision):
    estimated, real = both(net, precision)
    assert real <= estimated <= AT_MOST * real, f"{estimated / real:.2f} times {real / 1e6:.1f} MB"


def allocated(trainer: Trainer) -> int:
    """Return the most bytes that torch allocates on the CPU in one step, above what is held before it."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        trainer._step()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


@pytest.mark.slow
@pytest.mark.parametrize("net", [{"model.depth": 8}, {**VIT, "model.depth": 18}], ids=["cifar", "vit"])
def test_what_is_counted_is_what_torch_allocates(net):
    from tests.benchmarks.training.gpu_memory import step

    counted, real = step(net)
    assert counted == pytest.approx(real, rel=0.05)
