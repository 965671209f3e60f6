"""``tidy`` and ``quota``: what leaves, what always stays, what is said, and when nothing new begins."""

import json
import time

import pytest

from engine.cli.group import run as cli
from engine.config import LabConfig, RaceConfig
from engine.errors import QuotaReached
from engine.events import RunState, StepRow
from engine.runs.client.commands import CommandClient
from engine.runs.client.control import Control
from engine.runs.client.retention import DAY_S, Keep, plan
from engine.store.reader import Reader
from engine.store.writer import Writer


@pytest.fixture
def writer(workspace):
    with Writer(workspace) as writer:
        yield writer


@pytest.fixture
def by_hand(monkeypatch, writer):
    """Delete without an engine; return the runs that commands were given for."""
    deleted = []

    def ask_each(self, verb, runs, until_done_s=0.0):
        assert verb == "delete"
        for run in runs:
            writer.jobs.delete(run)
        deleted.extend(runs)
        return dict.fromkeys(runs, "")

    monkeypatch.setattr(CommandClient, "ask_each", ask_each)
    return deleted


def race(writer, days_ago, state=RunState.FINISHED, name="", note=""):
    """Write a race of two runs that ended so many days ago; return its id."""
    number, runs = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",), name=name))
    for run in runs:
        writer.points.record(run, [StepRow(s, 1.0 / s, 50.0, 1.0, 50.0, 0.1, s / 7) for s in range(1, 300)])
        writer.jobs.move(run, RunState.STARTING)
        writer.jobs.move(run, RunState.RUNNING)
        if state is not RunState.RUNNING:
            writer.jobs.move(run, state, ended=time.time() - days_ago * DAY_S)
    if note:
        writer.notes.annotate(runs[:1], note)
    return number


@pytest.fixture
def six(writer):
    """Six races: 60 days old, named, noted, still training, 10 days old, of today."""
    race(writer, 60)
    race(writer, 50, name="the talk")
    race(writer, 40, note="look again")
    race(writer, 30, state=RunState.RUNNING)
    race(writer, 10)
    race(writer, 0)
    return writer.workspace


@pytest.mark.parametrize(
    ("keep", "leaving", "others"),
    [
        (Keep(days=30), [1], (0, 2)),
        (Keep(days=5), [5, 1], (0, 2)),
        (Keep(runs=4), [1], (1, 2)),
        (Keep(runs=3), [1], (1, 2)),
        (Keep(runs=2), [5, 1], (1, 2)),
        (Keep(runs=0), [6, 5, 1], (1, 2)),
        (Keep(days=20, runs=2), [1], (0, 2)),
        (Keep(days=100, runs=0), [], (0, 0)),
    ],
)
def test_a_race_leaves_as_a_whole_when_no_rule_holds_it(six, keep, leaving, others):
    with Reader(six) as reader:
        retention = plan(reader, keep, time.time())
    assert [found.id for found in retention.leaving] == leaving
    assert retention.runs == [run for number in leaving for run in (2 * number - 1, 2 * number)]
    assert (retention.at_work, retention.marked) == others


def test_a_race_stays_while_a_lab_waits_for_one_of_its_runs(six, writer):
    job = writer.labs.submit(LabConfig(lab="lesion", settings={"runs": "2,9"}))
    with Reader(six) as reader:
        assert plan(reader, Keep(runs=0), time.time()).inspected == 2
        writer.jobs.move(job, RunState.STOPPED)
        assert plan(reader, Keep(runs=0), time.time()).inspected == 0


def test_what_can_go_on_stays_and_an_imported_race_is_as_old_as_its_import(writer):
    lost = race(writer, 90, state=RunState.LOST)
    imported = race(writer, 80)
    with writer.transaction() as connection:
        number = connection.execute(
            "INSERT INTO imports (bundle, exported, version, created) VALUES ('b', 'd', 'v', ?)", (time.time(),)
        ).lastrowid
        connection.execute("UPDATE runs SET imported = ? WHERE race = ?", (number, imported))
    with Reader(writer.workspace) as reader:
        retention = plan(reader, Keep(days=30), time.time())
        assert (retention.leaving, retention.at_work) == ((), 1), f"race {lost} can be resumed"
        later = plan(reader, Keep(days=30), time.time() + 31 * DAY_S)
    assert [gone.id for gone in later.leaving] == [imported]


