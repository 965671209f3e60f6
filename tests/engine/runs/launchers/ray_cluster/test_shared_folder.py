"""Large checkpoints by way of a folder that all nodes see: the same files, the same fence, nothing left on the way."""

import os

import pytest

from engine.errors import AttemptOver, ConfigError
from engine.events import RunState
from engine.runs.launchers.ray_cluster import shared_folder
from engine.runs.launchers.ray_cluster.messages import Sender
from engine.runs.launchers.ray_cluster.remote_store import RemoteStore
from engine.runs.launchers.ray_cluster.shared_folder import ENVIRONMENT, SharedFolder, bytes_of
from engine.store.reader import Reader
from engine.store.writer import Writer
from engine.training import checkpoint
from tests.engine.runs.launchers.ray_cluster.direct import DirectLine
from tests.engine.runs.launchers.ray_cluster.test_remote_worker import desk, same, submitted, work

__all__ = ["desk"]


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A shared folder for checkpoints of any size."""
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "shared"))
    monkeypatch.setattr(shared_folder, "LARGE_BYTES", 1000)
    return SharedFolder.of_environment("space")


def on_the_way(shared):
    return sorted(path.name for path in shared.path.iterdir() if path.name != "identity")


@pytest.fixture(params=["links", "copies"])
def links(request, monkeypatch):
    """Files get further names by links, or where the file system has none by copies."""

    def refuses(*_):
        raise OSError("no links here")

    if request.param == "copies":
        monkeypatch.setattr(os, "link", refuses)


@pytest.mark.slow
def test_a_run_has_the_checkpoints_of_one_beside_the_database_and_goes_on_from_them(desk, shared, tmp_path, links):
    local = submitted(tmp_path / "local")
    work(local)
    line = DirectLine(desk)
    sent = line.send

    def send(group, method, *arguments):
        assert method not in {"put", "get"}, "no checkpoint goes by way of the desk"
        return sent(group, method, *arguments)

    line.send = send
    for attempt in (1, 2):
        store = RemoteStore(line, Sender(1, attempt, "job"), tmp_path / "node", "node-1", shared)
        store.workspace.run(1).mkdir(parents=True)
        work(store.workspace, store)
        store.close()
        with Reader(desk._workspace) as reader, Writer(desk._workspace) as writer:
            row, saved = reader.runs.get(1), reader.checkpoints.of(1)
            assert (row.state, row.cause) == (RunState.FINISHED, "")
            if attempt == 1:  # once more from the last but one
                assert [each.step for each in saved][-1] == 24
                writer.checkpoints.remove(1, 24)
                desk._workspace.checkpoint(1, 24).unlink()
                writer.jobs.move(1, RunState.QUEUED)
                writer.jobs.move(1, RunState.STARTING)
                writer.placements.begin(1)
    with Reader(local) as reader:
        steps = [each.step for each in reader.checkpoints.of(1)]
    assert [each.step for each in saved] == steps
    for each in saved:
        file = desk._workspace.checkpoint(1, each.step)
        assert file.stat().st_size == each.bytes
        assert same(checkpoint.load(file), checkpoint.load(local.checkpoint(1, each.step)))
    assert on_the_way(shared) == []


def test_the_fence_is_asked_before_a_file_gets_its_place(desk, shared, links):
    old = Sender(1, 1, "job")
    shared.file(old, 7).write_bytes(b"state")
    with Writer(desk._workspace) as writer:
        assert writer.placements.begin(1) == 2
    assert isinstance(desk.take(old, 7, shared).error, AttemptOver)
    assert list(desk._workspace.run(1).rglob("*.pt*")) == []
    asked = []

    def fence():
        asked.append(1)
        if len(asked) == 2:
            raise AttemptOver("over meanwhile")

    goal = desk._workspace.checkpoint(1, 7)
    with pytest.raises(AttemptOver):
        shared.take(old, 7, goal, fence)
    assert list(goal.parent.iterdir()) == [], "the file came, the attempt ended, and nothing of it is left"
    shared.clear(1, 2)
    assert on_the_way(shared) == []


def test_a_call_whose_answer_was_lost_may_be_repeated(desk, shared):
    sender = Sender(1, 1, "job")
    shared.file(sender, 7).write_bytes(b"state")
    for _ in range(2):
        desk.take(sender, 7, shared).result()
    assert desk._workspace.checkpoint(1, 7).read_bytes() == b"state"
    assert "shared" in str(desk.take(sender, 8, shared).error), "a file that never came"
    assert desk.lend(sender, 7, shared).result() is False, "a small one goes by way of the desk"
    assert desk.lend(sender, 9, shared).result() is False, "a missing one too, which is named there"


def test_a_node_that_sees_another_folder_fails_the_run_in_one_line(desk, shared, tmp_path):
    elsewhere = SharedFolder(tmp_path / "elsewhere" / "space", shared.word)
    elsewhere.path.mkdir(parents=True)
    (elsewhere.path / "identity").write_text("another word")
    store = RemoteStore(DirectLine(desk), Sender(1, 1, "job"), tmp_path / "node", "10.0.0.7", elsewhere)
    store.workspace.run(1).mkdir(parents=True)
    work(store.workspace, store)
    store.close()
    with Reader(desk._workspace) as reader:
        row = reader.runs.get(1)
    assert row.state == RunState.FAILED
    assert row.cause.startswith("node 10.0.0.7 does not see the folder that the engine's machine sees at ")
    assert ENVIRONMENT in row.cause


def test_the_folder_is_known_to_the_next_engine_and_refused_where_it_is_none(shared, tmp_path, monkeypatch):
    assert SharedFolder.of_environment("space") == shared
    assert SharedFolder.of_environment("other") != shared
    shared.require_same("here")
    for text in ("relative", str(tmp_path / "missing")):
        monkeypatch.setenv(ENVIRONMENT, text)
        with pytest.raises(ConfigError, match="absolute path of a folder that all nodes see"):
            SharedFolder.of_environment("space")
    monkeypatch.setenv(ENVIRONMENT, "")
    assert SharedFolder.of_environment("space") is None


def test_what_a_run_left_on_the_way_is_removed_and_nothing_else(shared):
    for run, attempt in ((1, 1), (1, 2), (1, 12), (11, 1)):
        path = shared.file(Sender(run, attempt, "job"), 5)
        path.write_bytes(b"")
        path.with_name(f".{path.name}-x.part").write_bytes(b"")
    shared.clear(1, 2)
    assert on_the_way(shared) == [
        ".run-1-attempt-2-step-5.pt-x.part", ".run-11-attempt-1-step-5.pt-x.part",
        "run-1-attempt-2-step-5.pt", "run-11-attempt-1-step-5.pt",
    ]  # fmt: skip


def test_the_size_of_a_state_is_that_of_its_tensors():
    import torch

    assert bytes_of({"a": [torch.zeros(10)], "b": {"c": (torch.zeros(2, dtype=torch.int64),)}, "d": 5}) == 56
