"""Opens, checks and sets aside the database; the base classes of readers and writers. Torch-free.

SQLite in WAL mode, ``synchronous=NORMAL``, a busy timeout, short transactions. SQLite's errors become SkipscopeErrors.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from types import GenericAlias
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.errors import DatabaseBusy, DatabaseDamaged, NoDatabase, OutdatedDatabase, WorkspaceError
from engine.store.packing import value_at
from engine.store.schema import is_outdated, migrate, refuse_newer, refuse_under_another_engine, roll_back
from engine.store.space.writability import disk_full, is_read_only, low_disk, read_only, refusal
from engine.store.workspace import Workspace, unusable

BUSY_TIMEOUT_S = 10.0
_MAX_SHOWN_LENGTH = 200
#: SQLite's words where a file cannot be made or written.
_REFUSED_FILE = ("unable to open", "readonly", "read-only", "disk I/O error")

_Row = TypeVar("_Row")

# Lists and dicts are bound as JSON: ``IN (SELECT value FROM json_each(?))`` takes any number of values.
sqlite3.register_adapter(list, json.dumps)
sqlite3.register_adapter(dict, partial(json.dumps, sort_keys=True))


def connect(
    workspace: Workspace, *, readonly: bool, busy_s: float | None = None, outdated: bool = False
) -> sqlite3.Connection:
    """Open the workspace's database; writers create and migrate the database.

    Args:
        busy_s: How long to wait for another connection's lock.
        outdated: Let a reader open an older version.

    Raises:
        NoDatabase, OutdatedDatabase: For readers.
        VersionMismatch: A newer version made the database, or an engine of another version uses an older one.
        DatabaseDamaged, WorkspaceError: The file is no database, or the workspace no folder.
    """
    path = workspace.database
    if workspace.path.exists() and not workspace.path.is_dir():
        raise unusable(workspace.path, "it is a file, not a folder")
    none_yet = NoDatabase(f"workspace {workspace.path} holds no database yet; start a race first")
    if readonly and not path.exists():
        raise none_yet
    wait_s = BUSY_TIMEOUT_S if busy_s is None else busy_s
    with guarded(path):
        if not readonly:
            return _open(path, "mode=rwc", wait_s, partial(_prepare_writer, path))

        def check_reader(connection: sqlite3.Connection) -> None:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise none_yet  # a writer is creating the tables
            refuse_newer(connection, path)
            if not outdated and is_outdated(connection):
                raise OutdatedDatabase(f"{path.name} was made by an older version; a race or the page updates it")

        try:
            return _open(path, "mode=ro", wait_s, check_reader)
        except sqlite3.OperationalError as error:
            # A reader makes the files of the WAL, which a read-only or full disk refuses.
            if any(word in str(error) for word in _REFUSED_FILE) and _is_at_rest(path):
                return _open(path, "mode=ro&immutable=1", wait_s, check_reader, FrozenConnection)
            raise


class FrozenConnection(sqlite3.Connection):
    """A connection to a database that nobody changes, without locks: not to be kept for later."""


def _open(
    path: Path,
    mode: str,
    wait_s: float,
    prepare: Callable[[sqlite3.Connection], None],
    kind: type[sqlite3.Connection] = sqlite3.Connection,
) -> sqlite3.Connection:
    # check_same_thread: threads use a connection in turn.
    connection = sqlite3.connect(
        f"{path.as_uri()}?{mode}", timeout=wait_s, isolation_level=None, check_same_thread=False, uri=True, factory=kind
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_writer(path: Path, connection: sqlite3.Connection) -> None:
    # Holds for a new database alone: freed pages can go back to the disk in small transactions.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    refuse_under_another_engine(connection)
    migrate(connection)
    refuse_newer(connection, path)


def _is_at_rest(path: Path) -> bool:
    """Return whether all of a database is in its main file."""
    wal = path.with_name(f"{path.name}-wal")
    return not wal.exists() or not wal.stat().st_size


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new database to WAL. SQLite's busy timeout does not cover this lock."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class _WorkspaceConnection:
    """A connection that the table objects of a ``Reader`` or ``Writer`` share, for one thread at a time."""

    def __init__(self, workspace: Workspace, connection: sqlite3.Connection):
        self.workspace, self._connection = workspace, connection

    def close(self) -> None:
        """Close the connection; may be called twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ReadingConnection(_WorkspaceConnection):
    """A reading connection; it migrates an older database first, unless ``outdated``."""

    def __init__(self, workspace: Workspace, *, outdated: bool = False):
        try:
            connection = connect(workspace, readonly=True, outdated=outdated)
        except OutdatedDatabase:
            if is_read_only(workspace.path):
                raise OutdatedDatabase(
                    f"{workspace.database.name} was made by an older version, and workspace {workspace.path} is "
                    "read-only; copy the folder to a disk that can be written, which updates the copy"
                ) from None
            connect(workspace, readonly=False).close()
            connection = connect(workspace, readonly=True)
        # For queries of the last value, which a block of points holds packed.
        connection.create_function("value_at", 4, value_at, deterministic=True)
        super().__init__(workspace, connection)
        #: Whether the connection would miss a later change.
        self.is_frozen = isinstance(connection, FrozenConnection)

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Hold one consistent view: all reads inside see the same moment."""
        self._connection.execute("BEGIN")
        try:
            yield self
        finally:
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a SELECT."""
        with guarded(self.workspace.database):
            return self._connection.execute(sql, values).fetchall()

    def tuples(self, sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT as tuples, which cost a fourth of rows with names."""
        with guarded(self.workspace.database):
            cursor = self._connection.cursor()
            cursor.row_factory = None
            return cursor.execute(sql, values).fetchall()


class WritingConnection(_WorkspaceConnection):
    """A writing connection; it creates and migrates the database."""

    def __init__(self, workspace: Workspace, busy_s: float | None = None):
        super().__init__(workspace, connect(workspace, readonly=False, busy_s=busy_s))
        self._is_open = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all writes inside: an error undoes all of them."""
        with self.transaction():
            self._is_open = True
            try:
                yield
            finally:
                self._is_open = False

    @contextmanager
    def early_rows(self) -> Iterator[None]:
        """Let rows of runs come before their runs inside: an import shows its runs last."""
        self._connection.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One ``BEGIN IMMEDIATE`` transaction: committed at the end, rolled back on any error.

        Inside of ``together`` it is a part of that one.
        """
        if self._is_open:
            yield self._connection
            return
        with guarded(self.workspace.database):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                roll_back(self._connection)
                raise


class ReadingTable:
    """A table, or a group of tables, for a reader."""

    def __init__(self, connection: ReadingConnection):
        self._rows, self._database = connection.rows, connection.workspace.database

    def _all(self, kind: type[_Row], sql: str, *values: object) -> list[_Row]:
        """Return the rows of a SELECT as dataclasses of a ``kind``, without the columns that have no field."""
        kinds = GenericAlias(list, (kind,))
        stored = [dict(row) for row in self._rows(sql, *values)]
        try:
            rows: list[_Row] = _decoder(kinds).validate_python(stored)
        except ValidationError as error:
            reason = _reason(error)[:_MAX_SHOWN_LENGTH]
            raise WorkspaceError(
                f"{self._database} holds a wrong value ({reason}); choose another folder with --workspace DIR"
            ) from None
        return rows

    def _first(self, kind: type[_Row], sql: str, *values: object) -> _Row | None:
        return next(iter(self._all(kind, sql, *values)), None)


def _reason(error: ValidationError) -> str:
    """Return the first wrong value by its place, without the index of its row."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]).lstrip("0123456789.")
    return " ".join(f"{where} {first['msg'].removeprefix('Input ')} (got {first.get('input')!r})".split())


def prepare(kinds: Sequence[type]) -> None:
    """Make ready to read rows as these dataclasses, in a process from which others are forked: each costs 7 ms."""
    for kind in kinds:
        _decoder(GenericAlias(list, (kind,)))


@cache
def _decoder(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class WritingTable:
    """A table, or a group of tables, for a writer; each method is one transaction."""

    def __init__(self, connection: WritingConnection):
        self._transaction = connection.transaction

    def _execute(self, sql: str, *values: object) -> int:
        """Execute one statement as a transaction; return the number of changed rows."""
        with self._transaction() as connection:
            return connection.execute(sql, values).rowcount


def insert(connection: sqlite3.Connection, table: str, **values: object) -> int:
    """Insert a row in the caller's transaction; return its id."""
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    return int(cursor.lastrowid or 0)


def check(workspace: Workspace) -> None:
    """Check the structure of the whole database (seconds for very large files). Raises DatabaseDamaged."""
    with closing(connect(workspace, readonly=True, outdated=True)) as connection, guarded(workspace.database):
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict.splitlines()[-1])


def obstacle(workspace: Workspace, busy_s: float = 0.5) -> WorkspaceError | None:
    """Return why the workspace refuses writes now: read-only, full, or locked for ``busy_s``; None without a reason.

    Nothing is changed, an older database included.
    """
    folder, path = workspace.path, workspace.database
    if is_read_only(folder):
        return read_only(folder)
    if (full := low_disk(folder)) is not None or not path.exists():
        return full
    try:
        with (
            guarded(path),
            closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", timeout=busy_s, uri=True)) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except WorkspaceError as error:
        return error
    return None


def set_aside(workspace: Workspace) -> Path:
    """Move a damaged database and its WAL aside; return the new path. The next writer creates a new database."""
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
    """Turn SQLite's errors into DatabaseDamaged, DatabaseBusy, DiskFull and WorkspaceError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise DatabaseDamaged(_damaged(path, error)) from None
        if "full" in str(error):
            raise disk_full(path.parent) from None
        if any(word in str(error) for word in ("locked", "busy")):
            raise _busy() from None
        if any(word in str(error) for word in _REFUSED_FILE):
            if (reason := refusal(path.parent)) is not None:
                raise reason from None
            if "disk I/O error" not in str(error):
                raise WorkspaceError(
                    f"{path} cannot be opened ({error}); choose another folder with --workspace DIR"
                ) from None
        raise
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged(_damaged(path, error)) from None


def _busy() -> DatabaseBusy:
    return DatabaseBusy("the database is locked by another program; nothing was changed, try again")


def _damaged(path: Path, error: Exception) -> str:
    return (
        f"{path} is damaged ({error}); it is kept as it is. "
        "`python -m engine doctor --new-database` moves it aside and starts a new one"
    )
