"""Gives the freed pages of the database back to the disk. Torch-free.

A database of this version returns its pages in small transactions, beside running trainings and without further space.
One of an older version needs a copy of itself once, beside itself in the workspace, while nothing else uses it.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from engine.errors import DatabaseBusy, DiskFull
from engine.store.connection import connect, guarded
from engine.store.space.disk import size_in_words
from engine.store.workspace import Workspace

#: Pages of one transaction: a worker's flush waits for a few milliseconds.
_PAGES = 1000
_INCREMENTAL = 2


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
    used = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    # The copy, and the same pages in the log.
    needed, free = 2 * used * _pragma(connection, "page_size"), shutil.disk_usage(workspace.path).free
    if free < needed:
        raise DiskFull(
            f"{workspace.database.name} was made by an older version and needs {size_in_words(needed)} of free space "
            f"to shrink ({size_in_words(free)} are free); free some space first"
        )
    quoted = str(workspace.path).replace("'", "''")
    try:
        connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise DatabaseBusy(
                f"{workspace.database.name} was made by an older version and shrinks while nothing uses it; end the "
                "engine with `python -m engine shutdown` and close the page"
            ) from None
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
