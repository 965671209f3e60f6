"""The workspace that is served: its health, and connections that are reused."""

import ast
import threading

import pytest

from app.data import commands, races, streaming
from app.data.connection_pool import POOLED, ConnectionPool
from app.data.exchange import ghosts
from app.data.workspace import Health, current, health, use
from engine.errors import SkipscopeError
from engine.paths import PROJECT
from engine.store.connection import set_aside
from engine.store.writer import Writer
from tests.app.data.conftest import submit
from tests.engine.exchange.ghosts.foreign_files import table, taken
from tests.engine.exchange.recorded_workspace import small_race


def test_the_lines_beside_races_are_read_once_and_again_after_a_change(place):
    with Writer(place.prepare()) as writer:
        race, _ = writer.races.submit(small_race())
    first, names = ghosts.all_lines(), {*current().kept}
    assert all(ghosts.all_lines() is first for _ in range(5))
    assert {*current().kept} == names
    taken(place, table(place.path / "theirs.csv", "step,a\n1,0.5\n"), {"a": "train_error:fraction"}, race=race)
    assert [line.race for line in ghosts.all_lines()] == [race]
    assert {*current().kept} == names


def test_every_kept_reading_has_a_name_that_stays():
    """A function that is made for each call is a new name each time: nothing is found again, and others are evicted."""
    calls, unnamed = 0, []
    for path in sorted((PROJECT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lasting = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "kept_until_change":
                calls += 1
                has_key = len(node.args) > 2 or any(word.arg == "key" for word in node.keywords)
                if not has_key and getattr(node.args[0], "id", "") not in lasting:
                    unnamed.append(f"{path.name}:{node.lineno}")
    assert calls > 5
    assert unnamed == []


def test_health_of_an_empty_and_of_a_used_workspace(place):
    assert health() == Health("empty")
    assert races.races() == []
    submit(place)
    assert health() == Health("ok")
    assert health().usable


def test_health_names_a_damaged_database_and_keeps_it(place):
    submit(place)
    place.database.with_name("skipscope.db-wal").unlink(missing_ok=True)
    place.database.write_bytes(b"this is no database at all" * 100)
    served = health()
    assert (served.state, served.usable) == ("damaged", False)
    assert "doctor --new-database" in served.message
    assert "\n" not in served.message
    assert commands.startup() == served.message
    assert place.database.read_bytes().startswith(b"this is no database")


def test_health_names_a_newer_database(place):
    submit(place)
    with Writer(place) as writer, writer.transaction() as connection:
        connection.execute("INSERT INTO migrations VALUES ('9999-later', 0)")
    served = health()
    assert (served.state, served.usable) == ("other version", False)
    assert "9999-later" in served.message


def test_health_names_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    use(tmp_path / "file" / "below")
    served = health()
    assert (served.state, served.usable) == ("not writable", False)
    assert "--workspace DIR" in served.message


def test_readers_are_reused_and_dropped_with_their_database(place):
    submit(place)
    opened = []
    here = current()
    make = here.pool._make
    here.pool._make = lambda: opened.append(1) or make()
    for _ in range(5):
        streaming.head()
    assert len(opened) == 1
    set_aside(place)
    with pytest.raises(SkipscopeError, match="no database yet"):
        streaming.head()
    submit(place)
    assert streaming.head().points == 0
    assert len(opened) == 3


def test_the_pool_is_bounded_and_closes_what_comes_back_late(tmp_path):
    class Connection:
        closed = is_frozen = False

        def close(self):
            self.closed = True

    path = tmp_path / "db"
    path.write_text("")
    made = []
    connections = ConnectionPool(path, lambda: made.append(Connection()) or made[-1])
    inside, go = threading.Barrier(13), threading.Event()

    def use():
        with connections.acquire():
            inside.wait(60)
            go.wait(60)

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    inside.wait(60)
    go.set()
    for thread in threads:
        thread.join(60)
    assert len(made) == 12
    assert sum(not connection.closed for connection in made) == POOLED
    with connections.acquire() as late:
        connections.close()
        assert not late.closed
    assert all(connection.closed for connection in made)
