"""Who gave a command stands on the record: the command line, a presenter, a page."""

import json
import sqlite3
import threading
import time
from dataclasses import replace

import pytest

from app.data import interventions
from app.data.workspace import use
from engine.exchange.ghosts.importing import LinesRequest, import_lines, remove_lines
from engine.exchange.transfer import ExportRequest, export_to, import_from
from engine.runs.client import author
from engine.runs.client.control import Control
from engine.runs.client.visitor_notes import NoteClient
from engine.store.audience.showings import Place
from engine.store.reader import Reader
from engine.store.rows import CommandRow
from tests.app.live.conftest import Bench

#: A command on a run at second 0.
BLANK = CommandRow(7, "note", 7, 0.0, None, None, None, author="a")


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


@pytest.mark.parametrize(("named", "kept"), [("x" * 200, "x" * author.MAX_AUTHOR_LENGTH), ("a\nb\x1b[0m", "ab[0m")])
def test_a_name_is_one_short_line(named, kept):
    author.name_authors(lambda: named)
    try:
        assert author.author() == kept
    finally:
        author.name_authors(None)


def test_what_was_done_to_a_deleted_run_stays_on_the_record(bench):
    use(bench.workspace.path)
    run = bench.runs[1]
    bench.writer.commands.give("pause", run, author="presenter 1")
    bench.writer.commands.give("delete", run, author="presenter 2")
    before = interventions.given_commands(bench.race)
    assert [row.words for row in before] == [f"delete, run {run}", f"pause, run {run}"]
    bench.writer.jobs.delete(run)
    assert interventions.given_commands(bench.race) == before


def test_a_press_on_many_runs_is_one_line_and_no_run_is_left_out(bench):
    races = [bench.race] + [bench.writer.races.submit(bench.config)[0] for _ in range(19)]
    with Reader(bench.workspace) as reader:
        runs = [run.id for race in races for run in reader.runs.all(race)]
    bench.writer.commands.give("pause", runs[0], author="presenter 1")
    author.name_authors(lambda: "presenter 2")
    NoteClient(bench.workspace).annotate(runs, "a note")
    use(bench.workspace.path)
    assert len(runs) > 64
    for race in races[1:]:
        (row,) = interventions.given_commands(race)
        assert (row.author, row.words[:10]) == ("presenter 2", "note, runs")
    newest, oldest = interventions.given_commands(bench.race)
    assert newest.words == f"note, runs {', '.join(map(str, bench.runs))}"
    assert oldest.words == f"pause, run {runs[0]}"
    assert interventions._words([replace(BLANK, run=run) for run in range(40)]) == (
        "note, runs 0, 1, 2, 3, 4, 5, 6, 7 and 32 more"
    )
    apart = [replace(BLANK, run=1), replace(BLANK, run=2, created=-60.0), replace(BLANK, run=3, author="b")]
    assert not any(interventions._is_same_press(BLANK, row) for row in [*apart[1:], replace(BLANK, verb="x", run=4)])
    assert interventions._is_same_press(BLANK, apart[0])


def test_talks_instant_races_imports_and_shutdowns_say_who(bench, monkeypatch, tmp_path):
    control = Control(bench.workspace)
    monkeypatch.setattr(type(control.engine), "ensure", lambda self: None)
    author.name_authors(lambda: "presenter 4")
    control.talks.show(Place("a talk", 3))
    control.talks.started(bench.race)
    control.talks.end()
    control.start_instant(bench.config)
    file = tmp_path / "lines.csv"
    file.write_text("step,acc,loss\n1,0.5,2\n2,0.6,1\n")
    request = LinesRequest({"acc": "train_accuracy:fraction", "loss": "train_loss"}, bench.race)
    lines = import_lines(bench.workspace, file, request, lambda done, total, what: None)
    remove_lines(bench.workspace, [row.id for row in lines])
    bundle = tmp_path / "race.skipscope"
    export_to(bench.workspace, ExportRequest(tuple(bench.runs)), bundle, lambda done, total, what: None)
    import_from(bench.workspace, bundle, lambda done, total, what: None)
    control.engine._ask_to_end(None)
    with sqlite3.connect(bench.workspace.database) as database:
        rows = database.execute("SELECT verb, argument, author, done IS NULL FROM commands ORDER BY id").fetchall()
    assert rows == [
        (verb, argument, "presenter 4", verb == "shutdown")
        for verb, argument in (
            ("show", "a talk, scene 3"), ("show", "to the room"), ("end", "of a talk"), ("start", "instant"),
            ("import", "2 lines"), ("remove", "2 lines"), ("import", "of a bundle"), ("shutdown", ""),
        )
    ]  # fmt: skip
