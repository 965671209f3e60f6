"""The workspace that this process serves: which one, in what state, and connections to read it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DatabaseDamaged, SkipscopeError, VersionMismatch
from engine.runs.client.control import Control
from engine.store.reader import Reader
from engine.store.workspace import Workspace

#: Connections kept open for reuse: pages run in short-lived threads, and opening a database costs more than a read.
POOLED = 8
#: A database as a file: device and inode.
File = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Health:
    """The workspace: ``ok``, ``empty``, ``damaged``, ``not writable`` or ``other version``, with a line for people."""

    state: str
    message: str = ""

    @property
    def usable(self) -> bool:
        """Whether races can be shown and started."""
        return self.state in ("ok", "empty")


class ConnectionPool:
    """Reusable connections to the database at ``path``; ``make`` opens one.

    A replaced database gets new connections.
    """

    def __init__(self, path: Path, make: Callable[[], Any]):
        self._path, self._make = path, make
        self._lock = threading.Lock()
        self._idle: list[tuple[File | None, Any]] = []
        self._closed = False

    def file(self) -> File | None:
        """Return which file the database is now, (device, inode); None without one."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    @contextmanager
    def acquire(self) -> Iterator[Any]:
        """Give a connection to one thread; after an error it is closed, not reused. Raises what ``make`` raises."""
        file = self.file()
        connection = self._take(file) or self._make()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            keep = not self._closed and file is not None and len(self._idle) < POOLED
            if keep:
                self._idle.append((file, connection))
        if not keep:
            connection.close()

    def _take(self, file: File | None) -> Any | None:
        with self._lock:
            while self._idle:
                made_for, connection = self._idle.pop()
                if made_for == file:
                    return connection
                connection.close()
        return None

    def close(self) -> None:
        """Close idle connections; one in use is closed when its user is done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()


class WorkspaceContext:
    """The workspace this process serves, with its pool of readers and its small caches."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.pool = ConnectionPool(workspace.database, lambda: Reader(workspace))
        self.control = Control(workspace)
        self.races: tuple[object, list[Any]] | None = None
        self.table: tuple[object, list[Any]] | None = None
        self.sparks: dict[int, tuple[object, tuple[float, ...]]] = {}
        self.disk: tuple[float, Any] | None = None
        self.timing: tuple[object, list[Any]] | None = None
        self.damage = ""


_context: WorkspaceContext | None = None
_lock = threading.RLock()


def use(path: str | Path | None = None) -> Path:
    """Serve the workspace at ``path``, else ``SKIPSCOPE_WORKSPACE``, else ``runs/``; return its path."""
    global _context
    with _lock:
        old, _context = _context, WorkspaceContext(Workspace.at(path))
    if old:
        old.pool.close()
    return _context.workspace.path


def workspace_path() -> Path:
    """Return the folder of the workspace that is served."""
    return current().workspace.path


def current() -> WorkspaceContext:
    """Return the context of the workspace that is served, the default one if none was chosen."""
    with _lock:
        if _context is None:
            use()
        assert _context is not None
        return _context


def reading() -> AbstractContextManager[Reader]:
    """Borrow a reader of the present database. Raises SkipscopeError."""
    return current().pool.acquire()


def prepare() -> None:
    """Create the workspace's folder and prove that it can be written. Raises SkipscopeError in one line."""
    current().workspace.prepare()


def health() -> Health:
    """Say what the workspace is like now. Never raises."""
    context = current()
    try:
        context.workspace.prepare()
    except SkipscopeError as error:
        return Health("not writable", str(error))
    if context.pool.file() is None:
        return Health("empty")
    if context.damage:
        return Health("damaged", context.damage)
    try:
        with reading() as reader:
            return Health("ok" if reader.races(limit=1) else "empty")
    except DatabaseDamaged as error:
        return Health("damaged", str(error))
    except VersionMismatch as error:
        return Health("other version", str(error))
    except SkipscopeError as error:
        return Health("not writable", str(error))
