"""Writes the script of a run: settings as constants, images, net, first weights, loop. Torch-free.

    text = script(row.config, Computing("fp32", "cpu", threads=1, steps=300), "run 7")

A script holds numbers and names of tables alone, nothing that a person wrote.
"""

from collections.abc import Iterator
from typing import BinaryIO

from engine import __version__
from engine.config import LIVE, STEPS, RunConfig, arm_name
from engine.errors import ConfigError
from engine.exchange.pytorch_script import net, stream
from engine.exchange.pytorch_script.images import LOADINGS, images_lines
from engine.exchange.pytorch_script.settings import check
from engine.exchange.pytorch_script.training import Computing, device_lines, end_lines, loop_lines
from engine.exchange.registry import ExportSource, Report
from engine.models.registry import variant
from engine.store.reader import Reader
from engine.store.rows import RunRow


def write(source: ExportSource, file: BinaryIO, report: Report) -> None:
    """Write the script of one run. Raises ConfigError with the reason where the run has none."""
    (row,) = source.rows
    report(0, 1, f"{row.arm}, run {row.id}")
    file.write(script_of(source.reader, row).encode())
    report(1, 1, "done")


def script_of(reader: Reader, row: RunRow) -> str:
    """Return the script of a stored run. Raises ConfigError with the reason where the run has none."""
    try:
        check(row.config)
        _check_history(reader, row)
        computing = _computing(row)
    except ConfigError as error:
        raise ConfigError(f"run {row.id} has no script: {error}") from None
    return script(row.config, computing, f"run {row.id}")


def _computing(row: RunRow) -> Computing:
    """Return how a run computes. Raises ConfigError where its machine is still to choose: the script would be another.

    What is on record goes before what the settings ask for, of which ``auto`` and no threads ask for nothing.
    """
    config = row.config
    precision = (row.precision or config.precision).removeprefix("auto")
    device = (row.device or config.device).removeprefix("auto")
    threads = row.threads or config.threads
    known = {"precision": precision, "device": device, "threads": threads}
    if unknown := [name for name, value in known.items() if not value]:
        *others, last = unknown
        named = f"{', '.join(others)} and {last}" if others else last
        verb = "are" if others or last == "threads" else "is"
        raise ConfigError(f"it has not trained yet, and its {named} {verb} not known before")
    # Not the stored texts themselves: those of an import are somebody else's.
    half, card = precision == "bf16", device.startswith("cuda")
    return Computing("bf16" if half else "fp32", "cuda" if card else "cpu", threads, row.total_steps)


def _check_history(reader: Reader, row: RunRow) -> None:
    """Raise ConfigError where the run is not what its settings alone make."""
    if row.parent_run is not None:
        raise ConfigError(f"it is a fork and begins with weights of run {row.parent_run}, from step {row.parent_step}")
    changes = [change for change in reader.interventions.changes(row.id) if change.step is not None]
    for change in changes:
        if change.key != STEPS:
            raise ConfigError(f"its {LIVE[change.key].label} was changed at step {change.step}, while it trained")
    if changes and row.config.optim.warmup_lr is not None:
        raise ConfigError("it was extended, which ends a warm-up")


def script(config: RunConfig, computing: Computing, origin: str) -> str:
    """Return the script of a config that ``settings.check`` lets through; ``origin`` says in words whose it is."""
    text = net if config.model.family == "cifar" else stream
    beginning = [
        *_docstring(config, computing, origin), "", *_imports(config), "", *_constants(config, computing),
        *device_lines(computing), "", *images_lines(config, computing.device),
    ]  # fmt: skip
    training = [
        *text.net_lines(config.model), "", *loop_lines(config, computing), "", *end_lines(config, computing),
    ]  # fmt: skip
    parts = (beginning, text.block_lines(config.model), training)
    return "\n\n\n".join("\n".join(part) for part in parts) + "\n"


def _docstring(config: RunConfig, computing: Computing, origin: str) -> Iterator[str]:
    loading, model = LOADINGS[config.data.name], config.model
    threads = f" with {computing.threads} thread{'s' * (computing.threads != 1)}" if computing.threads else ""
    what = "a net of He et al., arXiv:1512.03385" if model.family == "cifar" else "a stack of sublayers"
    arm = arm_name(config.model.depth, variant(model.shortcut, model.family).text, model.family)
    yield f'"""{arm}, seed {config.seed}, {model.image_size}x{model.image_size} pixels: {what}.'
    yield ""
    yield f"python script.py [PATH] needs {loading.needs}. {loading.help}"
    how = f"in {computing.precision} on {computing.device}{threads}"
    yield f"Skipscope {__version__} wrote it; {origin} trains {how}."
    if how == "in fp32 on cpu with 1 thread":
        yield "Losses and weights are those of the run bit for bit, with the same PyTorch."
    else:
        yield "Only in fp32 on one CPU thread losses and weights are equal bit for bit."
    yield '"""'


def _imports(config: RunConfig) -> Iterator[str]:
    loading = LOADINGS[config.data.name]
    yield "import hashlib"
    yield from ["import math"] * (config.model.family != "cifar")
    yield "import sys"
    yield from sorted(["from collections import OrderedDict", *loading.standard, "from statistics import fmean"])
    yield ""
    yield "import numpy as np"
    yield "import torch"
    yield "import torch.nn.functional as F"
    yield "from torch import nn"
    yield from loading.imports


def _constants(config: RunConfig, computing: Computing) -> Iterator[str]:
    yield f"SEED, STEPS, BATCH = {config.seed}, {computing.steps}, {config.optim.batch_size}"
