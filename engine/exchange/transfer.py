"""Exports runs to a file and imports a file: what command line and page call. Torch-free.

A file appears whole or not at all. Nothing is written outside of the workspace but the named file.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.errors import ConfigError, DataError
from engine.exchange.folder import unpacked
from engine.exchange.registry import FORMATS, Checkpoints, ExportSource, Imported, Report, get_format, load
from engine.runs.client.retention import check_quota
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.store.workspace import Workspace

CHECKPOINTS: tuple[Checkpoints, ...] = ("none", "newest", "all")


@dataclass(frozen=True)
class ExportRequest:
    """Which runs leave, and how."""

    runs: tuple[int, ...]
    format: str = "bundle"
    checkpoints: Checkpoints = "none"


def export_to(workspace: Workspace, request: ExportRequest, out: Path, report: Report, *, replace: bool = False) -> int:
    """Write a file, or the folder of a format that unpacks unless ``out`` ends in its extension; return its bytes.

    Raises ConfigError for runs or options that do not fit, DataError for a path that is taken or cannot be written.
    """
    chosen = get_format(request.format)
    if chosen.unpacks and out.suffix != f".{chosen.extension}":
        return unpacked(lambda file: write(workspace, request, file, report), out, replace=replace)
    if out.is_dir():
        example = out / f"race.{get_format(request.format).extension}"
        raise DataError(f"{out} is a folder; name a file, for example {example}")
    return to_file(out, lambda file: write(workspace, request, file, report), replace=replace)


def to_file(out: Path, content: Callable[[BinaryIO], None], *, replace: bool = False) -> int:
    """Write a file whole or not at all; return its bytes. Raises DataError for a path that is taken or no file."""
    if (out.exists() or out.is_symlink()) and not out.is_file():
        raise DataError(f"{out} is no usual file, and stays; name another file")
    if out.exists() and not replace:
        raise DataError(f"{out} exists already; name another file, or add --replace")
    part = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}-", suffix=".part", dir=out.parent)
        part = Path(name)
        with os.fdopen(handle, "w+b") as file:
            content(file)
        size = part.stat().st_size
        part.replace(out)
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror or error}); name another file") from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink()
    return size


def write(workspace: Workspace, request: ExportRequest, file: BinaryIO, report: Report) -> None:
    """Write an export to an open file. Raises ConfigError, DataError."""
    chosen = get_format(request.format)
    if request.checkpoints not in CHECKPOINTS:
        raise ConfigError(f"unknown checkpoints {request.checkpoints!r}; choose from {', '.join(CHECKPOINTS)}")
    if request.checkpoints != "none" and not chosen.holds_checkpoints:
        holding = ", ".join(row.name for row in FORMATS.values() if row.holds_checkpoints)
        raise ConfigError(f"{chosen.name} holds no checkpoints; choose the format {holding}, or leave them out")
    with Reader(workspace) as reader, reader.snapshot():
        rows = _rows(reader, request.runs)
        if chosen.one_run and len(rows) > 1:
            raise ConfigError(f"{chosen.name} takes one run (got {len(rows)}); name one")
        load(chosen.write)(ExportSource(reader, rows, request.checkpoints), file, report)


def import_from(workspace: Workspace, path: Path, report: Report) -> Imported:
    """Import a file into a workspace. What is refused leaves nothing behind.

    Raises DataError in one line, QuotaReached where the workspace takes its quota.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}; name one that `export` wrote")
    check_quota(workspace)
    reader = next(row for row in FORMATS.values() if row.read)
    imported: Imported = load(reader.read)(workspace, path, report)
    return imported


def _rows(reader: Reader, runs: Sequence[int]) -> tuple[RunRow, ...]:
    """Return the rows of these runs in starting order. Raises ConfigError."""
    if not runs:
        raise ConfigError("name at least one run; `python -m engine runs` lists them")
    if twice := next((run for run in runs if runs.count(run) > 1), None):
        raise ConfigError(f"run {twice} is named twice; name each run once")
    rows = [reader.runs.known(run) for run in runs]
    if trial := next((row for row in rows if row.tunes is not None), None):
        raise ConfigError(
            f"run {trial.id} is a trial for race {trial.tunes}; name runs of that race, it goes with them"
        )
    return tuple(sorted(rows, key=lambda row: (row.race, row.position, row.id)))
