"""Who gave a command stands on the record: the command line, a presenter, a page."""

import json
import threading
import time

import pytest

from app.data import interventions
from app.data.workspace import use
from engine.runs.client import author
from engine.runs.client.control import Control
from engine.runs.client.visitor_notes import NoteClient
from engine.store.reader import Reader
from tests.app.live.conftest import Bench


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "workspace")
    bench.stand_in()
    yield bench
    bench.writer.close()
    author.name_authors(None)
    use(tmp_path / "elsewhere")


def test_commands_starts_names_and_notes_say_who_gave_them(bench, monkeypatch):
    control = Control(bench.workspace)
    monkeypatch.setattr(type(control.engine), "ensure", lambda self: None)
    ended = threading.Event()

    def engine():
        """Answer every command, as one that is done."""
        with Reader(bench.workspace) as reader:
            while not ended.wait(0.01):
                for command in reader.commands.pending():
                    bench.writer.commands.finish(command.id, "no such run" if command.run == 99 else None)

    answering = threading.Thread(target=engine, name="engine")
    answering.start()
    try:
        control.commands.give("pause", bench.runs[0])
        author.name_authors(lambda: "presenter 2")
        control.commands.ask_each("stop", [bench.runs[1], 99])
        control.commands.set_pace(bench.race, "lockstep:5")
        control.commands.ask("fork", bench.runs[0], json.dumps({"step": 5, "settings": {"lr": "0.01"}}))
        author.name_authors(lambda: 1 / 0)
        control.commands.give("delete", bench.runs[2])
    finally:
        ended.set()
        answering.join()
    author.name_authors(lambda: "presenter 3")
    race, _ = control.start_race(bench.config)
    notes = NoteClient(bench.workspace)
    notes.rename_race(bench.race, "a name")
    notes.annotate([bench.runs[3]], "a note")
    use(bench.workspace.path)
    first, second, third, fourth = bench.runs
    assert [(row.author, row.words, row.refusal) for row in interventions.given_commands(bench.race)] == [
        ("presenter 3", f"note, run {fourth}", ""), ("presenter 3", "rename", ""), ("", f"delete, run {third}", ""),
        ("presenter 2", f"fork at step 5 with lr=0.01, run {first}", ""), ("presenter 2", "pace lockstep:5", ""),
        ("presenter 2", f"stop, run {second}", ""), ("command line", f"pause, run {first}", ""),
    ]  # fmt: skip
    assert [(row.author, row.words) for row in interventions.given_commands(race)] == [("presenter 3", "start")]
    assert all(abs(row.at - time.time()) < 60 for row in interventions.given_commands(race))
    assert set(interventions.authors()) == {"", "command line", "presenter 2", "presenter 3"}


@pytest.mark.parametrize(("named", "kept"), [("x" * 200, "x" * author.MAX_AUTHOR_LENGTH), ("a\nb\x1b[0m", "ab[0m")])
def test_a_name_is_one_short_line(named, kept):
    author.name_authors(lambda: named)
    try:
        assert author.author() == kept
    finally:
        author.name_authors(None)


def test_without_a_database_nobody_gave_commands(tmp_path):
    use(tmp_path / "nothing")
    assert interventions.authors() == []
