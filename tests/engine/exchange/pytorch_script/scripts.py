"""Scripts for tests: written from a config, and run as a person runs them, in this process."""

import contextlib
import io
import runpy
import sys
from pathlib import Path
from typing import Any

from engine.config import RunConfig, replace
from engine.config.presets import PRESETS
from engine.data.downloads.fashion_mnist_mini import FILE
from engine.exchange.pytorch_script.script import script
from engine.exchange.pytorch_script.settings import check
from engine.exchange.pytorch_script.training import Computing

#: Plain, the paper's three options, and full pre-activation.
ARMS = ("none", "A", "B", "C", "A:order=full-pre")
#: Precision and device of a script: a CPU and a GPU, in 32-bit floats and in bf16.
COMPUTING = (("fp32", "cpu"), ("bf16", "cpu"), ("fp32", "cuda"), ("bf16", "cuda"))
_SMALL = {
    "model.channels": 1, "model.image_size": 14, "model.depth": 8, "model.width": 4, "optim.steps": 20,
    "optim.batch_size": 32, "precision": "fp32", "device": "cpu", "threads": 1,
}  # fmt: skip


def small_run(**changes: Any) -> RunConfig:
    """Return a quick run of 20 steps with dotted keys changed, written with two underscores."""
    return replace(PRESETS["quick"].run, _SMALL | {key.replace("__", "."): value for key, value in changes.items()})


def small_stream(family: str, arm: str, **changes: Any) -> RunConfig:
    """Return a run of a family of sublayers, as of the presets of today's nets, with 20 steps."""
    run = PRESETS["instant" if family == "mlp" else "today"].run
    small = {"optim.batch_size": 32, "optim.steps": 20, "model.channels": 1, "device": "cpu", "threads": 1}
    own = {key.replace("__", "."): value for key, value in changes.items()}
    return replace(run, {**small, "model.shortcut": arm, **own})


def written(config: RunConfig, precision: str = "fp32", device: str = "cpu") -> str:
    """Return the script of a config. Raises ConfigError where it has none."""
    check(config)
    return script(config, Computing(precision, device, config.threads, config.optim.steps), "run 7")


def executed(text: str, folder: Path, monkeypatch, path: Path = FILE) -> tuple[dict[str, Any], str]:
    """Run a script on the images at ``path``; return its names and what it printed."""
    file = folder / "script.py"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", [str(file), str(path)])
    with contextlib.redirect_stdout(io.StringIO()) as out:
        names = runpy.run_path(str(file))
    return names, out.getvalue()
