"""The counter behind ``runs.changed``: every visible change takes the next number."""

import sqlite3
from typing import Any


def next_revision(connection: sqlite3.Connection) -> int:
    """Return the next number, inside the caller's transaction."""
    row = connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'changed' RETURNING value").fetchone()
    return int(row[0])


def update_job(connection: sqlite3.Connection, run: int, **fields: Any) -> None:
    """Set columns of a run or a lab's job in the caller's transaction, and tell viewers."""
    set_columns(connection, run, **fields, changed=next_revision(connection))


def set_columns(connection: sqlite3.Connection, run: int, **fields: Any) -> None:
    """Set columns of a run or a lab's job in the caller's transaction; viewers are not told."""
    names = ", ".join(f"{name} = ?" for name in fields)
    for table in ("runs", "lab_jobs"):
        if connection.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*fields.values(), run)).rowcount:
            return
