"""A full or read-only disk of the workspace, by its name. Torch-free."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DiskFull, WorkspaceError

#: A file of a workspace that an engine has used (``Workspace.engine_notice``).
ENGINE_NOTICE = "engine.notice"
#: A disk with less free space is full: SQLite's journal of one transaction needs about as much.
FULL_BYTES = 2**20
#: ``OSError.errno`` of a full disk, and of a quota that is used up.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: A write that is refused with so much free space is refused by a quota.
_AMPLE_BYTES = 2**28
_PROBE_BYTES = 64 * 1024


def disk_full(folder: Path) -> DiskFull:
    """Return the error about the full disk of a folder, with the space that is free now."""
    free = _free(folder)
    quota = " or your quota is used up" if free is not None and free >= _AMPLE_BYTES else ""
    size = "" if free is None else f" ({free / 1e6:.0f} MB free)"
    return DiskFull(f"the disk of the workspace is full{quota}{size}; free some space, runs that wait then go on")


def read_only(folder: Path) -> WorkspaceError:
    """Return the error about a workspace that can be read alone."""
    return WorkspaceError(
        f"workspace {folder} is read-only; its runs can be viewed, --workspace DIR takes another folder for new ones"
    )


def is_read_only(folder: Path) -> bool:
    """Return whether this process cannot write into an existing folder. Nothing is written."""
    return folder.is_dir() and (not os.access(folder, os.W_OK) or _refuses_to_open(folder / ENGINE_NOTICE))


def _refuses_to_open(path: Path) -> bool:
    """Return whether the disk of an existing file takes no writes.

    After an error ext4 refuses them, and newer versions of Linux leave it mounted for writing.
    """
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        return error.errno == errno.EROFS
    return False


def low_disk(folder: Path) -> DiskFull | None:
    """Return the error about a full disk, judged by its free space; None with room."""
    free = _free(folder)
    return disk_full(folder) if free is not None and free < FULL_BYTES else None


def refusal(folder: Path) -> WorkspaceError | None:
    """Write a small file to learn why a folder refuses writes; None for a folder that takes the file."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * _PROBE_BYTES)
            file.flush()
    except OSError as error:
        if error.errno in FULL:
            return disk_full(folder)
        return read_only(folder) if error.errno == errno.EROFS or is_read_only(folder) else None
    return None


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk into DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise disk_full(folder) from None
        raise


def _free(folder: Path) -> int | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
