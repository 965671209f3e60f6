from types import SimpleNamespace

import pytest

from engine.events import Finished, RunState, StepRow
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
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
            worker = TrainingJob(Job(1, workspace.path, "cpu", 1), workspace, StatusReporter(1, writer, line), reader)
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