def test_a_race_that_changes_while_the_question_waits_stays(six, by_hand, capsys, monkeypatch, writer):
    monkeypatch.setattr("engine.cli.retention._BATCH", 2)
    first = CommandClient.ask_each

    def extended(self, verb, runs, until_done_s=0.0):
        answers = first(self, verb, runs, until_done_s)
        writer.notes.annotate([1], "somebody wants it after all")
        return answers

    monkeypatch.setattr(CommandClient, "ask_each", extended)
    assert cli(["--workspace", str(six.path), "tidy", "--keep-days", "5", "--yes"]) != 0
    assert "race 1 changed meanwhile and stays" in capsys.readouterr().err
    with Reader(six) as reader:
        assert {row.race for row in reader.runs.all()} == {1, 2, 3, 4, 6}


def test_a_dry_run_says_what_would_go_and_deletes_nothing(six, by_hand, capsys):
    assert cli(["tidy", "--keep-runs", "2", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert [line.partition(":")[0] for line in said.out.splitlines()] == ["race 5", "race 1"]
    assert "2 races with 4 runs leave" in said.err
    assert "1 more would leave, but have not ended" in said.err
    assert "2 more would leave, but have a name or a note" in said.err
    assert by_hand == []


def test_nothing_goes_without_a_yes(six, by_hand, capsys):
    assert cli(["tidy", "--keep-days", "5"]) == 2
    assert "--yes deletes without a question" in capsys.readouterr().err
    assert cli(["tidy", "--keep-days", "5", "--json"]) == 2
    assert capsys.readouterr().out == ""
    assert by_hand == []


def test_what_leaves_is_deleted_and_its_space_returned(six, by_hand, capsys):
    assert cli(["tidy", "--keep-days", "5", "--yes", "--vacuum", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["deleted"]
    assert [(found["race"], found["runs"]) for found in document["races"]] == [(5, [9, 10]), (1, [1, 2])]
    assert document["kept"] == {"at_work": 0, "marked": 2, "inspected": 0}
    assert by_hand == [9, 10, 1, 2]
    assert document["vacuumed_bytes"] > 0
    with Reader(six) as reader:
        assert reader.rows("PRAGMA freelist_count")[0][0] == 0
    with Reader(six) as reader:
        assert [found.id for found in reader.races.newest()] == [6, 4, 3, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tidy"], "nothing to do; name --keep-days D"),
        (["tidy", "--keep-days", "-1"], "--keep-days is a number from 0 to 100,000 (got '-1')"),
        (["tidy", "--keep-runs", "1.5"], "--keep-runs is a whole number"),
        (["quota", "much"], "a quota is a number of gigabytes above 0, or none (got 'much')"),
        (["quota", "0"], "a quota is a number of gigabytes above 0, or none (got '0')"),
    ],
)
def test_a_wrong_call_is_one_line(workspace, capsys, arguments, words):
    assert cli(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_with_the_quota_reached_nothing_new_begins(six, capsys, monkeypatch):
    assert cli(["quota", "0.0001"]) == 0
    assert cli(["quota", "--json"]) == 0
    said = capsys.readouterr().out
    document = json.loads(said[said.index("{") :])
    assert document["quota_bytes"] == 100_000 < document["used_bytes"]
    control = Control(six)
    monkeypatch.setattr(type(control.engine), "ensure", lambda self: pytest.fail("no engine is needed"))
    new = RaceConfig(depths=(8,), shortcuts=("A",))
    for begin in (
        lambda: control.start_race(new),
        lambda: control.start_instant(new),
        lambda: control.interventions.fork(1),
    ):
        with pytest.raises(QuotaReached, match="of its quota of 100 kB, so nothing new begins; delete runs"):
            begin()
    assert cli(["quota", "none"]) == 0
    monkeypatch.setattr(type(control.engine), "ensure", lambda self: None)
    assert control.start_race(new)[0] == 7
