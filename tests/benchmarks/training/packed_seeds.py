"""A trial: five seeds of an arm trained as one packed net, against runs of their own. Run by hand.

    python -m tests.benchmarks.training.packed_seeds [--arms none-20,A-20,none-56,A-56] [--layouts TEXT,...]
                                    [--rounds 15] [--what steps,parts,evaluation,operations,equal] [--out FILE]

The arms are those of the quick race, with its images, batches and precision, one thread.

- ``steps``: CPU time of a step of all five seeds in each layout of ``packed_nets``, in units of one own step. Own
  steps and layouts take turns. Least, median and largest ratio, and the largest difference of a loss in two steps.
- ``parts``: where that time goes.
- ``evaluation``: one batch with batch norm folded into the convolutions.
- ``operations``: those of one step that compute, a measure of the kernels that a GPU would launch.
- ``equal``: the largest difference of losses to each seed's own run over three steps in 64-bit floats.

Figures: ``assets/docs/results.md``. The engine trains no packed nets: where the trial was made, five seeds cost more
than 3.3 of one.
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from engine.config import RunConfig, replace
from engine.config.presets import get_preset
from engine.data.images import ImageSet, load_images
from engine.hardware.device import Device, choose
from engine.hardware.work import MAX_BATCH
from engine.models.build import build_model
from engine.training.evaluate import FoldedNet
from engine.training.optim import build_optimizer
from engine.training.trainer import Trainer
from tests.benchmarks.training.packed_nets import LAYOUTS, Layout, PackedUpdate, pack

SEEDS = 5
#: Parts of a step and the beginnings of the names of their operations; all other time is ``rest``.
PARTS = {
    "convolutions, backward": "aten.convolution_backward",
    "convolutions, forward": "aten.convolution",
    "batch norm, backward": "aten.native_batch_norm_backward",
    "batch norm, forward": "aten.native_batch_norm",
    "ReLU": ("aten.relu", "aten.threshold_backward"),
    "additions": "aten.add",
    "optimizer": "aten._fused_sgd",
}


class Arm:
    """The five runs of one arm, and their packed nets."""

    def __init__(self, name: str, images: ImageSet):
        shortcut, depth = name.split("-")
        changes = {
            "model.depth": int(depth), "model.shortcut": shortcut, "threads": 1, "probe.images": 0,
            "model.channels": images.channels, "model.image_size": images.image_size,
        }  # fmt: skip
        run = replace(get_preset("quick").run, changes)
        self.name, self.images = name, images
        self.configs: list[RunConfig] = [replace(run, {"seed": seed}) for seed in range(SEEDS)]
        self.device: Device = choose(run)

    def own(self) -> list[Callable[[int], tuple[Tensor, Tensor]]]:
        """Return the update of each seed's own run, at the rate of the race."""
        return [Trainer(config, self.images, self.device)._update for config in self.configs]

    def packed(self, layout: Layout, dtype: torch.dtype = torch.float32) -> PackedUpdate:
        """Return the update of all seeds."""
        device = self.device if dtype == torch.float32 else Device(self.device.torch_device, "", "fp32", 1)
        return PackedUpdate(self.configs, self.images, device, layout, dtype)


def steps(arm: Arm, layouts: dict[str, Layout], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the CPU time of a step in each layout; own steps and layouts take turns."""
    own, packed = arm.own(), {name: arm.packed(layout) for name, layout in layouts.items()}
    times: dict[str, list[float]] = {name: [] for name in ("one", "five", *packed)}
    differences = dict.fromkeys(packed, 0.0)
    for step in range(1, rounds + 3):
        ones = [timed(update, step) for update in own]
        taken = {"five": sum(seconds for seconds, _ in ones), "one": statistics.median(s for s, _ in ones)}
        for name, update in packed.items():
            taken[name], (losses, _) = timed(update, step)
            if step <= 2:
                pairs = zip(losses.tolist(), (float(loss) for _, (loss, _) in ones), strict=False)
                differences[name] = max(differences[name], *(abs(a - b) for a, b in pairs))
        if step > 2:  # the first steps prepare kernels
            for name, seconds in taken.items():
                times[name].append(seconds)
    for name, values in times.items():
        ratios = [value / one for value, one in zip(values, times["one"], strict=True)]
        row = {"arm": arm.name, "layout": name, "ms": 1e3 * statistics.median(values)}
        row |= {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
        yield {**row, **({"bf16_difference": differences[name]} if name in differences else {})}


def parts(arm: Arm, layouts: dict[str, Layout], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the CPU time of each part of a step, in ms and in units of one seed's own part; layouts take turns."""
    updates = {"one": arm.own()[0], **{name: arm.packed(layout) for name, layout in layouts.items()}}
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in updates}
    for step in range(1, rounds + 3):
        for name, update in updates.items():
            with Parts() as measured:
                update(2 * step - 1)
            whole, _ = timed(update, 2 * step)
            rest = whole - sum(measured.seconds.values())
            turns[name] += [{**measured.seconds, "rest": rest}] * (step > 2)
    medians = {
        name: {part: 1e3 * statistics.median(turn[part] for turn in each) for part in each[0]}
        for name, each in turns.items()
    }
    for name, each in medians.items():
        ratios = {part: ms / medians["one"][part] for part, ms in each.items()}
        yield {"arm": arm.name, "layout": name, "parts_ms": each, "ratios": ratios}


