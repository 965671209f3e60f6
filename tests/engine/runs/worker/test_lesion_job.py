"""A lab that looks at trainings, in a real engine: nothing of the runs it looks at changes."""

import hashlib
import sqlite3
from contextlib import closing

import pytest

from engine.events import RunState
from engine.store.reader import Reader


def kept(room, runs):
    """Every file of the runs by its contents, and every row of the database that belongs to them."""
    folders = [room.workspace.run(run) for run in runs]
    files = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip
    rows = {}
    with closing(sqlite3.connect(f"file:{room.workspace.database}?mode=ro", uri=True)) as connection:
        sql = "select name from sqlite_master where type in ('table', 'view')"
        tables = [name for (name,) in connection.execute(sql)]
        for table in tables:
            columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            key = "id" if table == "runs" else "run" if "run" in columns else None
            if key:
                marks = ",".join("?" * len(runs))
                rows[table] = connection.execute(f"select * from {table} where {key} in ({marks})", runs).fetchall()
    return files, rows


@pytest.mark.slow
def test_runs_are_left_as_they_were_and_measured_as_they_were_stored(busy_room):
    room = busy_room
    runs = room.race(steps=30)
    for run in runs:
        room.until_state(run, RunState.FINISHED)
    before = kept(room, runs)
    assert any(path.endswith(".pt") for path in before[0]) and before[1]["runs"] and before[1]["points"]
    job = room.control.start_lab("lesion", {"images": 50, "paths": 1})
    room.until_state(job, RunState.FINISHED)
    assert kept(room, runs) == before
    with Reader(room.workspace) as reader:
        figures = reader.labs.metrics(job)
        assert room.row(job).config.settings["runs"] == ",".join(map(str, runs))
    assert figures["intact_equals_stored"] == 1.0
    assert figures["plain_stored_error"] == figures["plain_intact_error"]
