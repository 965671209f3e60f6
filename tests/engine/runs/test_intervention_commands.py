"""How the engine answers ``set``, ``extend`` and ``fork``, without workers."""

import json
import threading
import time

import pytest

from engine.errors import DiskFull
from engine.events import RunState
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor import checkpoint_copy
from engine.runs.supervisor.commands import CommandHandler
from engine.store.reader import Reader
from engine.store.tables import interventions
from engine.store.writer import Writer
from tests.engine.runs.conftest import read_checkpoint, write_checkpoint


class WorkerPool:
    """Workers that hear their signals."""

    def __init__(self):
        self.signals = []

    def has(self, run):
        return True

    def is_left_behind(self, run):
        return False

    def send(self, run, word):
        self.signals.append((run, word))


@pytest.fixture
def parts(workspace):
    """Run 1 trains (A); a handler of commands, the store, and a pool. ``handler()`` is that of the next engine."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("A", "none"), steps=60), workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.jobs.move(1, RunState.RUNNING)
        pool = WorkerPool()

        def handler():
            return CommandHandler(reader, writer, pool, Coordinator(workspace), lambda: None)

        yield handler, reader, writer, pool


def test_a_change_is_done_when_a_step_goes_by_it_and_written_once(parts):
    handler, reader, writer, pool = parts
    command = writer.commands.give("set", 1, "lr=0.03")
    handler().serve()
    asked = reader.commands.get(command)
    assert asked.acknowledged is not None
    assert asked.done is None
    assert pool.signals == [(1, "changes")]
    handler().serve()  # the engine was killed; the next one reads the same command
    ((change),) = reader.interventions.changes(1)
    writer.interventions.take_over(1, change.id, 7, "learning rate 0.1 to 0.03")
    writer.interventions.take_over(1, change.id, 9, "told again after a resume")
    handler().serve()
    assert reader.commands.get(command).done is not None
    assert [(row.key, row.value, row.step) for row in reader.interventions.changes(1)] == [("lr", 0.03, 7)]
    assert [tuple(row)[1:4] for row in reader.log.of([1])] == [(7, "change", "learning rate 0.1 to 0.03")]


def test_a_change_that_came_too_late_is_refused_and_forgotten(parts):
    handler, reader, writer, _ = parts
    command, engine = writer.commands.give("set", 1, "strength=0.5"), handler()
    engine.serve()
    writer.jobs.move(1, RunState.FINISHED)
    engine.serve()
    assert reader.commands.get(command).refusal == "run 1 is finished: it ended before a step could go by the change"
    assert reader.interventions.changes(1) == []


def test_a_pause_behind_a_change_is_ordered_at_once(parts):
    handler, reader, writer, pool = parts
    writer.commands.give("set", 1, "lr=0.03")
    writer.commands.give("pause", 1)
    handler().serve()
    assert pool.signals == [(1, "changes"), (1, "pause")]


def test_a_command_that_waited_for_another_one_is_still_begun(parts):
    handler, reader, writer, pool = parts
    engine = handler()
    writer.commands.give("stop", 1)
    late = writer.commands.give("pause", 1)
    engine.serve()
    engine.serve()
    assert pool.signals == [(1, "stop")] * len(pool.signals)
    writer.jobs.move(1, RunState.STOPPED)
    engine.serve()
    engine.serve()
    assert reader.commands.get(late).refusal == "run 1 is stopped; only queued, starting and running runs can be paused"


@pytest.mark.parametrize(
    ("verb", "run", "argument", "words"),
    [
        ("set", 1, "lr=nan", "lr (learning rate) is a number above 0"),
        ("set", 1, "lr", "lr (learning rate) is a number above 0"),
        ("set", 1, "", "'' cannot be changed in a live run; choose from lr, weight_decay, strength"),
        ("set", 2, "strength=0.5", "run 2 (plain-8) has no shortcut"),
        ("set", 9, "lr=1", "there is no run 9"),
        ("extend", 1, "90", "run 1 is running; only finished runs can be extended"),
        ("extend", 3, "30", "run 3 has done 30 steps; extend it to more"),
        ("extend", 3, "many", "run 3 has done 30 steps; extend it to more"),
        ("extend", 3, "90", "run 3 has no checkpoint to go on from"),
        ("fork", 1, json.dumps({"step": 6, "settings": {}}), "run 1 has no checkpoint yet"),
    ],
)
def test_refusals_are_one_line(parts, workspace, verb, run, argument, words):
    handler, reader, writer, _ = parts
    writer.races.submit(plan_race(RaceRequest((8,), ("A",), steps=30), workspace))
    for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
        writer.jobs.move(3, state)
    command = writer.commands.give(verb, run, argument)
    handler().serve()
    assert words in reader.commands.get(command).refusal
    assert "\n" not in reader.commands.get(command).refusal
    assert not any(reader.interventions.changes(known.id) for known in reader.runs.all())


def serve_until_done(handler, reader, command):
    deadline = time.monotonic() + 60
    while reader.commands.get(command).done is None:
        assert time.monotonic() < deadline
        handler.serve()


def test_a_fork_is_made_once_and_its_file_is_the_parents(parts, workspace):
    handler, reader, writer, _ = parts
    file = workspace.checkpoint(1, 6)
    size = write_checkpoint(file, "weights")
    writer.checkpoints.add(1, 6, "tenth", size)
    command = writer.commands.give("fork", 1, json.dumps({"step": 6, "settings": {"lr": "0.01"}}))
    serve_until_done(handler(), reader, command)
    created = reader.commands.get(command).created
    child = reader.interventions.fork_of(1, created)
    assert workspace.checkpoint(child, 6).samefile(file)
    assert reader.checkpoints.of(child)[0].bytes == size
    again = reader.commands.get(command)
    assert handler()._interventions["fork"](reader.runs.get(1), again) == ""
    assert len(reader.runs.all(1)) == 3
    assert [row.key for row in reader.interventions.changes(child)] == ["lr"]


def test_where_a_file_has_no_second_name_it_is_copied(parts, workspace, monkeypatch):
    handler, reader, writer, _ = parts
    file = workspace.checkpoint(1, 6)
    size = write_checkpoint(file, "weights")
    writer.checkpoints.add(1, 6, "tenth", size)

    def refused(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", refused)
    command = writer.commands.give("fork", 1, json.dumps({"step": 6, "settings": {}}))
    serve_until_done(handler(), reader, command)
    child = reader.interventions.fork_of(1, reader.commands.get(command).created)
    assert read_checkpoint(workspace.checkpoint(child, 6)) == "weights"
    assert not workspace.checkpoint(child, 6).samefile(file)
    file.unlink()
    command = writer.commands.give("fork", 1, json.dumps({"step": 6, "settings": {}}))
    serve_until_done(handler(), reader, command)
    assert "run 1, step 6: there is no checkpoint at" in reader.commands.get(command).refusal
    assert not workspace.run(child + 1).exists()
    assert not workspace.temporary.exists()


def test_the_engine_goes_on_while_a_fork_reads_its_checkpoint(parts, workspace, monkeypatch):
    """A checkpoint of gigabytes takes seconds to read: others are served, and the parent waits with its end."""
    handler, reader, writer, pool = parts
    pool.has = lambda run: False
    writer.checkpoints.add(1, 6, "tenth", write_checkpoint(workspace.checkpoint(1, 6), "weights"))
    end_of_reading, check = threading.Event(), checkpoint_copy.damage_of
    monkeypatch.setattr(checkpoint_copy, "damage_of", lambda *row: end_of_reading.wait(60) and check(*row))
    for state in (RunState.STOPPING, RunState.STOPPED):
        writer.jobs.move(1, state)
    fork = writer.commands.give("fork", 1, json.dumps({"step": 6, "settings": {}}))
    delete, pause = writer.commands.give("delete", 1), writer.commands.give("pause", 2)
    served = handler()
    for _ in range(3):
        served.serve()
    assert [reader.commands.get(each).done is None for each in (fork, delete, pause)] == [True, True, False]
    assert reader.commands.get(fork).acknowledged
    end_of_reading.set()
    serve_until_done(served, reader, fork)
    child = reader.interventions.fork_of(1, reader.commands.get(fork).created)
    serve_until_done(served, reader, delete)
    assert (reader.runs.get(1), reader.runs.get(child).state) == (None, RunState.QUEUED)
    assert read_checkpoint(workspace.checkpoint(child, 6)) == "weights"
    assert not workspace.temporary.exists()


def test_a_fork_that_a_full_disk_holds_up_keeps_its_file(parts, workspace, monkeypatch):
    handler, reader, writer, _ = parts
    writer.checkpoints.add(1, 6, "tenth", write_checkpoint(workspace.checkpoint(1, 6), "weights"))
    command = writer.commands.give("fork", 1, json.dumps({"step": 6, "settings": {}}))
    served, log, full = handler(), interventions.log, [DiskFull("the disk is full"), DiskFull("the disk is full")]

    def refused(*row):
        if full:
            raise full.pop()
        return log(*row)

    monkeypatch.setattr(interventions, "log", refused)
    for _ in range(2):
        with pytest.raises(DiskFull):
            serve_until_done(served, reader, command)
    serve_until_done(served, reader, command)
    child = reader.interventions.fork_of(1, reader.commands.get(command).created)
    assert read_checkpoint(workspace.checkpoint(child, 6)) == "weights"


@pytest.mark.parametrize(
    "argument", ["", "[]", '{"step": "x"}', '{"step": 6}', '{"step": 6, "settings": {"data.name": "folder:/nowhere"}}']
)
def test_a_command_that_goes_wrong_is_refused_and_the_engine_goes_on(parts, argument):
    handler, reader, writer, _ = parts
    writer.checkpoints.add(1, 6, "tenth", 1)
    bad, good = writer.commands.give("fork", 1, argument), writer.commands.give("pause", 2)
    handler().serve()
    assert reader.commands.get(bad).refusal
    assert "\n" not in reader.commands.get(bad).refusal
    assert reader.runs.get(2).state == RunState.PAUSED
    assert reader.commands.get(good).refusal is None


def test_what_the_engine_has_begun_cannot_be_taken_back(parts):
    handler, reader, writer, _ = parts
    begun, waiting = writer.commands.give("set", 1, "lr=0.03"), None
    handler().serve()
    waiting = writer.commands.give("set", 1, "lr=0.02")
    assert not writer.commands.withdraw(begun, "nobody answered")
    assert reader.commands.get(begun).refusal is None
    assert writer.commands.withdraw(waiting, "nobody answered")
    handler().serve()
    assert reader.commands.get(waiting).refusal == "nobody answered"
    assert [change.value for change in reader.interventions.changes(1)] == [0.03]
    assert not writer.commands.claim(waiting)


def test_a_command_that_was_taken_back_between_reading_and_serving_is_left_alone(parts, monkeypatch):
    handler, reader, writer, _ = parts
    command, engine = writer.commands.give("pause", 2), handler()
    read = reader.commands.pending()
    writer.commands.withdraw(command, "nobody answered")
    monkeypatch.setattr(reader.commands, "pending", lambda: read)
    engine.serve()
    assert reader.runs.get(2).state == RunState.QUEUED
    assert reader.commands.get(command).refusal == "nobody answered"