class Parts(TorchDispatchMode):
    """Measures the CPU seconds of the operations of each part."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = dict.fromkeys(PARTS, 0.0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        part = next((part for part, names in PARTS.items() if str(func).startswith(names)), None)
        seconds, result = timed(func, *args, **(kwargs or {}))
        if part:
            self.seconds[part] += seconds
        return result


def evaluation(arm: Arm, layouts: dict[str, Layout], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the CPU time per image of an evaluation, batch norm folded, grouped with channels last.

    A packed batch has a fifth of the images, so that the feature maps take as much memory as one seed's own.
    """
    last = {name: layout for name, layout in layouts.items() if layout == Layout()}
    nets = [build_model(config.model, config.seed) for config in arm.configs]
    folded = [FoldedNet(net, arm.device) for net in nets]
    for copy, net in zip(folded, nets, strict=True):
        copy.take(net)
    pixels = arm.images.test.batch(torch.arange(MAX_BATCH))[0]
    x = arm.images.normalise(pixels).contiguous(memory_format=torch.channels_last).to(arm.device.dtype)
    packed = {name: pack([copy.net for copy in folded], layout, SEEDS) for name, layout in last.items()}
    few = x[: len(x) // SEEDS]
    five = torch.cat([few] * SEEDS, 1).contiguous(memory_format=torch.channels_last)
    ratios: dict[str, list[float]] = {name: [] for name in packed}
    with torch.inference_mode():
        for number in range(rounds + 2):
            alone, _ = timed(folded[0].net, x)
            for name, net in packed.items():
                seconds, _ = timed(net, five)
                ratios[name] += [SEEDS * seconds / alone] * (number > 1)
    for name, values in ratios.items():
        yield {"arm": arm.name, "layout": name, "evaluation_ratio": statistics.median(values)}


class Count(TorchDispatchMode):
    """Counts operations that compute: no views, no bare memory."""

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not func.is_view and "empty" not in str(func) and "detach" not in str(func):
            self.total += 1
        return func(*args, **(kwargs or {}))


def operations(arm: Arm, layouts: dict[str, Layout], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield how many operations a step has: of the five own runs together, and packed."""
    own = arm.own()
    for name, updates in {"five": own, **{name: [arm.packed(layout)] for name, layout in layouts.items()}}.items():
        for update in updates:
            update(1)
        with Count() as count:
            for update in updates:
                update(2)
        yield {"arm": arm.name, "layout": name, "operations": count.total}


def equal(arm: Arm, layouts: dict[str, Layout], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the largest difference of a loss in three steps of 64-bit floats, which oneDNN's layout does not have."""
    for name, layout in layouts.items():
        packed = arm.packed(dataclasses.replace(layout, memory="first"), torch.float64)
        nets: list[nn.Module] = [build_model(config.model, config.seed).double() for config in arm.configs]
        optimizers = [build_optimizer(net, config.optim) for net, config in zip(nets, arm.configs, strict=True)]
        worst = 0.0
        for step in range(1, 4):
            losses, _ = packed(step)
            for slot, (net, optimizer) in enumerate(zip(nets, optimizers, strict=True)):
                inputs, labels = packed.batch(slot, step)
                loss = F.cross_entropy(net(inputs), labels)
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                optimizer.step()
                worst = max(worst, abs(loss.item() - losses[slot].item()))
        yield {"arm": arm.name, "layout": name, "difference": worst}


def timed(work: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[float, Any]:
    """Return the CPU seconds of a call and its result."""
    since = time.process_time()
    result = work(*arguments, **named)
    return time.process_time() - since, result


WHAT = {each.__name__: each for each in (steps, parts, evaluation, operations, equal)}


def main() -> None:
    """Parse the command line, measure, print a line of JSON for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--arms", default="none-20,A-20,none-56,A-56")
    parser.add_argument("--layouts", default="", help="parts of their names, separated by semicolons; all if left out")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--what", default="steps")
    parser.add_argument("--workspace", type=Path, help="where decoded images are kept; a temporary folder if left out")
    parser.add_argument("--out", type=Path, help="add the lines to this file")
    options = parser.parse_args()
    wanted = options.layouts.split(";")
    layouts = {name: layout for name, layout in LAYOUTS.items() if any(name.startswith(part) for part in wanted)}
    with tempfile.TemporaryDirectory() as temporary:
        images = load_images(get_preset("quick").run.data, options.workspace or Path(temporary))
        for arm in options.arms.split(","):
            for what in options.what.split(","):
                for row in WHAT[what](Arm(arm, images), layouts, options.rounds):
                    print(json.dumps(row), flush=True)
                    if options.out:
                        with options.out.open("a", encoding="utf-8") as file:
                            file.write(f"{json.dumps(row)}\n")


if __name__ == "__main__":
    main()
