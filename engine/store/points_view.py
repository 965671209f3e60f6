"""The table ``point_blocks`` and the view ``points``, which undoes ``engine.store.packing`` in plain SQL. Torch-free.

The texts are a part of a released migration: a change of them is a further migration.
"""

import sqlite3
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from engine.store.packing import MAX_ROWS, WIDTHS, pack

#: The packed columns, in the order of the view.
PACKED = ("loss", "error", "running_loss", "running_error", "lr", "seconds")

_TABLE = f"""
CREATE TABLE point_blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    split TEXT NOT NULL,
    step INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    images INTEGER,
    took_s REAL,
    bn TEXT,
    {", ".join(f"{name}_unit REAL" for name in PACKED)},
    {", ".join(PACKED)},
    UNIQUE (run, split, step)
)
"""
#: Rows in memory at once.
_AT_ONCE = 8192
#: Every byte: the place of one in here is its value.
_BYTES = bytes(range(256)).hex()


def pack_points(connection: sqlite3.Connection) -> None:
    """Move the rows of the table ``points`` into blocks, and put a view in the table's place."""
    connection.execute(_TABLE)
    connection.execute("CREATE TABLE block_steps (place INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO block_steps VALUES (?)", [(place,) for place in range(MAX_ROWS)])
    names = ("id", "run", "split", "step", "steps", "images", "took_s", "bn", *PACKED, *(f"{n}_unit" for n in PACKED))
    connection.executemany(
        f"INSERT INTO point_blocks ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", _blocks(connection)
    )
    # Cursors and numbers go on: there were never more points than numbers.
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'point_blocks'")
    connection.execute(
        "INSERT INTO sqlite_sequence SELECT 'point_blocks', seq FROM sqlite_sequence WHERE name = 'points'"
    )
    connection.execute("DROP TABLE points")
    connection.execute(f"CREATE VIEW points AS {_view()}")


def _blocks(connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    """Yield the rows of ``point_blocks``; an evaluation is a block of its own."""
    stored = connection.cursor()
    stored.row_factory = None
    stored.execute(
        f"SELECT run, split, step, images, took_s, bn, {', '.join(PACKED)} FROM points ORDER BY run, split, step"
    )
    last_id = 0
    for (run, split, *_), rows in groupby(enumerate(stored), key=_of_one_block):
        of_block = [row for _, row in rows]
        table = np.array([row[6:] for row in of_block], dtype=np.float64).T
        for block in pack(table):
            last_id += block.last - block.first
            first = of_block[block.first]
            values, units = zip(*block.columns, strict=True)
            yield last_id, run, split, first[2], block.last - block.first, *first[3:6], *values, *units


def _of_one_block(numbered: tuple[int, tuple[object, ...]]) -> tuple[object, ...]:
    place, (run, split, step, images, *_) = numbered
    assert isinstance(step, int)
    return run, split, step - place if images is None else f"evaluation {step}", place // _AT_ONCE


def _view() -> str:
    columns = ", ".join(f"{_column(name)} AS {name}" for name in PACKED)
    return (
        f"SELECT id - steps + 1 + place AS id, run, split, step + place AS step, {columns}, images, took_s, bn"
        f" FROM (SELECT x'{_BYTES}' AS bytes) CROSS JOIN point_blocks JOIN block_steps ON place < steps"
    )


def _column(name: str) -> str:
    """Return the expression for one packed column of the step at ``place`` in its block."""
    widths = " ".join(f"WHEN {width} * steps THEN ({_number(name, width)}) * {name}_unit" for width in WIDTHS)
    return f"CASE WHEN typeof({name}) <> 'blob' THEN {name} ELSE CASE length({name}) {widths} END END"


def _number(name: str, width: int) -> str:
    digits = (f"(instr(bytes, substr({name}, place * {width} + {byte + 1}, 1)) - 1)" for byte in range(width))
    return " + ".join(f"({digit} << {8 * byte})" if byte else digit for byte, digit in enumerate(digits))
