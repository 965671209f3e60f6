"""How the database is opened, checked and set aside, and what every reader and writer has in common.

SQLite in WAL mode, ``synchronous=NORMAL``, a busy timeout, short transactions. SQLite's errors become errors for people
here. Torch-free.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from engine.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DiskFull,
    NoDatabase,
    OutdatedDatabase,
    WorkspaceError,
)  # fmt: skip
from engine.store.schema import is_outdated, migrate, refuse_newer, refuse_under_another_engine, roll_back
from engine.store.workspace import ENVIRONMENT, Workspace

BUSY_TIMEOUT_S = 10.0


def connect(
    workspace: Workspace, *, readonly: bool, busy_s: float | None = None, outdated: bool = False
) -> sqlite3.Connection:
    """Open the workspace's database.

    Writers create and migrate it. ``busy_s``: how long to wait for somebody else's lock (``BUSY_TIMEOUT_S``);
    ``outdated``: a reader takes an older version as it is. Raises NoDatabase when a reader finds none, DatabaseDamaged
    when the file is not a readable database, VersionMismatch when it was made by a newer version or an engine of
    another version lives on an older one, OutdatedDatabase when a reader finds an older one, WorkspaceError when the
    workspace is no folder.
    """
    path = workspace.database
    wait_s = BUSY_TIMEOUT_S if busy_s is None else busy_s
    if workspace.path.exists() and not workspace.path.is_dir():
        raise WorkspaceError(
            f"workspace {workspace.path} cannot be used (it is a file, not a folder); "
            f"choose another folder with --workspace DIR or {ENVIRONMENT}"
        )
    none_yet = NoDatabase(f"workspace {workspace.path} holds no database yet; start a race first")
    if readonly and not path.exists():
        raise none_yet
    with guarded(path):
        if readonly:
            # check_same_thread: every reader is used by one thread at a time, not always by the one that made it.
            connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=wait_s, check_same_thread=False)
        else:
            connection = sqlite3.connect(path, timeout=wait_s, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")
            if not readonly:
                _use_wal(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
                refuse_under_another_engine(connection)
                migrate(connection)
            elif not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise none_yet  # somebody is just making it
            refuse_newer(connection, path)
            if not outdated and is_outdated(connection):
                raise OutdatedDatabase(f"{path.name} was made by an older version; a race or the page updates it")
        except BaseException:
            connection.close()
            raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new database to WAL. SQLite does not wait for this lock by itself, whatever its busy timeout."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class ReadingConnection:
    """A reading connection to the workspace's database; the table objects of ``Reader`` share it.

    An older database is brought up to date first. ``outdated``: take it as it is, for what every version has. One
    object per thread at a time.
    """

    def __init__(self, workspace: Workspace, *, outdated: bool = False):
        self.workspace = workspace
        try:
            self._connection = connect(workspace, readonly=True, outdated=outdated)
        except OutdatedDatabase:
            connect(workspace, readonly=False).close()
            self._connection = connect(workspace, readonly=True)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Hold one consistent view: everything read inside belongs to the same moment."""
        self._connection.execute("BEGIN")
        try:
            yield self
        finally:
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a SELECT."""
        with guarded(self.workspace.database):
            return self._connection.execute(sql, values).fetchall()

    def columns(self, names: Sequence[str], rest: str, values: Sequence[object]) -> dict[str, np.ndarray]:
        """Return the named columns of a SELECT, ``rest`` from FROM on, (rows,) float64 each, NaN for NULL."""
        with guarded(self.workspace.database):
            cursor = self._connection.cursor()
            cursor.row_factory = None
            cursor.execute(f"SELECT {', '.join(names)} {rest}", values)
            # Row by row into the array: half a million rows held as Python objects cost more than reading them.
            table = np.fromiter(cursor, dtype=[(name, np.float64) for name in names])
        return {name: np.ascontiguousarray(table[name]) for name in names}


class WritingConnection:
    """A writing connection to the workspace's database, made and migrated where needed.

    The table objects of ``Writer`` share it. One object per thread.
    """

    def __init__(self, workspace: Workspace, busy_s: float | None = None):
        self.workspace = workspace
        self._connection = connect(workspace, readonly=False, busy_s=busy_s)

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One ``BEGIN IMMEDIATE`` transaction: committed at the end, rolled back on any error."""
        with guarded(self.workspace.database):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                roll_back(self._connection)
                raise


class ReadingTable:
    """A table, or a few that belong together, as a reader asks it: knows the connection that it is given."""

    def __init__(self, connection: ReadingConnection):
        self._rows = connection.rows


class WritingTable:
    """A table, or a few that belong together, as a writer fills it: each method is one transaction."""

    def __init__(self, connection: WritingConnection):
        self._transaction = connection.transaction


def check(workspace: Workspace) -> None:
    """Read the database's structure through. Raises DatabaseDamaged; takes seconds on very large files."""
    connection = connect(workspace, readonly=True, outdated=True)
    try:
        with guarded(workspace.database):
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict.splitlines()[-1])
    finally:
        connection.close()


def set_aside(workspace: Workspace) -> Path:
    """Move a damaged database aside (with its WAL) and return its new path. The next writer makes a new one."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = workspace.path / f"skipscope-damaged-{stamp}.db"
    count = 1
    while kept.exists():
        count += 1
        kept = workspace.path / f"skipscope-damaged-{stamp}-{count}.db"
    for suffix in ("", "-wal", "-shm"):
        part = workspace.database.with_name(workspace.database.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn SQLite's words into errors for people: DatabaseDamaged, DatabaseBusy, DiskFull, WorkspaceError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise DatabaseDamaged(_damaged(path, error)) from None
        if any(word in str(error) for word in ("unable to open", "readonly", "read-only")):
            reason = str(error) if os.access(path.parent, os.W_OK) else f"the folder {path.parent} is read-only"
            raise WorkspaceError(
                f"{path} cannot be opened ({reason}); choose another folder with --workspace DIR"
            ) from None
        if "full" in str(error):
            raise DiskFull(f"{path}: the disk is full; free some space and resume the paused runs") from None
        if any(word in str(error) for word in ("locked", "busy")):
            raise DatabaseBusy("the database is locked by another program; nothing was changed, try again") from None
        raise
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged(_damaged(path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    return (
        f"{path} is damaged ({error}); it is kept as it is. "
        "`python -m engine doctor --new-database` moves it aside and starts a new one"
    )
