"""Copies a workspace that is in use: one moment of the database, and the files that it names. Torch-free.

The copy is whole or not there: it is made beside its place and then renamed.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import WorkspaceError
from engine.store.connection import connect, guarded
from engine.store.workspace import Workspace

#: A run at work may prune checkpoints faster than they are copied: so often the database is copied again.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds; ``missing`` names checkpoints that are on record, and whose files are gone."""

    runs: int
    checkpoints: int
    size: int
    missing: list[str]


def back_up(workspace: Workspace, place: Path) -> Backup:
    """Copy the workspace to the new folder ``place``. Works while runs train, and disturbs none.

    Raises WorkspaceError for a place that exists or cannot be written, NoDatabase, and the errors of the database.
    """
    place = place.expanduser().absolute()
    if place.exists() or place.is_symlink():
        raise WorkspaceError(f"{place} exists already; a backup needs a new folder")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            made = _copy(workspace, Workspace(unfinished))
            unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise WorkspaceError(f"no backup was made at {place} ({error.strerror or error})") from None
    return made


def _copy(workspace: Workspace, copy: Workspace) -> Backup:
    missing: set[tuple[int, int]] = set()
    for _ in range(_ATTEMPTS):
        _copy_database(workspace, copy)
        named = _query(copy, "SELECT run, step FROM checkpoints")
        for run, step in named:
            _copy_file(workspace.checkpoint(run, step), copy.checkpoint(run, step))
        missing = {(run, step) for run, step in named if not copy.checkpoint(run, step).exists()}
        if not missing:
            break
    kept = named - missing
    for file in copy.path.glob("run-*/checkpoints/step-*.pt"):  # pruned since an earlier attempt
        if file not in {copy.checkpoint(run, step) for run, step in kept}:
            file.unlink()
    runs = {run for (run,) in _query(copy, "SELECT id FROM runs")}
    for run in runs:
        _copy_file(workspace.log(run), copy.log(run))
    _copy_file(workspace.talk_key, copy.talk_key)
    with closing(sqlite3.connect(copy.database)) as connection, connection:
        connection.executemany("DELETE FROM checkpoints WHERE run = ? AND step = ?", sorted(missing))
    size = sum(file.stat().st_size for file in copy.path.rglob("*") if file.is_file())
    names = [f"run {run}, step {step}" for run, step in sorted(missing)]
    return Backup(len(runs), len(kept), size, names)


def _copy_database(workspace: Workspace, copy: Workspace) -> None:
    """Copy one moment of the database, without the processes on record: they are those of the original."""
    with (
        closing(connect(workspace, readonly=True, outdated=True)) as source,
        closing(sqlite3.connect(copy.database)) as target,
    ):
        with guarded(workspace.database):
            source.backup(target)
        with target:
            for table in ("engine", "clients"):
                target.execute(f"DELETE FROM {table}")
            for table in ("runs", "lab_jobs"):
                if target.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                    target.execute(f"UPDATE {table} SET pid = NULL WHERE pid IS NOT NULL")


def _query(copy: Workspace, sql: str) -> set[tuple[int, ...]]:
    with closing(sqlite3.connect(copy.database)) as connection:
        return set(connection.execute(sql))


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file that may vanish meanwhile, and that was not copied before."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)
