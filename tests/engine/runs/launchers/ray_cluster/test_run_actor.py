"""The worker's actor without a cluster: signals, and the end of the engine, by way of the desk."""

import logging
import multiprocessing
import os
import threading
import time
from types import SimpleNamespace

import pytest

from engine.events import ENGINE_GONE, RunState
from engine.hardware.machine import ProcessId, this_process
from engine.runs.launchers.ray_cluster.desk import Desk
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.runs.launchers.ray_cluster.direct import DirectLine

pytest.importorskip("ray", reason="needs Ray (240 MB): pip install ray==2.60.0")


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A desk, and the actor of run 1, which trains for long."""
    from engine.runs.launchers.ray_cluster import actors

    monkeypatch.setattr(actors, "BEAT_S", 0.1)
    monkeypatch.setattr(actors, "_end_later", lambda: None)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    monkeypatch.setenv("SKIPSCOPE_NODE_FOLDER", str(tmp_path / "node"))
    workspace = Workspace(tmp_path / "w").prepare()
    desk = Desk(str(workspace.path), this_process(), "here")
    with Writer(workspace) as writer:
        request = RaceRequest((8,), ("A",), steps=100_000, settings={"width": "4", "pool": "4"})
        writer.races.submit(plan_race(request, workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.placements.begin(1)
    actor = actors.RunActor.__new__(actors.RunActor)
    actor._job, actor._attempt, actor._node, actor._line = Job(1, workspace.path, "cpu", 1), 1, "n", DirectLine(desk)
    actor._shared = actor._replicas = None
    actor._theirs, actor._ours = multiprocessing.Pipe()
    actor._is_done, actor._has_ended = threading.Event(), threading.Event()
    actor._how, actor._lock = "", threading.Lock()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    thread = threading.Thread(target=actor.work)
    thread.start()
    reader = Reader(workspace)
    until(lambda: reader.runs.get(1).step > 3)
    yield desk, actor, reader
    actor.signal("stop")
    thread.join(30)
    root.handlers[:] = handlers
    root.setLevel(level)
    reader.close()


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_whose_engine_is_gone_hands_over_its_checkpoint(scene):
    desk, actor, reader = scene
    desk.serve(ProcessId(2**22 + 1, 1.0))
    assert actor.await_end() == ""
    row = reader.runs.get(1)
    assert (row.state, row.detail) == (RunState.PAUSED, ENGINE_GONE)
    (saved,) = reader.checkpoints.of(1)
    assert saved.step == row.step
    assert desk._workspace.checkpoint(1, saved.step).stat().st_size == saved.bytes


def test_a_worker_hears_its_engine_and_its_log_arrives(scene, tmp_path):
    desk, actor, reader = scene
    actor.signal("pause")
    assert actor.await_end() == ""
    left = [path.name for path in (tmp_path / "node").iterdir()]
    assert left == ["data"], "the engine ends the process once it knows"
    assert reader.runs.get(1).detail.startswith("paused at step ")
    until(lambda: "-> paused at step" in desk._workspace.log(1).read_text())
    assert desk.state().signs[1].beats > 0


def test_a_process_ends_although_its_places_cannot_be_given_back(monkeypatch):
    import ray

    from engine.runs.launchers.ray_cluster import actors

    def refuse(group):
        raise RuntimeError("the head does not answer")

    ended = []
    monkeypatch.setattr(actors, "_HEARD_S", 0.0)
    monkeypatch.setattr(actors, "_end_later", lambda: ended.append(True))
    monkeypatch.setattr(ray.util, "remove_placement_group", refuse)
    actor = actors.RunActor.__new__(actors.RunActor)
    actor._replicas, actor._group = object(), None
    with pytest.raises(RuntimeError):
        actor._end_later()
    assert ended


def test_a_replica_whose_node_has_no_room_tells_the_first_and_the_engine(tmp_path, monkeypatch):
    from engine.runs.launchers.ray_cluster import actors
    from engine.runs.worker import replica

    told = []
    monkeypatch.setattr(actors, "_end_later", lambda: None)
    monkeypatch.setattr(replica, "_joined", lambda *_: SimpleNamespace(tell_failure=told.append))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SKIPSCOPE_NODE_FOLDER", str(tmp_path / "file"))
    actor = actors.ReplicaActor.__new__(actors.ReplicaActor)
    actor._job, actor._rank, actor._node = Job(1, tmp_path, "cpu", 2, further=("cpu",)), 1, "10.0.0.2"
    actor._has_ended, actor._how = threading.Event(), ""
    actor.work(("10.0.0.1", 4))
    assert actor.await_end() == told[0]
    assert told[0].startswith("node 10.0.0.2: FileExistsError")


def test_the_engine_hears_the_cause_of_a_replica_before_rank_0_is_tried(tmp_path, monkeypatch):
    """Rank 0 may be unreachable, which takes long to see: the cause takes Ray's way meanwhile."""
    from engine.runs.launchers.ray_cluster import actors
    from engine.runs.worker import replica

    heard = []
    monkeypatch.setattr(actors, "_end_later", lambda: None)
    monkeypatch.setenv("SKIPSCOPE_NODE_FOLDER", str(tmp_path / "node"))
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    actor = actors.ReplicaActor.__new__(actors.ReplicaActor)
    actor._job, actor._rank, actor._node = Job(1, tmp_path, "cpu", 2, further=("cpu",)), 1, "10.0.0.2"
    actor._has_ended, actor._how = threading.Event(), ""

    def tell_failure(cause):
        heard.append(actor._has_ended.is_set() and actor.await_end())
        raise RuntimeError("rank 0 is gone")

    def no_memory(host):
        raise MemoryError("no room for the net")

    ranks = SimpleNamespace(meet=no_memory, tell_failure=tell_failure)
    monkeypatch.setattr(replica, "_joined", lambda *_: ranks)
    actor.work(("10.0.0.1", 4))
    assert heard == [actor._how]
    assert "no room" in heard[0] or "memory" in heard[0]


def test_a_failure_that_the_engine_passes_on_is_a_trouble_of_the_run():
    from engine.errors import ReplicaFailed
    from engine.runs.launchers.ray_cluster import actors

    actor = actors.RunActor.__new__(actors.RunActor)
    actor._replicas = actors.RemoteReplicas("127.0.0.1")
    try:
        assert actor._replicas.trouble() is None
        actor.hear_failure("replica 2 of 2: node 10.0.0.2: out of memory")
        told = actor._replicas.trouble()
        assert (type(told), str(told)) == (ReplicaFailed, "replica 2 of 2: node 10.0.0.2: out of memory")
    finally:
        actor._replicas.listener.close()


def test_a_watch_that_gives_its_worker_up_ends_the_actor_once(scene):
    """The thread that trains is held up by a replica: its worker's end is told in its place."""
    _, actor, _ = scene
    ended = []
    store = SimpleNamespace(close=lambda: ended.append("store"))
    pump = SimpleNamespace(join=lambda _: None)
    actor._end("replica 2 of 2 gave no sign of life", store, pump)
    assert actor.await_end() == "replica 2 of 2 gave no sign of life"
    actor._end("later", store, pump)
    assert (actor.await_end(), ended) == ("replica 2 of 2 gave no sign of life", ["store"])
