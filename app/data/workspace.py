"""The workspace that this process serves: its path, its health, and connections to read it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.data.connection_pool import ConnectionPool
from engine.cli.parsing.message import one_line as one_line
from engine.cli.parsing.options import refuse_doubled as refuse_doubled
from engine.errors import DatabaseDamaged, VersionMismatch
from engine.errors import SkipscopeError as SkipscopeError
from engine.errors import in_one_line as in_one_line
from engine.events import AT_WORK, RunState
from engine.guarded_thread import GuardedThread as GuardedThread
from engine.hardware.training import view_only as view_only
from engine.runs.client.author import name_authors as name_authors
from engine.runs.client.control import Control
from engine.runs.client.observer import observe, with_states, workspace_notes
from engine.store.reader import Reader
from engine.store.rows import JobRow
from engine.store.tables.run_list import RunListRow
from engine.store.workspace import Workspace

_Row = TypeVar("_Row")
_Stated = TypeVar("_Stated", bound=JobRow | RunListRow)


@dataclass(frozen=True, slots=True)
class Health:
    """The workspace: ``ok``, ``empty``, ``damaged``, ``not writable`` or ``other version``, with a message.

    ``notes`` are lines about a usable workspace that takes no writes: read-only, or on a full disk.
    """

    state: str
    message: str = ""
    notes: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether races can be shown and started."""
        return self.state in ("ok", "empty")


#: Readings that are kept at once.
_MAX_KEPT = 256


class WorkspaceContext:
    """The workspace this process serves, with its pool of readers and its small caches."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.pool = ConnectionPool(workspace.database, lambda: Reader(workspace))
        self.control = Control(workspace)
        self.kept: dict[object, tuple[object, list[Any]]] = {}
        self.sparks: dict[int, tuple[object, tuple[float, ...]]] = {}
        self.run_table: Any = None
        self.disk: tuple[float, Any] | None = None
        self.disk_reader: GuardedThread | None = None
        self.damage = ""
        #: When this process began to serve it, in seconds since the epoch.
        self.began = time.time()


_context: WorkspaceContext | None = None
_lent: ContextVar[WorkspaceContext | None] = ContextVar("lent", default=None)
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
    """Return the folder of the served workspace."""
    return current().workspace.path


def current() -> WorkspaceContext:
    """Return the context of the served workspace, by default of ``use()``; within ``lent`` that of its reader."""
    if context := _lent.get():
        return context
    with _lock:
        if _context is None:
            use()
        assert _context is not None
        return _context


class _LentPool(ConnectionPool):
    """One reader that its owner has open, in one snapshot: all reads see the owner's moment."""

    def __init__(self, reader: Reader):
        super().__init__(reader.workspace.database, lambda: reader)
        lent: Any = copy(reader)
        lent.snapshot = lambda: nullcontext(lent)
        self._reader = lent

    @contextmanager
    def acquire(self) -> Iterator[Any]:
        yield self._reader


@contextmanager
def lent(reader: Reader) -> Iterator[None]:
    """Serve the workspace of an open reader, as this reader sees it, to what is called within, in this thread alone."""
    context = WorkspaceContext(reader.workspace)
    context.pool = _LentPool(reader)
    before = _lent.set(context)
    try:
        yield
    finally:
        _lent.reset(before)


def reading() -> AbstractContextManager[Reader]:
    """Borrow a reader of the present database. Raises SkipscopeError."""
    return current().pool.acquire()


def kept_until_change(
    read: Callable[[Reader], list[_Row]], points: bool = False, key: object | None = None
) -> list[_Row]:
    """Return a reading of the store, renewed after a change, with ``points`` also of points.

    ``key`` names the reading, by default its function.
    """
    context, name = current(), key or read
    if context.pool.file() is None:
        return []
    with reading() as reader, reader.snapshot():
        head = reader.points.head()
        state = context.pool.file(), head if points else head[1]
        kept = context.kept.get(name)
        if kept is None or kept[0] != state:
            kept = context.kept[name] = state, read(reader)
            if len(context.kept) > _MAX_KEPT:
                context.kept = {name: kept}
        return kept[1]


def health() -> Health:
    """Return the present health of the workspace. Never raises."""
    context = current()
    try:
        if context.pool.file() is None:
            context.workspace.prepare()
            return Health("empty")
        if context.damage:
            return Health("damaged", context.damage)
        with reading() as reader:
            state = "ok" if reader.races.newest(limit=1) else "empty"
        return Health(state, notes=tuple(workspace_notes(context.workspace)))
    except DatabaseDamaged as error:
        return Health("damaged", str(error))
    except VersionMismatch as error:
        return Health("other version", str(error))
    except SkipscopeError as error:
        return Health("not writable", str(error))


def as_seen(rows: list[_Stated]) -> list[_Stated]:
    """Return rows of runs or jobs with the states that a reader sees: a record outlives its processes.

    Where all records are right, these are the ``rows`` themselves. Raises SkipscopeError.
    """
    if not any(row.state in AT_WORK or row.state == RunState.PAUSED for row in rows):
        return rows
    with reading() as reader:
        told = with_states(rows, observe(reader))
    return rows if all(row is other for row, other in zip(rows, told, strict=True)) else told
