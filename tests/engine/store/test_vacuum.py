"""Freed pages go back to the disk: in small steps, or by a copy once for a database of an older version."""

import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing

import pytest
from filelock import FileLock

from engine.config import RaceConfig
from engine.errors import DatabaseBusy, DiskFull
from engine.events import RunState, Split, StepRow
from engine.store import vacuum as module
from engine.store.reader import Reader
from engine.store.vacuum import vacuum
from engine.store.writer import Writer


def fill(workspace):
    """Record two runs of 6,000 points, and delete the first."""
    with Writer(workspace) as writer:
        _, (gone, stays) = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
        for run in (gone, stays):
            rows = [StepRow(s, 1 / s, 50.0, 1 / (s + 7), 50.0, 0.1, s / 7) for s in range(1, 6001)]
            writer.points.record(run, rows)
        writer.jobs.delete(gone)
    return stays


@pytest.fixture
def older(workspace):
    """A database as older versions made them: without pages that go back by themselves."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE first (x)")
    return workspace


def test_freed_pages_go_back_in_steps_while_others_read(workspace, monkeypatch):
    monkeypatch.setattr(module, "_PAGES", 5)
    run = fill(workspace)
    with Reader(workspace) as reader:
        before = workspace.database.stat().st_size
        steps = list(vacuum(workspace))
        assert len(steps) > 3
        assert steps[-1][0] == steps[-1][1] > 0
        assert len(reader.points.series(run, Split.TRAIN)) == 6000
    list(vacuum(workspace))
    assert workspace.database.stat().st_size < 0.7 * before


def test_an_older_database_shrinks_once_by_a_copy(older):
    run = fill(older)
    list(vacuum(older))
    with closing(sqlite3.connect(older.database)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    with Reader(older) as reader:
        assert len(reader.points.series(run, Split.TRAIN)) == 6000


def test_a_copy_needs_space_and_a_database_that_nobody_uses(older, monkeypatch):
    fill(older)
    usage = namedtuple("usage", "free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage(1000))
        with pytest.raises(DiskFull, match="of free space to shrink .1 kB are free"):
            list(vacuum(older))
    with closing(sqlite3.connect(older.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("engine.store.connection.BUSY_TIMEOUT_S", 0.05)
        with pytest.raises(DatabaseBusy):
            list(vacuum(older))
        other.execute("ROLLBACK")


def test_a_large_copy_is_refused_while_an_engine_or_a_worker_is_at_work(older, monkeypatch):
    """Nobody could write for as long as the copy lasts."""
    run = fill(older)
    refusal = "shrinks while nothing writes to it; end the engine with `python -m engine shutdown`, then"
    monkeypatch.setattr(module, "_SHORT_BYTES", 1000)
    monkeypatch.setattr(module, "_LOCK_S", 0.0)
    with FileLock(older.engine_lock), pytest.raises(DatabaseBusy, match=refusal):
        list(vacuum(older))
    with Writer(older) as writer:
        for state in (RunState.STARTING, RunState.RUNNING):
            writer.jobs.move(run, state)
        writer.jobs.beat(run)
    with pytest.raises(DatabaseBusy, match=refusal):
        list(vacuum(older))
    with closing(sqlite3.connect(older.database)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 0
    monkeypatch.setattr(module, "_BEATS_S", -1.0)
    list(vacuum(older))
    with FileLock(older.engine_lock, timeout=0):
        pass


def test_a_small_copy_is_short_and_made_beside_an_engine(older):
    fill(older)
    with FileLock(older.engine_lock):
        list(vacuum(older))
    with closing(sqlite3.connect(older.database)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
