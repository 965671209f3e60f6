import multiprocessing
from types import SimpleNamespace

import pytest

from engine.config import LabConfig
from engine.errors import CheckpointError, DatabaseBusy
from engine.events import Finished, Progressed, RunState, StepRow
from engine.labs.registry import LABS
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker import lab_job, local_store, worker
from engine.runs.worker.engine_link import Signal
from engine.runs.worker.lab_job import LabJob
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.status_reporter import StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.store.reader import Reader
from engine.store.writer import Writer


@pytest.fixture
def parts(workspace):
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.jobs.move(1, RunState.RUNNING)
        with Reader(workspace) as reader:
            line = SimpleNamespace(signal=None)
            worker = TrainingJob(
                Job(1, workspace.path, "cpu", 1), LocalStore(workspace, 1), StatusReporter(1, writer, line), reader
            )
            yield worker, writer, reader


def test_a_worker_that_only_evaluates_keeps_the_rate_of_the_one_before(parts):
    worker, writer, reader = parts
    writer.points.record(1, [StepRow(300, 1.0, 50.0, 1.0, 50.0, 0.1, 9.0)], images_per_s=512.0)
    trainer = SimpleNamespace(drain=lambda: None, state=lambda: {"progress": {"step": 300}})
    checkpoints = SimpleNamespace(save=lambda state, step, reason: None)
    assert worker._handle(Finished(300, 10.0, 0.1, 0.05), trainer, checkpoints)
    row = reader.runs.get(1)
    assert (row.state, row.images_per_s, row.seconds, row.probe_share) == (RunState.FINISHED, 512.0, 10.0, 0.05)


def test_the_same_report_is_written_once(parts, monkeypatch):
    worker, writer, reader = parts
    monkeypatch.setattr("engine.runs.worker.status_reporter._REPORT_EVERY_S", 0.0)
    worker._reporter.report("waiting")
    seen = reader.points.head()[1]
    worker._reporter.report("waiting")
    assert reader.points.head()[1] == seen
    worker._reporter.report("decoding")
    assert reader.runs.get(1).detail == "decoding"


@pytest.mark.parametrize("ends", [Signal.PAUSE, DatabaseBusy("locked; close the other program")])
def test_a_lab_whose_checkpoint_cannot_be_written_says_so_as_it_pauses(workspace, monkeypatch, ends):
    def refused(state, path):
        raise CheckpointError("the disk refuses")

    class Lab:
        def __init__(self, *_):
            pass

        def events(self):
            if isinstance(ends, Exception):
                raise ends
            line.signal = ends
            yield Progressed(1, 2, "the second task")

        def state(self):
            return {}

    monkeypatch.setattr("engine.training.checkpoint.save", refused)
    monkeypatch.setattr(lab_job, "resolve_name", lambda _: Lab)
    with Writer(workspace) as writer, Reader(workspace) as reader:
        job = writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults()))
        writer.jobs.move(job, RunState.STARTING)
        line = SimpleNamespace(signal=None)
        monkeypatch.setattr(Writer, "last_words", lambda self: None, raising=False)
        LabJob(
            Job(job, workspace.path, "cpu", 1, lab=True),
            LocalStore(workspace, job),
            StatusReporter(job, writer, line),
            reader,
        ).run()
        row = reader.labs.known(job)
        assert row.state == RunState.PAUSED
        assert row.detail.startswith("paused: ")
        assert row.detail.endswith("its checkpoint could not be written, see its log")


def test_a_worker_gives_signs_of_life_while_a_locked_database_holds_it_up(workspace, monkeypatch):
    links = []

    class Link:
        def __init__(self, *_):
            self.signal, self.notice, self.speaks = None, None, False
            links.append(self)

        def engine_lives(self):
            return True

        def start(self):
            self.speaks = True

    def locked(workspace, busy_s):
        tries.append(links[0].speaks)
        if len(tries) == 3:
            links[0].signal = Signal.TERMINATED
        raise DatabaseBusy("the database is locked")

    tries = []
    monkeypatch.setattr(worker, "EngineLink", Link)
    monkeypatch.setattr(local_store, "Writer", locked)
    theirs, ours = multiprocessing.Pipe()
    with theirs, ours:
        with pytest.raises(DatabaseBusy):
            worker.work(Job(1, workspace.path, "cpu", 1), theirs)
        assert ours.recv_bytes() == b"the database is locked"
    assert tries == [True, True, True]
