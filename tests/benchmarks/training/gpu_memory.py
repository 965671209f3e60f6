"""The memory of a run on a GPU, without one: counted on a pretended GPU, allocated on the CPU, estimated by the engine.

    python -m tests.benchmarks.training.gpu_memory

Prints a line for each net. ``step``: the most bytes in one step above what is held before it, counted and allocated, in
32-bit floats. ``estimate``: that of the engine divided by the tensors of two steps, an evaluation and a probe.
"""

import warnings

import torch

from engine.config import RunConfig, replace
from engine.hardware.device import Device
from engine.training.trainer import Trainer
from tests.devices.pretended_gpu import PretendedGpu
from tests.devices.test_memory import IMAGENET, VIT, allocated, both, images

NETS = {
    "depth 8": {"model.depth": 8},
    "depth 56": {"model.depth": 56},
    "depth 110": {"model.depth": 110},
    "ResNet-18, 64x64": {**IMAGENET, "model.depth": 18, "model.shortcut": "B"},
    "ViT, depth 18": {**VIT, "model.depth": 18},
}


def step(changes: dict) -> tuple[int, int]:
    """Return the bytes of one step above what is held before it: counted, and allocated on the CPU."""
    run = replace(RunConfig(), {"device": "cpu", "precision": "fp32", "threads": 1, **changes})
    given = images(run)
    real = Trainer(run, given, Device(torch.device("cpu"), "CPU", "fp32", 1))
    with PretendedGpu() as gpu:
        pretended = Trainer(replace(run, {"device": "cuda"}), given, gpu.device("fp32"))
        for trainer in (real, pretended):
            trainer.progress.lr = 0.1
            trainer._step()
        gpu.live.restart()
        before = gpu.live.now
        pretended._step()
        counted = gpu.live.peak - before
    return counted, allocated(real)


def main() -> None:
    warnings.simplefilter("ignore")
    for name, changes in NETS.items():
        counted, real = step(changes)
        ratios = [f"{estimated / tensors:.2f} in {precision}" for precision in ("fp32", "bf16")
                  for estimated, tensors in [both(changes, precision)]]  # fmt: skip
        print(
            f"{name}: step {counted / 1e6:.1f} MB counted, {real / 1e6:.1f} MB allocated; estimate {', '.join(ratios)}"
        )


if __name__ == "__main__":
    main()
