"""Gives the freed pages of the database back to the disk. Torch-free.

A database of this version returns its pages in small transactions, beside running trainings and without further space.
One of an older version needs a copy of itself once, beside itself in the workspace. Nobody can write meanwhile: a copy
of more than ``_SHORT_BYTES`` is made only while no engine works, and none starts until its end.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from filelock import FileLock, Timeout

from engine.errors import DatabaseBusy, DiskFull
from engine.events import ALIVE
from engine.store.connection import connect, guarded
from engine.store.space.disk import size_in_words
from engine.store.workspace import Workspace

#: Pages of one transaction: a worker's flush waits for a few milliseconds.
_PAGES = 1000
_INCREMENTAL = 2
#: A copy of so many bytes takes a fraction of a second, which a worker waits for.
_SHORT_BYTES = 32 * 2**20
#: An engine that holds its lock is at work; a client may hold it for a moment to test it.
_LOCK_S = 0.5
#: A worker whose engine is gone beats until it has saved its run.
_BEATS_S = 5.0


def vacuum(workspace: Workspace) -> Iterator[tuple[int, int]]:
    """Return freed pages to the disk; yield (bytes done, bytes to do), at the start and after each transaction.

    Raises DiskFull without the space for a copy, DatabaseBusy where an old database is in use.
    """
    with closing(connect(workspace, readonly=False)) as connection, guarded(workspace.database):
        page = _pragma(connection, "page_size")
        free = _pragma(connection, "freelist_count")
        yield 0, free * page
        if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
            _rewrite(connection, workspace)
            yield free * page, free * page
        else:
            done = 0
            while done < free and (left := _pragma(connection, "freelist_count")):
                # Each step of the statement frees one page.
                connection.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
                done += left - _pragma(connection, "freelist_count")
                yield done * page, free * page
        # The file shrinks where the log is written back.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _rewrite(connection: sqlite3.Connection, workspace: Workspace) -> None:
    """Copy the database into itself, as one that returns its pages in small transactions."""
    used = (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * _pragma(
        connection, "page_size"
    )
    # The copy, and the same pages in the log.
    needed, free = 2 * used, shutil.disk_usage(workspace.path).free
    if free < needed:
        raise DiskFull(
            f"{workspace.database.name} was made by an older version and needs {size_in_words(needed)} of free space "
            f"to shrink ({size_in_words(free)} are free); free some space first"
        )
    quoted = str(workspace.path).replace("'", "''")
    with _without_engine(connection, workspace, needed=used > _SHORT_BYTES):
        try:
            connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise _in_use(workspace) from None
            raise


@contextmanager
def _without_engine(connection: sqlite3.Connection, workspace: Workspace, *, needed: bool) -> Iterator[None]:
    """Keep engines away inside where it is ``needed``. Raises DatabaseBusy while one, or a worker, is at work."""
    if not needed:
        yield
        return
    lock = FileLock(workspace.engine_lock)
    try:
        lock.acquire(timeout=_LOCK_S)
    except Timeout:
        raise _in_use(workspace) from None
    try:
        beats = " UNION ALL ".join(
            f"SELECT 1 FROM {table} WHERE state IN (SELECT value FROM json_each(:states)) "
            "AND abs(heartbeat - :now) < :limit"
            for table in ("runs", "lab_jobs")
        )
        values = {"states": [str(state) for state in ALIVE], "now": time.time(), "limit": _BEATS_S}
        if connection.execute(beats, values).fetchone() is not None:
            raise _in_use(workspace)
        yield
    finally:
        lock.release()


def _in_use(workspace: Workspace) -> DatabaseBusy:
    return DatabaseBusy(
        f"{workspace.database.name} was made by an older version and shrinks while nothing writes to it; end the "
        "engine with `python -m engine shutdown`, then `python -m engine tidy --vacuum`"
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
