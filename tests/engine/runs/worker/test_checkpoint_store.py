import errno
import json
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.config import LabConfig
from engine.errors import CheckpointDamaged, CheckpointError, CheckpointUnusable, WorkspaceError
from engine.events import RunState
from engine.labs.registry import LABS
from engine.runs.protocol.checkpoint_names import damage_of, tenths
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker.checkpoint_store import AUTOSAVE_S, RETRY_S, CheckpointStore, surplus
from engine.runs.worker.local_store import LocalCheckpoints
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


def test_old_autosaves_go_the_newest_two_stay():
    assert surplus(rows([30, 45, 51, 77]), tenths(300)) == [45]
    assert surplus(rows([30, 45, 60, 77]), tenths(300)) == [45]
    assert surplus(rows([30, 45, 60]), tenths(300)) == []
    assert surplus(rows([30, 45, 77]), tenths(300), most_bytes=1) == [30]


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
                if state["text"] == "full":
                    raise CheckpointError("the disk is full")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(state))

            def load(path):
                if path.exists() and "later" in path.read_text():
                    raise CheckpointError(f"{path.name} cannot be read (Input/output error)")
                if not path.exists() or "bad" in path.read_text():
                    raise CheckpointDamaged(f"{path.name} is damaged")
                return json.loads(path.read_text())

            folder = LocalCheckpoints(workspace, 1, SimpleNamespace(save=save, load=load))
            yield CheckpointStore(1, (100,), writer, reader, folder), reader


def text_of(state, forked):
    assert not forked
    return state["text"]


def remarks(reader):
    return [tuple(row)[1:4] for row in reader.log.of([1])]


