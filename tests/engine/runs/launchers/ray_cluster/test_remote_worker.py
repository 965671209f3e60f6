"""The worker's own code by way of the desk: the same record as beside the database, and one writer for each run."""

import logging
import multiprocessing
import os
import shutil
import sqlite3
import threading
from collections import deque
from contextlib import closing, suppress

import pytest
import torch
from PIL import Image

from engine.errors import AttemptOver, CheckpointError, DatabaseBusy
from engine.events import RunState, StepRow
from engine.hardware.machine import ProcessId, this_process
from engine.runs.launchers.ray_cluster.desk import Desk
from engine.runs.launchers.ray_cluster.messages import Beat, DeskSilent, Sender
from engine.runs.launchers.ray_cluster.remote_store import RemoteStore
from engine.runs.launchers.ray_cluster.remote_tables import RemoteWriter
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker import worker
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from engine.training import checkpoint
from tests.engine.runs.launchers.ray_cluster.direct import DirectLine

#: What a saved state says of the time that it took.
CLOCKS = {"seconds", "evaluation_seconds", "probe_seconds"}
TINY = {"width": "4", "pool": "4", "probe.every": "10", "eval_every": "10"}


def submitted(path, steps=24):
    workspace = Workspace(path).prepare()
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",), steps=steps, settings=TINY), workspace))
        writer.jobs.move(1, RunState.STARTING)
    return workspace


@pytest.fixture
def desk(tmp_path):
    made = Desk(str(submitted(tmp_path / "w").path), this_process(), "here")
    with Writer(made._workspace) as writer:
        assert writer.placements.begin(1) == 1
    return made


def work(workspace, store=None):
    """Do run 1 in this process as a worker does."""
    theirs, ours = multiprocessing.Pipe()
    root = logging.getLogger()
    handlers = list(root.handlers)
    with theirs, ours:
        thread = threading.Thread(target=worker.work, args=(Job(1, workspace.path, "cpu", 1), theirs, store))
        thread.start()
        thread.join(60)
    root.handlers[:] = handlers


def record(workspace):
    with closing(sqlite3.connect(workspace.database)) as database:
        points = "SELECT split, step, loss, error, running_loss, running_error, lr FROM points ORDER BY split, step"
        arrays = "SELECT step, quantity, data FROM arrays JOIN probes ON probes.id = probe ORDER BY step, quantity"
        saved = "SELECT step, reason, bytes FROM checkpoints ORDER BY step"
        return [database.execute(sql).fetchall() for sql in (points, arrays, saved)]


