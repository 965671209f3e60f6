"""The database: its tables, their migrations, and how a connection is opened.

SQLite in WAL mode, ``synchronous=NORMAL``, a busy timeout, short transactions. ``points.id`` and ``runs.changed`` grow
and are never reused: together they are the cursor of the live stream. Migrations are ordered; each runs with the
record of its name in one transaction, so that a failed one leaves the old version. Torch-free.

The tables are described in the README ("The store"); a test holds the two together.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import __version__
from engine.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DiskFull,
    NoDatabase,
    OutdatedDatabase,
    VersionMismatch,
    WorkspaceError,
)  # fmt: skip
from engine.store.migrations import MIGRATIONS
from engine.store.workspace import ENVIRONMENT, Workspace

BUSY_TIMEOUT_S = 10.0
#: An engine that said so within this time lives.
_ENGINE_LIVES_S = 10.0


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
                _refuse_under_another_engine(connection)
                migrate(connection)
            elif not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise none_yet  # somebody is just making it
            _refuse_newer(connection, path)
            if not outdated and len(_applied(connection)) < len(MIGRATIONS):
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


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[str, str], ...] = MIGRATIONS) -> list[str]:
    """Apply the missing migrations in order, each in one transaction. Returns the names applied now."""
    known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'migrations'").fetchone()[0]
    if known and len(_applied(connection)) >= len(migrations):
        return []
    applied_now = []
    for name, script in migrations:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
            # Looked up inside the transaction: two processes may migrate at once.
            if name not in _applied(connection):
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
                connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))
                applied_now.append(name)
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
    return applied_now


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo the open transaction, unless SQLite did so itself: after a full disk there is none any more."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _applied(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY name")]


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    unknown = set(_applied(connection)) - {name for name, _ in MIGRATIONS}
    if unknown:
        raise VersionMismatch(
            f"{path.name} was made by a newer version ({', '.join(sorted(unknown))}); update Skipscope or use another "
            "workspace with --workspace DIR"
        )


def _refuse_under_another_engine(connection: sqlite3.Connection) -> None:
    """Leave an older database alone while the engine that made it works on it."""
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'engine'").fetchone()[0]:
        return
    if len(_applied(connection)) >= len(MIGRATIONS):
        return
    row = connection.execute("SELECT version, heartbeat FROM engine").fetchone()
    if row is not None and row["version"] != __version__ and time.time() - row["heartbeat"] < _ENGINE_LIVES_S:
        raise VersionMismatch(
            f"an engine of version {row['version']} lives for this workspace, this is {__version__}; end it with "
            "`python -m engine shutdown`, its runs stay paused and go on in the new version"
        )


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
