"""A worker on a locked database or a full disk: nothing measured is lost, no run ends, readers hear why."""

import re
from types import SimpleNamespace

import pytest

from engine.errors import DatabaseBusy, DiskFull, NoRoom
from engine.events import ENGINE_GONE, RunState, Split
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker import retrying_writer
from engine.runs.worker.engine_link import Signal
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.retrying_writer import RetryingWriter
from engine.runs.worker.status_reporter import StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.store.notice import Notice, heard
from engine.store.reader import Reader
from engine.store.writer import Writer
from engine.training import checkpoint

S = RunState
STEPS = 30
BUSY = DatabaseBusy("the database is locked by another program; nothing was changed, try again")


class Refusing(Writer):
    """Refuses ``refusals`` times to record points beyond the first."""

    def __init__(self, workspace):
        super().__init__(workspace)
        self._record, self.points.record = self.points.record, self.record

    refusals, error, signal = 0, BUSY, None
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
    monkeypatch.setattr(retrying_writer, "_PAUSE_S", 0.001)
    monkeypatch.setattr(retrying_writer, "_MAX_PAUSE_S", 0.002)
    monkeypatch.setattr(retrying_writer, "_LOOK_S", 0.001)
    settings = {"width": "4", "pool": "4", "precision": "fp32"}
    plan = plan_race(RaceRequest((8,), ("A",), steps=STEPS, settings=settings), workspace)
    with Refusing(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan)
        workspace.run(1).mkdir()

        def run(**refusing):
            writer.jobs.move(1, S.STARTING)
            writer.line = SimpleNamespace(signal=None, notice=Notice(workspace.notice(1)).prepare())
            writer.__dict__.update(tries=0, refusals=0)
            writer.__dict__.update(refusing)
            patient = RetryingWriter(writer, writer.line)
            TrainingJob(
                Job(1, workspace.path, "cpu", 1),
                LocalStore(workspace, 1),
                StatusReporter(1, patient, writer.line),
                reader,
            ).run()
            return reader.runs.get(1)

        yield SimpleNamespace(run=run, reader=reader, writer=writer, workspace=workspace)


def recorded(bench):
    return bench.reader.points.series(1, Split.TRAIN).columns["step"].tolist()


def test_a_lock_that_passes_is_waited_for(bench):
    assert bench.run(refusals=5).state == S.FINISHED
    assert bench.writer.refusals == 0
    assert recorded(bench) == list(range(1, STEPS + 1))


FULL = DiskFull("the disk of the workspace is full (0 MB free); free some space")


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "error"), [(Signal.TERMINATED, BUSY), (Signal.ENGINE_GONE, FULL)])
def test_the_end_of_the_engine_ends_a_wait_without_a_gap(bench, error, signal):
    row = bench.run(refusals=4, signal=signal, error=error)
    assert row.state == S.PAUSED
    step = bench.reader.checkpoints.of(1)[-1].step
    cause = str(error).partition(";")[0]
    assert row.detail == (ENGINE_GONE if signal == Signal.ENGINE_GONE else f"paused at step {step}: {cause}")
    assert bench.workspace.checkpoint(1, step).exists()
    assert 0 < len(recorded(bench)) < STEPS
    bench.writer.jobs.move(1, S.QUEUED)
    assert bench.run().state == S.FINISHED
    assert recorded(bench) == list(range(1, STEPS + 1))


def test_a_pause_waits_for_the_writes_before_it(bench):
    row = bench.run(refusals=40, signal=Signal.PAUSE, error=FULL)
    assert (row.state, bench.writer.refusals) == (S.PAUSED, 0)
    assert row.detail == f"paused at step {bench.reader.checkpoints.of(1)[-1].step}"
    assert recorded(bench) == list(range(1, bench.reader.checkpoints.of(1)[-1].step + 1))


