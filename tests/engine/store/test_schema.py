import errno
import os
import sqlite3
import time
from contextlib import closing

import pytest

from engine.errors import DatabaseBusy, DatabaseDamaged, DiskFull, NoDatabase, VersionMismatch, WorkspaceError
from engine.events import RunState
from engine.store.connection import check, connect, guarded, set_aside
from engine.store.migrations import MIGRATIONS
from engine.store.reader import Reader
from engine.store.schema import migrate
from engine.store.writer import Writer


def tables(connection):
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_migrations_run_once_in_order_and_are_recorded(workspace):
    connection = connect(workspace, readonly=False)
    more = (*MIGRATIONS, ("9001-notes", "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('first')"))
    assert migrate(connection, more) == ["9001-notes"]
    assert migrate(connection, more) == []
    assert connection.execute("SELECT count(*) FROM notes").fetchone()[0] == 1
    names = [row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY applied, name")]
    assert names == [name for name, _ in more]
    connection.close()


def test_a_failing_migration_leaves_the_old_version(workspace):
    connection = connect(workspace, readonly=False)
    before = tables(connection)
    broken = (*MIGRATIONS, ("9001-broken", "CREATE TABLE fresh (x); INSERT INTO runs SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    assert tables(connection) == before
    connection.close()
    check(workspace)
    Writer(workspace).close()


def test_a_newer_database_is_refused_and_untouched(workspace):
    with Writer(workspace) as writer, writer.transaction() as connection:
        connection.execute("INSERT INTO migrations VALUES ('9999-future', 0)")
    for readonly in (True, False):
        with pytest.raises(VersionMismatch, match="9999-future"):
            connect(workspace, readonly=readonly)


def older(workspace, state, beat, version="0.6.0"):
    """A database of 0.6.0 with a run in a state whose worker gave its last heartbeat ``beat`` seconds ago."""
    connection = sqlite3.connect(workspace.prepare().database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, MIGRATIONS[:6])
    now = time.time()
    # The engine stands still: it has not beaten for a minute.
    connection.execute("INSERT INTO engine VALUES (1, 7, 1, ?, '[]', 1, ?)", (version, now - 60))
    connection.execute("INSERT INTO races (name, preset, config, created) VALUES ('', '', '{}', 1)")
    connection.execute(
        "INSERT INTO runs (race, position, depth, shortcut, seed, config, versions, state, total_steps, created,"
        " changed, heartbeat) VALUES (1, 0, 8, 'A', 0, '{}', '{}', ?, 9, 1, 1, ?)",
        (state, now - beat),
    )
    connection.close()


def test_a_database_whose_older_workers_beat_is_not_migrated(workspace):
    older(workspace, RunState.RUNNING, beat=2)
    for opened in (Writer, Reader):
        with pytest.raises(VersionMismatch, match="runs of an older version are at work for this workspace"):
            opened(workspace)
    with closing(sqlite3.connect(workspace.database)) as connection:
        assert "point_blocks" not in tables(connection)


@pytest.mark.parametrize(("state", "beat"), [(RunState.RUNNING, 30), (RunState.PAUSED, 2)])
def test_a_database_without_workers_at_work_is_migrated(workspace, state, beat):
    older(workspace, state, beat)
    with Reader(workspace) as reader:
        assert reader.rows("SELECT count(*) FROM point_blocks")[0][0] == 0


def test_whoever_meets_a_migration_under_way_is_told(workspace, monkeypatch):
    older(workspace, RunState.PAUSED, beat=30)
    monkeypatch.setattr("engine.store.connection.BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="another process brings the database to this version"):
            Reader(workspace)


def test_a_reader_without_a_database_and_one_that_comes_too_early(workspace):
    with pytest.raises(NoDatabase, match="start a race first"):
        Reader(workspace)
    assert not workspace.database.exists()
    workspace.database.touch()
    with pytest.raises(NoDatabase):
        Reader(workspace)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_damage_is_named_and_the_file_kept(workspace, content):
    workspace.database.write_bytes(content)
    for use in (lambda: Writer(workspace), lambda: Reader(workspace), lambda: check(workspace)):
        with pytest.raises(DatabaseDamaged, match="skipscope.db is damaged"):
            use()
    assert workspace.database.read_bytes() == content
    first, second = set_aside(workspace), None
    workspace.database.write_bytes(content)
    second = set_aside(workspace)
    assert first != second
    assert first.read_bytes() == second.read_bytes() == content
    Writer(workspace).close()
    check(workspace)


def test_a_full_disk_while_migrating_is_its_own_cause():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        migrate(connection)
    assert not connection.in_transaction
    connection.execute("PRAGMA max_page_count = 1000")
    assert migrate(connection) == [name for name, _ in MIGRATIONS]


def test_a_database_that_another_program_locks_is_busy_and_unchanged(workspace):
    Writer(workspace).close()
    other = sqlite3.connect(workspace.database, isolation_level=None)
    with Writer(workspace, busy_s=0.01) as writer, Reader(workspace) as reader:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy, match="locked by another program; nothing was changed, try again"):
            writer.commands.give("pause", 1)
        other.execute("COMMIT")
        assert reader.commands.pending() == []
        writer.commands.give("pause", 1)
        assert len(reader.commands.pending()) == 1
    other.close()


def test_a_full_disk_is_named(workspace):
    with Writer(workspace) as writer:
        with writer.transaction() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskFull, match="the disk of the workspace is full"):
            for _ in range(10_000):
                writer.commands.give("pause", 1)


def test_a_workspace_that_is_a_file_is_refused(workspace):
    place = type(workspace)(workspace.path / "file")
    place.path.touch()
    for readonly in (True, False):
        with pytest.raises(WorkspaceError, match="it is a file.*--workspace DIR"):
            connect(place, readonly=readonly)


def test_a_read_only_folder_is_named(workspace, monkeypatch):
    def refuse(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(WorkspaceError, match=f"workspace {workspace.path} is read-only"):
        workspace.prepare()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(WorkspaceError, match=f"workspace {workspace.path} is read-only"), guarded(workspace.database):
        raise sqlite3.OperationalError("unable to open database file")
