"""Checkpoints as every part of the engine knows them: why one was written, when one is certain, which are saved.

A checkpoint file is never written in place, so one file may have several names. Torch-free.
"""

import os
import shutil
from itertools import pairwise
from pathlib import Path

from engine.errors import ConfigError
from engine.store.reader import Reader

#: The reasons for which a checkpoint is written; ``FORK`` marks the one that a fork began with.
TENTH, AUTOSAVE, PAUSED, END, FORK = "tenth", "autosave", "pause", "end", "fork"


def tenths(*ends: int) -> frozenset[int]:
    """Return the steps after which a checkpoint is always written: every tenth of the run, the end included.

    ``ends``: the run's number of steps, and those to which it was extended: then every tenth of what was added.
    """
    return frozenset(
        before + max(1, round(part * (end - before) / 10))
        for before, end in pairwise((0, *ends))
        for part in range(1, 11)
    )


def saved_step(reader: Reader, run: int, step: int | None) -> int:
    """Return a saved step of a run; ``step`` None means the newest. Raises ConfigError naming what is saved."""
    saved = [checkpoint.step for checkpoint in reader.checkpoints.of(run)]
    if not saved:
        raise ConfigError(f"run {run} has no checkpoint yet; the first comes after a tenth of its steps")
    if step is None:
        return saved[-1]
    if step not in saved:
        raise ConfigError(f"run {run} has no checkpoint at step {step}; saved are {', '.join(map(str, saved))}")
    return step


def share(source: Path, goal: Path) -> None:
    """Give a checkpoint file a second name; copy it where the file system has no links. Raises OSError."""
    try:
        os.link(source, goal)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, goal)
