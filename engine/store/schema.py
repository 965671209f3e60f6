"""Applies the migrations in order, each in one transaction, so that a failed migration leaves the old version.

``points.id`` and ``runs.changed`` grow and are never reused: both form the cursor of the live stream. A test compares
the tables with ``assets/docs/store.md``. Torch-free.
"""

import json
import sqlite3
import time
from pathlib import Path

from engine import __version__
from engine.errors import DatabaseBusy, VersionMismatch
from engine.events import ALIVE
from engine.store.migrations import MIGRATIONS, Step, curve_part

#: An engine with a heartbeat within this time lives.
_ENGINE_LIVES_S = 10.0


def is_outdated(connection: sqlite3.Connection) -> bool:
    """Return whether migrations of this version are missing."""
    return len(applied(connection)) < len(MIGRATIONS)


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo the open transaction; after a full disk SQLite has undone the transaction already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[str, Step], ...] = MIGRATIONS) -> list[str]:
    """Apply the missing migrations; return their names."""
    known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'migrations'").fetchone()[0]
    if known and len(applied(connection)) >= len(migrations):
        return []
    connection.create_function("curve_part", 2, curve_part, deterministic=True)
    applied_now = []
    for name, step in migrations:
        _begin(connection)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
            # Looked up inside the transaction: two processes may migrate at once.
            if name not in applied(connection):
                if isinstance(step, str):
                    for statement in filter(str.strip, step.split(";")):
                        connection.execute(statement)
                else:
                    step(connection)
                connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))
                applied_now.append(name)
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
    return applied_now


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction. Raises DatabaseBusy where another process migrates."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise DatabaseBusy(
            "another process brings the database to this version, or keeps it locked; nothing was changed, try again"
        ) from None


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the applied migrations, oldest first."""
    return [row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY name")]


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raise VersionMismatch for a database that a newer version made."""
    unknown = set(applied(connection)) - {name for name, _ in MIGRATIONS}
    if unknown:
        raise VersionMismatch(
            f"{path.name} was made by a newer version ({', '.join(sorted(unknown))}); update Skipscope or use another "
            "workspace with --workspace DIR"
        )


def refuse_under_another_engine(connection: sqlite3.Connection) -> None:
    """Raise VersionMismatch for an older database while an engine or a worker of that version uses the database.

    None of this version can: whoever opens the database for the first time migrates it.
    """
    has_engines = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'engine'").fetchone()[0]
    if not has_engines or not is_outdated(connection):
        return
    row = connection.execute("SELECT version, heartbeat FROM engine").fetchone()
    if row is not None and row["version"] != __version__ and abs(time.time() - row["heartbeat"]) < _ENGINE_LIVES_S:
        raise VersionMismatch(
            f"an engine of version {row['version']} lives for this workspace, this is {__version__}; end it with "
            "`python -m engine shutdown`, its runs stay paused and go on in the new version"
        )
    # A beat of the future is of a clock that was set back, and says nothing.
    # An engine that stands still beats no more, while its workers write on.
    if (row is None or row["version"] != __version__) and abs(time.time() - _newest_beat(connection)) < _ENGINE_LIVES_S:
        raise VersionMismatch(
            f"runs of an older version are at work for this workspace, this is {__version__}; pause them there, or "
            "wait until they have ended"
        )


def _newest_beat(connection: sqlite3.Connection) -> float:
    """Return when a worker of an older database gave its last heartbeat, 0 where none is at work."""
    states = json.dumps([str(state) for state in ALIVE])
    where = "WHERE state IN (SELECT value FROM json_each(:states))"
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name IN ('runs', 'lab_jobs')").fetchall()
    beats = [
        connection.execute(f"SELECT max(heartbeat) FROM {name} {where}", {"states": states}).fetchone()[0]
        for (name,) in map(tuple, tables)
    ]
    return float(max([0.0, *(beat for beat in beats if beat is not None)]))
