"""Reasons, steps and shared files of checkpoints. Torch-free."""

import os
import shutil
from itertools import pairwise
from pathlib import Path

from engine.errors import CheckpointError, ConfigError
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow
from engine.store.workspace import Workspace
from engine.training import checksums

#: The ending of a damaged or foreign file that was put aside.
PUT_ASIDE = ".bad"
#: The recorded size of a file that is being replaced by another one of the same step: its checksums alone judge it.
SIZE_UNKNOWN = 0
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


def whole_step(reader: Reader, run: int, step: int | None) -> int:
    """Return a saved step of a run whose file is whole; ``step`` None means the newest such step.

    Raises ConfigError naming the damage and the saved steps.
    """
    newest = saved_step(reader, run, step)
    rows = [row for row in reader.checkpoints.of(run) if row.step <= newest]
    damage = ""
    for row in reversed(rows) if step is None else rows[-1:]:
        if not (damage := damage_of(reader.workspace, row)):
            return row.step
    raise ConfigError(damage + ("" if step is None else others_saved(reader, run, step)))


def others_saved(reader: Reader, run: int, step: int) -> str:
    """Return the end of a refusal of one saved step: which others there are, '' for none."""
    others = ", ".join(str(row.step) for row in reader.checkpoints.of(run) if row.step != step)
    return f"; saved are also {others}" if others else ""


def damage_of(workspace: Workspace, row: CheckpointRow) -> str:
    """Return in one line why the file of a recorded checkpoint cannot be read, '' for a whole one."""
    try:
        checksums.check(workspace.checkpoint(row.run, row.step), row.bytes or None)
    except CheckpointError as error:
        return f"run {row.run}, step {row.step}: {error}"
    return ""


def share(source: Path, goal: Path) -> None:
    """Link a checkpoint file, which is never written in place; copy without links. Raises OSError."""
    try:
        os.link(source, goal)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, goal)