def test_a_run_trains_on_beside_a_full_disk_and_readers_hear_why(bench, monkeypatch):
    told = []
    say = Notice.say

    def said(notice, text):
        told.append(text)
        return say(notice, text)

    monkeypatch.setattr(Notice, "say", said)
    assert bench.run(refusals=60, error=FULL).state == S.FINISHED
    assert recorded(bench) == list(range(1, STEPS + 1))
    words = r"(trains on|waits): the disk of the workspace is full \(0 MB free\); measurements in memory: \d+"
    assert all(re.fullmatch(words, text) for text in told[:-1])
    assert any(text.startswith("trains on") for text in told)
    assert told[-1] == ""
    assert heard(bench.workspace.notice(1)) is None


def test_a_checkpoint_waits_for_room(bench, monkeypatch):
    save, refusals = checkpoint.save, [None] * 3

    def refuse(state, path):
        if refusals:
            refusals.pop()
            raise NoRoom(f"{path} cannot be written (No space left on device)")
        save(state, path)

    monkeypatch.setattr(checkpoint, "save", refuse)
    assert bench.run().state == S.FINISHED
    assert refusals == []


def test_the_training_waits_once_the_memory_for_measurements_is_full(bench, monkeypatch):
    monkeypatch.setattr(retrying_writer, "MAX_KEPT_BYTES", 2 * retrying_writer._STEP_BYTES)
    kept = []
    refused = RetryingWriter._refused

    def watched(writer, error, does):
        kept.append((does, writer.kept_bytes))
        refused(writer, error, does)

    monkeypatch.setattr(RetryingWriter, "_refused", watched)
    assert bench.run(refusals=30, error=FULL).state == S.FINISHED
    assert max(size for _, size in kept) < 20 * retrying_writer._STEP_BYTES
    assert "waits" in {does for does, _ in kept}
    assert recorded(bench) == list(range(1, STEPS + 1))


def test_an_end_that_cannot_be_written_at_all_is_left_to_the_engine_and_said(bench, monkeypatch):
    monkeypatch.setattr(retrying_writer, "LAST_WORDS_S", 0.0)
    with pytest.raises(DiskFull):
        bench.run(refusals=10_000, signal=Signal.ENGINE_GONE, error=FULL)
    # Its file is not on record: it would come without the figures before it.
    assert bench.reader.checkpoints.of(1) == []
    assert "the disk of the workspace is full (0 MB free)" in heard(bench.workspace.notice(1)).text
    bench.writer.jobs.move(1, S.LOST)
    bench.writer.jobs.move(1, S.QUEUED)
    assert bench.run().state == S.FINISHED
    assert recorded(bench) == list(range(1, STEPS + 1))


def test_measurements_that_waited_are_written_in_their_order_and_once(tmp_path, monkeypatch):
    monkeypatch.setattr(retrying_writer, "_PAUSE_S", 0.001)
    monkeypatch.setattr(retrying_writer, "_MAX_PAUSE_S", 0.002)
    monkeypatch.setattr(retrying_writer, "_LOOK_S", 0.001)
    written, locked = [], True

    def write(*arguments):
        if locked:
            raise DatabaseBusy("locked")
        written.append(arguments)

    link = SimpleNamespace(signal=Signal.TERMINATED, notice=Notice(tmp_path / "none"))
    table = SimpleNamespace(record=write, add=write, update=write)
    names = ("jobs", "checkpoints", "interventions", "points", "log", "probes", "labs")
    writer = RetryingWriter(SimpleNamespace(**dict.fromkeys(names, table)), link)
    for arguments in ((1, "a"), (1, "b"), (1, "c")):
        writer.points.record(*arguments)
    with pytest.raises(DatabaseBusy):
        writer.jobs.update("state")
    locked = False
    writer.log.add("after")
    writer.jobs.update("state")
    measured = [(1, "a"), (1, "b"), (1, "c"), ("after",)]
    assert written == [*measured, ("state",)], "what is no measurement is not repeated"
