"""A backup is one moment: the database, and the files that it names; it is whole or not there."""

import os
import shutil
import time
from contextlib import closing

import pytest

from engine.config import RaceConfig
from engine.errors import NoDatabase, WorkspaceError
from engine.events import RunState
from engine.hardware.machine import this_process
from engine.store.connection import connect
from engine.store.reader import Reader
from engine.store.space import backup as module
from engine.store.space.backup import back_up
from engine.store.workspace import Workspace
from engine.store.writer import Writer


def save(writer, step):
    """Write a checkpoint of run 1 as a worker does: the file, then its record."""
    file = writer.workspace.checkpoint(1, step)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"weights of %d" % step)
    writer.checkpoints.add(1, step, "periodic", file.stat().st_size)


@pytest.fixture
def writer(workspace):
    """A run at work with two checkpoints, and this process as its engine and worker."""
    with Writer(workspace) as writer:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        writer.jobs.move(1, RunState.STARTING)
        writer.jobs.move(1, RunState.RUNNING, pid=os.getpid(), heartbeat=time.time())
        me = this_process()
        writer.presence.enter_engine(me.pid, me.started, "0", ["cpu"])
        for step in (10, 20):
            save(writer, step)
        workspace.log(1).write_text("a line\n")
        workspace.talk_key.write_text("key")
        yield writer


def steps(place):
    """Return the steps of run 1 by record and by file."""
    workspace = Workspace(place)
    with Reader(workspace) as reader:
        recorded = [row.step for row in reader.checkpoints.of(1)]
    files = sorted(file.name for file in workspace.checkpoint(1, 0).parent.iterdir())
    return recorded, files


def test_a_copy_holds_record_and_files_and_no_process_of_the_original(writer, tmp_path, call):
    code, out, _ = call("backup", str(tmp_path / "deep" / "copy"))
    assert (code, out) == (0, "")
    place = tmp_path / "deep" / "copy"
    assert steps(place) == ([10, 20], ["step-00000010.pt", "step-00000020.pt"])
    assert (place / "talk.key").read_text() == "key"
    assert Workspace(place).log(1).read_text() == "a line\n"
    assert [file.name for file in place.parent.iterdir()] == ["copy"]
    with Reader(Workspace(place)) as reader, closing(connect(Workspace(place), readonly=True)) as connection:
        assert reader.presence.engine() is None
        assert reader.runs.get(1).state == RunState.RUNNING
        assert connection.execute("SELECT pid FROM runs").fetchone()[0] is None
    with Reader(writer.workspace) as reader:
        assert reader.presence.engine().pid == os.getpid(), "the original is as it was"


def test_what_is_pruned_and_written_meanwhile_is_taken_in_a_second_look(writer, tmp_path, monkeypatch):
    copy_file, pruned = module._copy_file, []

    def copy_late(source, target):
        if not pruned:  # the database is copied: now the worker goes on
            pruned.append(source)
            save(writer, 30)
            for step in (10, 20):
                writer.checkpoints.remove(1, step)
                writer.workspace.checkpoint(1, step).unlink()
        copy_file(source, target)

    monkeypatch.setattr(module, "_copy_file", copy_late)
    made = back_up(writer.workspace, tmp_path / "copy")
    assert steps(tmp_path / "copy") == ([30], ["step-00000030.pt"])
    assert (made.checkpoints, made.missing) == (1, [])


def test_a_file_that_is_gone_for_good_is_said_and_leaves_the_record_of_the_copy(writer, tmp_path, call):
    writer.workspace.checkpoint(1, 10).unlink()
    _, _, said = call("backup", str(tmp_path / "copy"))
    assert "without 1 checkpoints, whose files are gone: run 1, step 10" in said
    assert steps(tmp_path / "copy") == ([20], ["step-00000020.pt"])


def test_a_backup_is_whole_or_not_there(writer, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.mkdir()
    with pytest.raises(WorkspaceError, match="kept exists already; a backup needs a new folder"):
        back_up(writer.workspace, kept)

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", fails)
    with pytest.raises(WorkspaceError, match=r"no backup was made at .*copy \(No space left on device\)"):
        back_up(writer.workspace, kept / "copy")
    assert list(kept.iterdir()) == []
    with pytest.raises(NoDatabase):
        back_up(Workspace(tmp_path / "nothing"), kept / "copy")
    assert list(kept.iterdir()) == []
