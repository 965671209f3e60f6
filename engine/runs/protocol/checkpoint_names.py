"""Reasons, steps and shared files of checkpoints. Torch-free."""

import os
import shutil
from itertools import pairwise
from pathlib import Path

from engine.errors import ConfigError
from engine.store.reader import Reader

#: The reasons of checkpoints; ``FORK`` marks the first checkpoint of a fork.
TENTH, AUTOSAVE, PAUSED, END, FORK = "tenth", "autosave", "pause", "end", "fork"


def tenths(*ends: int) -> frozenset[int]:
    """Return the steps of certain checkpoints: every tenth of a run, its end included.

    ``ends``: the run's steps, then the total steps of each extension, which has tenths of its own.
    """
    return frozenset(
        before + max(1, round(part * (end - before) / 10))
        for before, end in pairwise((0, *ends))
        for part in range(1, 11)
    )


def saved_step(reader: Reader, run: int, step: int | None) -> int:
    """Return a saved step of a run; ``step`` None means the newest. Raises ConfigError naming the saved steps."""
    saved = [checkpoint.step for checkpoint in reader.checkpoints.of(run)]
    row = reader.runs.get(run)
    if not saved and row is not None and row.imported is not None:
        raise ConfigError(f"run {run} was imported without checkpoints; export them with --checkpoints newest or all")
    if not saved:
        raise ConfigError(f"run {run} has no checkpoint yet; the first comes after a tenth of its steps")
    if step is None:
        return saved[-1]
    if step not in saved:
        raise ConfigError(f"run {run} has no checkpoint at step {step}; saved are {', '.join(map(str, saved))}")
    return step


def share(source: Path, goal: Path) -> None:
    """Link a checkpoint file, which is never written in place; copy without links. Raises OSError."""
    try:
        os.link(source, goal)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, goal)