def test_files_are_recorded_bounded_and_removed(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    for step in range(1, 60):
        checkpoints.save({"text": str(step)}, step, "autosave")
    kept = [row.step for row in reader.checkpoints.of(1)]
    assert kept == [10, 20, 30, 40, 50, 58, 59]
    assert sorted(path.name for path in reader.workspace.checkpoint(1, 0).parent.iterdir()) == [
        f"step-{step:08d}.pt" for step in kept
    ]
    assert reader.checkpoints.totals() == {1: (7, 7 * len('{"text": "10", "run": 1}'))}


def test_a_step_that_a_waiting_lab_names_stays_until_the_lab_has_taken_it_over(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    checkpoints.save({"text": "5"}, 5, "autosave")
    lab = next(lab for lab in LABS.values() if lab.run_option is not None and "step" in lab.defaults())
    writer = checkpoints._writer
    job = writer.labs.submit(LabConfig(lab=lab.name, settings=lab.defaults() | {lab.run_option.name: 1, "step": 5}))
    for step in range(6, 60):
        checkpoints.save({"text": str(step)}, step, "autosave")
    assert [row.step for row in reader.checkpoints.of(1)][:2] == [5, 10]
    assert reader.workspace.checkpoint(1, 5).exists()
    writer.jobs.move(job, RunState.STARTING)
    writer.jobs.move(job, RunState.RUNNING)
    checkpoints.save({"text": "60"}, 60, "autosave")
    assert not reader.workspace.checkpoint(1, 5).exists()


def test_an_awaited_checkpoint_counts_for_the_bounds_and_the_others_go():
    assert surplus(rows(range(30, 301, 30)), tenths(300), most_files=4, awaited={60}) == [30, 90, 120, 150, 180, 210]
    assert surplus(rows([45, 60, 90], size=50), tenths(300), most_bytes=1, awaited={45}) == []


def test_a_damaged_checkpoint_is_named_put_aside_and_the_older_one_is_taken(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    assert checkpoints.restore(text_of) is None
    checkpoints.save({"text": "good"}, 10, "tenth")
    checkpoints.save({"text": "bad"}, 20, "tenth")
    assert checkpoints.restore(text_of) == "good"
    said = "step 20: step-00000020.pt is damaged; put aside as step-00000020.pt.bad; went back to step 10"
    assert remarks(reader) == [(20, "checkpoint", said)]
    assert [row.step for row in reader.checkpoints.of(1)] == [10]
    folder = reader.workspace.checkpoint(1, 0).parent
    checkpoints.prune()
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000010.pt", "step-00000020.pt.bad"]


@pytest.mark.parametrize(
    ("foreign", "words"),
    [
        ({"text": "x", "run": 2}, "the checkpoint is of run 2"),
        ({"text": "x", "run": 1, "progress": {"step": 30}}, "the checkpoint is of step 30"),
        ({"text": "x", "run": 1, "done": 30}, "the checkpoint is of step 30"),
    ],
)
def test_a_file_of_another_run_or_step_is_foreign(shelf_with_reader, foreign, words):
    checkpoints, reader = shelf_with_reader
    for step in (10, 20):
        checkpoints.save({"text": "good"}, step, "tenth")
    reader.workspace.checkpoint(1, 20).write_text(json.dumps(foreign))
    assert checkpoints.restore(text_of) == "good"
    assert words in remarks(reader)[0][2]


def test_a_checkpoint_that_the_training_refuses_is_passed_over_like_a_damaged_one(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    for step in (10, 20, 30):
        checkpoints.save({"text": f"net {step}"}, step, "tenth")

    def build(state, forked):
        if state["text"] != "net 10":
            raise CheckpointError("the checkpoint is of another net")
        return state["text"]

    assert checkpoints.restore(build) == "net 10"
    assert [step for step, _, text in remarks(reader) if "another net; put aside" in text] == [30, 20]


def test_what_is_no_fault_of_the_files_ends_the_run_and_leaves_them(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    checkpoints.save({"text": "good"}, 10, "tenth")

    def build(state, forked):
        raise CheckpointUnusable("trained on other images")

    with pytest.raises(CheckpointUnusable, match="other images"):
        checkpoints.restore(build)
    assert [row.step for row in reader.checkpoints.of(1)] == [10]
    assert reader.workspace.checkpoint(1, 10).exists()


@pytest.mark.parametrize("newest", ["later", "net"])
def test_a_file_that_is_whole_or_cannot_be_read_now_ends_the_run_and_nothing_is_put_aside(shelf_with_reader, newest):
    """The disk refuses for a while, or the build takes none: a run that began anew would write over what is sound."""
    checkpoints, reader = shelf_with_reader
    for step, text in ((10, "net"), (20, newest), (30, "bad")):
        checkpoints.save({"text": text}, step, "tenth")
    rows, folder = reader.checkpoints.of(1), reader.workspace.checkpoint(1, 0).parent
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def build(state, forked):
        raise CheckpointError("the checkpoint is of another net")

    with pytest.raises(CheckpointError, match="cannot be read" if newest == "later" else "of another net"):
        checkpoints.restore(build)
    checkpoints.prune()
    assert reader.checkpoints.of(1) == rows
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert remarks(reader) == []


def test_a_file_that_cannot_be_renamed_keeps_its_row(shelf_with_reader, monkeypatch):
    checkpoints, reader = shelf_with_reader
    for step, text in ((10, "good"), (20, "bad")):
        checkpoints.save({"text": text}, step, "tenth")

    def refuses(self, goal):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuses)
    assert checkpoints.restore(text_of) == "good"
    assert "is damaged; cannot be put aside (Read-only file system); went back to step 10" in remarks(reader)[0][2]
    assert [row.step for row in reader.checkpoints.of(1)] == [10, 20]
    checkpoints.prune()
    assert reader.workspace.checkpoint(1, 20).exists()


def test_at_most_two_files_that_were_put_aside_are_kept(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    for step in (10, 20, 30):
        checkpoints.save({"text": "bad"}, step, "tenth")
    assert checkpoints.restore(text_of) is None
    checkpoints.prune()
    folder = reader.workspace.checkpoint(1, 0).parent
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000020.pt.bad", "step-00000030.pt.bad"]


def test_due_at_tenths_and_within_a_minute(shelf_with_reader, monkeypatch):
    checkpoints, _ = shelf_with_reader
    assert AUTOSAVE_S < 60
    assert (checkpoints.due(9), checkpoints.due(10), checkpoints.due(100)) == (None, "tenth", None)
    checkpoints._due_at -= AUTOSAVE_S
    assert checkpoints.due(9) == "autosave"
    checkpoints.save({"text": "x"}, 10, "tenth")
    assert checkpoints.due(10) is None  # resumed or saved there already


def test_a_file_is_written_beside_the_training_and_recorded_once_it_is_whole(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    writes, goes_on = checkpoints._folder._files.save, threading.Event()
    checkpoints._folder._files.save = lambda state, path: (goes_on.wait(60), writes(state, path))
    checkpoints.save({"text": "x"}, 10, "tenth", wait=False)
    assert checkpoints.due(11) is None
    assert reader.checkpoints.of(1) == []
    goes_on.set()
    checkpoints._writing.thread.join()
    assert checkpoints.due(11) is None
    assert [row.step for row in reader.checkpoints.of(1)] == [10]


def test_a_checkpoint_that_cannot_be_written_is_said_and_tried_again_soon(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    assert not checkpoints.save({"text": "full"}, 10, "tenth")
    assert remarks(reader) == [(10, "checkpoint", "the disk is full; the run goes on without it")]
    assert (checkpoints.due(11), reader.checkpoints.of(1)) == (None, [])
    checkpoints._due_at -= RETRY_S
    assert checkpoints.due(11) == "autosave"
    assert checkpoints.save({"text": "x"}, 11, "autosave")
    # A set is no JSON: whatever goes wrong in the thread reaches the run.
    assert not checkpoints.save({"text": {1}}, 12, "pause")
    assert "thread checkpoint ended (TypeError: Object of type set" in remarks(reader)[-1][2]


def test_without_a_further_thread_the_file_is_written_all_the_same(shelf_with_reader, no_threads):
    checkpoints, reader = shelf_with_reader
    assert checkpoints.save({"text": "x"}, 10, "tenth")
    checkpoints.save({"text": "y"}, 20, "tenth", wait=False)
    assert checkpoints.due(21) is None
    assert [row.step for row in reader.checkpoints.of(1)] == [10, 20]
    assert not checkpoints.save({"text": "full"}, 30, "tenth")


def test_a_worker_killed_while_it_replaces_a_file_of_the_same_step_leaves_no_damage(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    killed = []

    def save(state, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("step/data.pkl", state["text"])
        killed.extend(damage_of(reader.workspace, row) for row in reader.checkpoints.of(1))

    checkpoints._folder._files.save = save
    checkpoints.save({"text": "x"}, 10, "autosave")
    checkpoints.save({"text": "x" * 50}, 10, "pause")
    assert killed == [""]
    (row,) = reader.checkpoints.of(1)
    assert (row.reason, row.bytes) == ("pause", reader.workspace.checkpoint(1, 10).stat().st_size)
    reader.workspace.checkpoint(1, 10).write_bytes(b"cut")
    assert "it has 3 of" in damage_of(reader.workspace, row)


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
    assert checkpoints.restore(text_of) == "good"


def test_when_nothing_can_be_read_it_says_so_and_forgets_files_that_are_gone(shelf_with_reader):
    checkpoints, reader = shelf_with_reader
    checkpoints.save({"text": "bad"}, 10, "tenth")
    checkpoints.save({"text": "gone"}, 20, "tenth")
    reader.workspace.checkpoint(1, 20).unlink()
    assert checkpoints.restore(text_of) is None
    assert reader.checkpoints.of(1) == []
    assert remarks(reader) == [
        (20, "checkpoint", "step 20: step-00000020.pt is damaged"),
        (10, "checkpoint", "step 10: step-00000010.pt is damaged; put aside as step-00000010.pt.bad"),
        (0, "checkpoint", "no readable checkpoint: starts again from step 0"),
    ]
