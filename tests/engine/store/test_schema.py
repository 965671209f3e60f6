import sqlite3

import pytest

from engine.errors import DatabaseDamaged, NoDatabase, VersionMismatch
from engine.store.reader import Reader
from engine.store.schema import MIGRATIONS, check, connect, migrate, set_aside
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