def same(one, other):
    """Compare two states but for their clocks."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one if key not in CLOCKS)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def steps_of(desk):
    with closing(sqlite3.connect(desk._workspace.database)) as database:
        return [step for (step,) in database.execute("SELECT step FROM points WHERE run = 1 ORDER BY step")]


def rows(step):
    return [StepRow(step, 1.0, 50.0, 1.0, 50.0, 0.1, float(step))]


@pytest.mark.slow
def test_a_run_by_way_of_the_desk_has_the_record_of_one_beside_the_database(desk, tmp_path):
    local = submitted(tmp_path / "local")
    work(local)
    store = RemoteStore(DirectLine(desk), Sender(1, 1, "job"), tmp_path / "node", "node-1")
    store.workspace.run(1).mkdir(parents=True)
    work(store.workspace, store)
    store.close()
    assert record(desk._workspace) == record(local)
    assert [len(rows) for rows in record(local)][0] > 24
    with Reader(desk._workspace) as reader:
        row = reader.runs.get(1)
        assert (row.state, row.cause, row.pid) == (RunState.FINISHED, "", None)
        (placed,) = reader.placements.of(1)
        assert placed.node == "node-1"
        assert placed.processor
    assert [path.name for path in (tmp_path / "node").iterdir() if path.name.startswith("run-")] == []
    for step, _, _ in record(local)[2]:
        assert same(checkpoint.load(desk._workspace.checkpoint(1, step)), checkpoint.load(local.checkpoint(1, step)))


@pytest.mark.parametrize("faults", [["silent"], ["lost"], ["silent", "silent"], [None, "lost", "silent"], ["lost"] * 5])
def test_every_batch_is_done_once_and_in_its_turn(desk, faults):
    line = DirectLine(desk)
    writer = RemoteWriter(line, Sender(1, 1, "job"))
    line.faults = list(faults)
    for step in range(1, 6):
        while True:
            try:
                writer.points.record(1, rows(step))
                break
            except DatabaseBusy:
                pass  # as RetryingWriter: the call was not taken
    while True:
        try:
            writer.close()
            break
        except DatabaseBusy:
            pass
    assert steps_of(desk) == [1, 2, 3, 4, 5]
    assert desk._next[Sender(1, 1, "job")] == 5


def test_a_call_whose_answer_was_lost_is_not_done_twice(desk):
    line = DirectLine(desk)
    writer = RemoteWriter(line, Sender(1, 1, "job"))
    line.faults = ["silent"]
    with pytest.raises(DeskSilent):
        writer.jobs.move(1, RunState.RUNNING, only_from={RunState.STARTING})
    assert writer.jobs.move(1, RunState.RUNNING, only_from={RunState.STARTING}) is True, "the first answer"
    assert writer.jobs.move(1, RunState.RUNNING, only_from={RunState.STARTING}) is False
    line.faults = ["lost"]
    with pytest.raises(DeskSilent):
        writer.jobs.update(1, detail="first")
    writer.jobs.update(1, detail="second")
    with Reader(desk._workspace) as reader:
        assert reader.runs.get(1).detail == "second"


def test_another_desk_begins_with_the_oldest_batch_without_an_answer(desk):
    line = DirectLine(desk)
    writer = RemoteWriter(line, Sender(1, 1, "job"))
    writer.points.record(1, rows(1))
    line.faults = ["open", "done open"]
    writer.points.record(1, rows(2))
    writer.points.record(1, rows(3))
    line.desk = Desk(str(desk._workspace.path), this_process(), "here")
    writer.points.record(1, rows(4))  # reaches the new desk before anybody knows that the old one ended
    for _ in range(3):
        with suppress(DeskSilent):
            writer.close()
    assert writer._sent == deque()
    assert steps_of(desk) == [1, 2, 3, 4], "none is lost, none is there twice"


def test_an_attempt_that_is_over_writes_nothing(desk, tmp_path):
    line = DirectLine(desk)
    old = RemoteWriter(line, Sender(1, 1, "job"))
    old.points.record(1, rows(1))
    with Writer(desk._workspace) as writer:
        assert writer.placements.begin(1) == 2
    with pytest.raises(AttemptOver, match="attempt 1 at run 1 is over"):
        old.jobs.update(1, detail="of the old attempt")
    old.points.record(1, rows(2))
    with pytest.raises(AttemptOver):
        old.close()
    assert isinstance(desk.put(Sender(1, 1, "job"), 5, 0, b"state", True).error, AttemptOver)
    assert not desk._workspace.checkpoint(1, 5).exists()
    assert desk.beat(Beat(1, 1)).is_over
    assert not desk.beat(Beat(1, 2)).is_over
    RemoteWriter(line, Sender(1, 2, "job")).jobs.update(1, detail="of the new one")
    assert steps_of(desk) == [1]
    assert desk.state().refused == 4


def test_folders_of_workers_that_were_killed_are_removed(desk, tmp_path):
    node = tmp_path / "node"
    for name in (f"run-{2**22 + 1}-x", f"run-{this_process().pid}-x", "data"):
        (node / name).mkdir(parents=True)
    store = RemoteStore(DirectLine(desk), Sender(1, 1, "job"), node, "node-1")
    store.close()
    assert sorted(path.name for path in node.iterdir()) == ["data", f"run-{this_process().pid}-x"]


def test_a_worker_hears_that_its_engine_is_gone(desk):
    assert desk.beat(Beat(1, 1)).engine_lives
    desk.serve(ProcessId(2**22 + 1, 1.0))
    assert not desk.beat(Beat(1, 1, log=b"a line\n")).engine_lives
    assert desk._workspace.log(1).read_bytes() == b"a line\n"
    assert desk.state().signs[1].beats == 2


def test_a_checkpoint_travels_in_parts(desk):
    sender = Sender(1, 1, "job")
    assert desk.put(sender, 7, 0, b"abc", False).result() == 3
    assert not desk._workspace.checkpoint(1, 7).exists(), "it has its name once it is whole"
    assert desk.put(sender, 7, 3, b"def", True).result() == 6
    assert desk.put(sender, 7, 3, b"def", True).result() == 6, "its answer was lost, and it comes again"
    assert desk.get(1, 7, 0, 9).result() == b"abcdef"
    for offset, data in ((3, b"deg"), (3, b"defg"), (2, b"ef")):
        assert isinstance(desk.put(sender, 7, offset, data, True).error, CheckpointError), "it is another file"
    assert isinstance(desk.put(sender, 8, 3, b"def", True).error, CheckpointError), "there is no such file"
    with Writer(desk._workspace) as writer:
        writer.placements.begin(1)
    assert isinstance(desk.put(sender, 7, 3, b"def", True).error, AttemptOver)
    sender = Sender(1, 2, "job")
    assert desk.get(1, 7, 2, 3).result() == b"cde"
    assert desk.get(1, 7, 6, 3).result() == b""
    assert desk.get(1, 8, 0, 3).result() is None
    assert desk.file(sender, "prune", {7}, 2).result() == []
    assert desk.file(sender, "put_aside", 7).result() == "step-00000007.pt.bad"


@pytest.mark.parametrize("sizes", [(3, 3), (6,)])
def test_the_last_part_that_comes_again_meanwhile_changes_nothing(desk, sizes, monkeypatch):
    """A desk that is slow to sync is asked again, and the first call gives the file its name while the second works."""
    sender, sync, data = Sender(1, 1, "job"), os.fsync, b"abcdef"
    if len(sizes) > 1:
        assert desk.put(sender, 7, 0, data[:3], False).result() == 3
    again = (sender, 7, 6 - sizes[-1], data[-sizes[-1] :], True)
    earlier = []

    def slow(file):
        sync(file)
        monkeypatch.setattr(os, "fsync", sync)
        part = desk._workspace.checkpoint(1, 7).with_name(".step-00000007.pt-1.part")
        earlier.append(part.replace(desk._workspace.checkpoint(1, 7)))

    monkeypatch.setattr(os, "fsync", slow)
    assert desk.put(*again).result() == 6
    assert len(earlier) == 1
    assert desk.get(1, 7, 0, 9).result() == data


def test_a_run_on_a_node_that_lacks_its_images_names_the_node(tmp_path):
    images = tmp_path / "images"
    for place in ("train/a", "train/b", "test/a", "test/b"):
        (images / place).mkdir(parents=True)
        for index in range(4):
            Image.linear_gradient("L").resize((16, 16)).rotate(90 * index).save(images / place / f"{index}.png")
    workspace = Workspace(tmp_path / "w").prepare()
    settings = TINY | {"eval_images": "8", "probe.images": "0", "batch_size": "4"}
    with Writer(workspace) as writer:
        request = RaceRequest((8,), ("A",), steps=4, data=f"folder:{images}", settings=settings)
        writer.races.submit(plan_race(request, workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.placements.begin(1)
    shutil.rmtree(images)
    desk = Desk(str(workspace.path), this_process(), "here")
    store = RemoteStore(DirectLine(desk), Sender(1, 1, "job"), tmp_path / "node", "10.0.0.7")
    store.workspace.run(1).mkdir(parents=True)
    work(store.workspace, store)
    store.close()
    with Reader(workspace) as reader:
        row = reader.runs.get(1)
    assert row.state == RunState.FAILED
    assert row.cause.startswith(f"node 10.0.0.7: {images} is not there")
