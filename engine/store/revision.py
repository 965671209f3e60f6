"""The counter behind ``runs.changed``: every change that viewers must see takes its next number."""

import sqlite3


def next_revision(connection: sqlite3.Connection) -> int:
    """Return the next number, inside the caller's transaction."""
    row = connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'changed' RETURNING value").fetchone()
    return int(row[0])
