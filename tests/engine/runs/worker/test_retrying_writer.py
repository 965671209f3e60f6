"""A worker on a database that somebody else keeps locked: nothing measured is lost, no run fails."""

from types import SimpleNamespace

import pytest

from engine.errors import DatabaseBusy, DiskFull
from engine.events import RunState, Split
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker import retrying_writer
from engine.runs.worker.engine_link import Signal
from engine.runs.worker.retrying_writer import RetryingWriter
from engine.runs.worker.status_reporter import StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState
STEPS = 30


class Refusing(Writer):
    """Refuses ``refusals`` times to record points beyond the first."""

    def __init__(self, workspace):
        super().__init__(workspace)
        self._record, self.points.record = self.points.record, self.record

    refusals, error, signal = 0, DatabaseBusy("the database is locked by another program; try again"), None
    tries = 0

    def record(self, *arguments, **named):
        self.tries += 1
        if self.tries > 1 and self.refusals:
            self.refusals -= 1
            self.line.signal = self.signal
            raise self.error
        self._record(*arguments, **named)


@pytest.fixture
def bench(workspace, monkeypatch):
    """Return ``run()``, which lets a worker with a refusing writer have the run, and the reader."""
    monkeypatch.setattr("engine.training.trainer.FLUSH_S", 0.0)
    monkeypatch.setattr(retrying_writer, "_PAUSE_S", 0.01)
    monkeypatch.setattr(retrying_writer, "_LOOK_S", 0.001)
    settings = {"width": "4", "pool": "4", "precision": "fp32"}
    plan = plan_race(RaceRequest((8,), ("A",), steps=STEPS, settings=settings), workspace)
    with Refusing(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan)

        def run(**refusing):
            writer.jobs.move(1, S.STARTING)
            writer.line = SimpleNamespace(signal=None)
            writer.__dict__.update(tries=0, refusals=0)
            writer.__dict__.update(refusing)
            patient = RetryingWriter(writer, writer.line)
            TrainingJob(
                Job(1, workspace.path, "cpu", 1), workspace, StatusReporter(1, patient, writer.line), reader
            ).run()
            return reader.runs.get(1)

        yield SimpleNamespace(run=run, reader=reader, writer=writer, workspace=workspace)


def recorded(bench):
    return bench.reader.points.series(1, Split.TRAIN).columns["step"].tolist()


def test_a_lock_that_passes_is_waited_for(bench):
    assert bench.run(refusals=5).state == S.FINISHED
    assert bench.writer.refusals == 0
    assert recorded(bench) == list(range(1, STEPS + 1))


@pytest.mark.parametrize(
    ("give_up_after_s", "signal", "error"),
    [
        (0.0, None, DatabaseBusy("the database is locked by another program; try again")),
        (0.0, None, DiskFull("skipscope.db: the disk is full; free some space")),
        (600.0, Signal.PAUSE, DatabaseBusy("the database is locked by another program; try again")),
    ],
)
def test_one_that_does_not_pass_pauses_the_run_without_a_gap(bench, monkeypatch, give_up_after_s, signal, error):
    monkeypatch.setattr(retrying_writer, "GIVE_UP_AFTER_S", give_up_after_s)
    row = bench.run(refusals=1, signal=signal, error=error)
    assert row.state == S.PAUSED
    assert row.detail == f"paused at step {bench.reader.checkpoints.of(1)[-1].step}: {str(error).partition(';')[0]}"
    assert bench.workspace.checkpoint(1, bench.reader.checkpoints.of(1)[-1].step).exists()
    assert 0 < len(recorded(bench)) < STEPS
    bench.writer.jobs.move(1, S.QUEUED)
    assert bench.run().state == S.FINISHED
    assert recorded(bench) == list(range(1, STEPS + 1))


def test_a_state_that_cannot_be_written_at_all_is_left_to_the_engine(bench, monkeypatch):
    monkeypatch.setattr(retrying_writer, "GIVE_UP_AFTER_S", 0.0)
    monkeypatch.setattr(retrying_writer, "LAST_WORDS_S", 0.0)
    with pytest.raises(DatabaseBusy):
        bench.run(refusals=10_000)
    # Its file is not on record: it would come without the figures before it.
    assert bench.reader.checkpoints.of(1) == []
    bench.writer.jobs.move(1, S.LOST)
    bench.writer.jobs.move(1, S.QUEUED)
    assert bench.run().state == S.FINISHED
    assert recorded(bench) == list(range(1, STEPS + 1))


def test_measurements_that_waited_are_written_in_their_order_and_once(monkeypatch):
    monkeypatch.setattr(retrying_writer, "_PAUSE_S", 0.01)
    monkeypatch.setattr(retrying_writer, "_LOOK_S", 0.001)
    written, locked = [], True

    def write(*arguments):
        if locked:
            raise DatabaseBusy("locked")
        written.append(arguments)

    link = SimpleNamespace(signal=Signal.PAUSE)
    table = SimpleNamespace(record=write, add=write, update=write)
    names = ("jobs", "checkpoints", "interventions", "points", "log", "probes", "labs")
    writer = RetryingWriter(SimpleNamespace(**dict.fromkeys(names, table)), link)
    for arguments in ((1, "a"), (1, "b"), (1, "c")):
        with pytest.raises(DatabaseBusy):
            writer.points.record(*arguments)
    with pytest.raises(DatabaseBusy):
        writer.jobs.update("state")
    locked = False
    writer.log.add("after")
    assert written == [(1, "a"), (1, "b"), (1, "c"), ("after",)], "what is no measurement is not repeated"
    writer.jobs.update("state")
    assert written[4:] == [("state",)]
