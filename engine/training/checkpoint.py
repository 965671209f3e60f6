"""Checkpoint files: written whole or not at all, read back after writing, read without unpickling code."""

import contextlib
import errno
import os
import pickle
import tempfile
from pathlib import Path

import torch

from engine.errors import CheckpointDamaged, CheckpointError, NoRoom, in_one_line
from engine.training import checksums
from engine.training.state import StateDocument, check_document


def save(state: StateDocument, path: Path) -> None:
    """Write ``state`` beside ``path``, sync it to the disk, read it back from there and rename it.

    Raises CheckpointError when it cannot be written or reads back otherwise, NoRoom when the disk is full; an earlier
    file at ``path`` then stays.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            prefix=f".{path.name}-", suffix=".part", dir=path.parent, delete=False
        ) as file:
            part = Path(file.name)
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
            _forget_pages(file.fileno())
        checksums.check(part)
        part.replace(path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError when a disk is full
        kind = NoRoom if _is_full(error) else CheckpointError
        raise kind(f"{path} cannot be written ({error})") from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def load(path: Path) -> StateDocument:
    """Read a checkpoint.

    Raises in one line CheckpointDamaged when it is missing or damaged, CheckpointUnusable for another format,
    CheckpointError when it cannot be read now: the disk refuses, or memory is short.
    """
    checksums.check(path)
    try:
        state: StateDocument = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        # The archive is whole and torch's: what torch cannot read of it now, it may read later.
        if isinstance(error, OSError | RuntimeError):
            raise CheckpointError(f"the checkpoint {path} cannot be read ({in_one_line(error)})") from None
        raise CheckpointDamaged(f"the checkpoint {path} is damaged: it holds no state") from None
    check_document(state)
    return state


def _is_full(error: BaseException | None) -> bool:
    """Return whether a full disk or a quota is the cause, also where torch raises an error of its own after it."""
    while error is not None and not isinstance(error, OSError):
        error = error.__context__
    return error is not None and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _forget_pages(descriptor: int) -> None:
    """Let the next reader take a synced file from the disk, where the system can."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
