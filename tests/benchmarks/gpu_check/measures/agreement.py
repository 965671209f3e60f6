"""Whether a GPU trains like the CPU: the same updates of the same nets on both, in 64 and in 32 bits.

Distances are ||w - v|| / ||w|| over all weights. Plain-56 multiplies a rounding by about 1e3 in every update (the lab
``predictability``), A-56 later, so these two are compared after one update alone.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.config import DataConfig, OptimConfig, RunConfig
from engine.data.images import ImageSet
from engine.hardware.device import Device, choose
from engine.labs.small_images import embedded_images, model_config
from engine.models.build import build_model
from engine.training.optim import build_optimizer
from engine.training.update import Update
from tests.benchmarks.gpu_check.parts import Outcome, Setting

#: Net -> depth, shortcut, updates.
NETS = {
    "plain-8": (8, "none", 20),
    "full-pre-56": (56, "A:order=full-pre", 20),
    "plain-56": (56, "none", 1),
    "A-56": (56, "A", 1),
}
TINY = {"plain-8": (8, "none", 2), "full-pre-8": (8, "A:order=full-pre", 2)}
#: Bits of the arithmetic -> the largest distance of weights and of losses.
BOUNDS = {64: 1e-9, 32: 1e-3}
WIDTH = 8


def compare_devices(setting: Setting) -> Outcome:
    """Train every net on both devices; the CPU is compared with itself in a rehearsal."""
    outcome = Outcome()
    images = embedded_images()
    for name, (depth, shortcut, updates) in (TINY if setting.tiny else NETS).items():
        for bits, bound in BOUNDS.items():
            config = RunConfig(
                model=model_config(images, depth, shortcut, WIDTH), data=DataConfig(name=images.name, crop=1),
                optim=OptimConfig(lr=0.1, steps=updates), precision="fp32", device=setting.device, threads=1,
            )  # fmt: skip
            here, there = (trained(config, images, bits, device) for device in ("cpu", setting.device))
            weights, losses = distance(here[0], there[0]), distance(here[1], there[1])
            outcome.figures[f"{name}, {bits} bits"] = {"updates": updates, "weights": weights, "losses": losses}
            # Written so that a distance that is no number breaks the bound.
            held = weights <= bound and losses <= bound
            outcome.expect(held, f"{name} differs by {max(weights, losses):.1e} in {bits} bits (at most {bound:g})")
    return outcome


def trained(config: RunConfig, images: ImageSet, bits: int, name: str) -> tuple[list[Tensor], list[Tensor]]:
    """Return weights, BN statistics included, and losses after all updates on one device, as 64-bit numbers."""
    device = choose(config.model_copy(update={"device": name}))
    model = build_model(config.model, config.seed)
    kind = torch.float64 if bits == 64 else torch.float32
    device.place(model, kind)
    # The mean decides the type of the normalised pixels.
    placed = images.to(device.torch_device)
    placed = replace(placed, mean=placed.mean.to(kind))
    losses = list(updates_of(config, placed, model, device))
    return [value.detach().double().cpu() for value in model.state_dict().values()], losses


def updates_of(config: RunConfig, images: ImageSet, model: nn.Module, device: Device) -> Iterator[Tensor]:
    """Do all updates of a config; yield the loss of each."""
    update = Update(model, build_optimizer(model, config.optim), images, config, device)
    for step in range(1, config.optim.steps + 1):
        yield update(step)[0].double().cpu().reshape(1)


def distance(one: list[Tensor], other: list[Tensor]) -> float:
    """Return ||w - v|| / ||w|| over all tensors."""
    w, v = (torch.cat([value.flatten() for value in values]) for values in (one, other))
    return float((w - v).norm() / w.norm())
