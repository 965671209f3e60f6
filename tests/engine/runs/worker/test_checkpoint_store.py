from types import SimpleNamespace

import pytest

from engine.errors import CheckpointError, WorkspaceError
from engine.runs.protocol.checkpoint_names import tenths
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker.checkpoint_store import AUTOSAVE_S, CheckpointStore, surplus
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer


def rows(steps, size=1):
    return [CheckpointRow(1, step, "", size, 0.0) for step in steps]


def test_tenths_include_the_end_and_work_for_few_steps():
    assert sorted(tenths(300)) == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300]
    assert sorted(tenths(3)) == [1, 2, 3]


def test_an_extended_run_is_saved_every_tenth_of_what_was_added():
    assert tenths(300) < tenths(300, 600)
    assert sorted(tenths(300, 400) - tenths(300)) == [310, 320, 330, 340, 350, 360, 370, 380, 390, 400]


def test_what_a_fork_began_with_is_kept_like_a_tenth():
    began = CheckpointRow(1, 45, "fork", 1, 0.0)
    assert surplus([began, *rows([47, 60, 77])], tenths(300)) == [47]
    assert surplus([began, *rows([60, 77])], tenths(300), most_files=2) == [45]


def test_old_autosaves_go_the_newest_stays():
    assert surplus(rows([30, 45, 60, 77]), tenths(300)) == [45]
    assert surplus(rows([30, 45, 60]), tenths(300)) == [45]
    assert surplus(rows([30, 45]), tenths(300)) == []


def test_the_oldest_tenths_go_when_there_are_too_many_or_too_large():
    assert surplus(rows(range(30, 301, 30)), tenths(300), most_files=4) == [30, 60, 90, 120, 150, 180]
    assert surplus(rows([30, 60, 90], size=50), tenths(300), most_bytes=100) == [30]
    assert surplus(rows([90], size=500), tenths(300), most_bytes=100) == []


@pytest.fixture
def shelf_with_reader(tmp_path):
    workspace = Workspace(tmp_path / "w").prepare()
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        with Reader(workspace) as reader:

            def save(state, path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(state["text"])

            def load(path):
                if not path.exists() or path.read_text() == "bad":
                    raise CheckpointError(f"{path.name} is damaged")
                return {"text": path.read_text()}

            yield CheckpointStore(1, (100,), writer, reader, SimpleNamespace(save=save, load=load)), reader


def test_files_are_recorded_bounded_and_removed(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    for step in range(1, 60):
        checkpoints.save({"text": str(step)}, step, "autosave")
    kept = [row.step for row in reader.checkpoints.of(1)]
    assert kept == [10, 20, 30, 40, 50, 59]
    assert sorted(path.name for path in reader.workspace.checkpoint(1, 0).parent.iterdir()) == [
        f"step-{step:08d}.pt" for step in kept
    ]
    assert reader.checkpoints.totals() == {1: (6, 12)}


def test_a_damaged_checkpoint_is_passed_over_and_said(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    assert checkpoints.latest() is None
    checkpoints.save({"text": "good"}, 10, "tenth")
    checkpoints.save({"text": "bad"}, 20, "tenth")
    assert checkpoints.latest() == {"text": "good"}
    assert [tuple(row)[1:4] for row in reader.log.of([1])] == [
        (20, "checkpoint", "step-00000020.pt is damaged; went back to the one before it")
    ]


def test_due_at_tenths_and_after_a_minute(shelf_with_reader, monkeypatch):
    checkpoints, _ = shelf_with_reader
    assert (checkpoints.due(9), checkpoints.due(10), checkpoints.due(100)) == (None, "tenth", None)
    checkpoints._saved_at -= AUTOSAVE_S
    assert checkpoints.due(9) == "autosave"
    checkpoints.save({"text": "x"}, 10, "tenth")
    assert checkpoints.due(10) is None  # resumed or saved there already


def test_a_deleted_workspace_is_not_made_again(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    reader.workspace.path.rename(reader.workspace.path.with_name("away"))
    with pytest.raises(WorkspaceError, match="is gone"):
        checkpoints.save({"text": "x"}, 10, "tenth")
    assert not reader.workspace.path.exists()


def test_what_a_killed_worker_left_is_removed(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    checkpoints.prune()  # nothing there yet
    checkpoints.save({"text": "good"}, 10, "tenth")
    folder = reader.workspace.checkpoint(1, 10).parent
    other = reader.workspace.checkpoint(2, 10)
    other.parent.mkdir(parents=True)
    for path in (folder / ".step-00000020.pt-x1.part", folder / "step-00000020.pt", other, folder / "notes.txt"):
        path.write_text("left")
    checkpoints.prune()
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "step-00000010.pt"]
    assert other.exists()
    assert checkpoints.latest() == {"text": "good"}


def test_when_nothing_can_be_read_it_says_so_and_forgets_files_that_are_gone(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    checkpoints.save({"text": "bad"}, 10, "tenth")
    checkpoints.save({"text": "gone"}, 20, "tenth")
    reader.workspace.checkpoint(1, 20).unlink()
    assert checkpoints.latest() is None
    assert [row.step for row in reader.checkpoints.of(1)] == [10]
    assert [tuple(row)[1:4] for row in reader.log.of([1])] == [
        (20, "checkpoint", "step-00000020.pt is damaged"),
        (10, "checkpoint", "step-00000010.pt is damaged"),
        (0, "checkpoint", "no readable checkpoint: starts again from step 0"),
    ]
