import numpy as np
import pytest

from engine.config import LabConfig, RaceConfig
from engine.errors import CommandRefused, ConfigError
from engine.events import CurveName, CurveUpdated, MetricReported, Progressed, RunState
from engine.store.reader import Reader
from engine.store.writer import Writer

CONFIG = LabConfig(lab="gradients", settings={"gain": 0.8, "layers": 50, "sweep": True, "kind": "bn"})


@pytest.fixture
def store(workspace):
    with Writer(workspace) as writer:
        job = writer.labs.submit(CONFIG)
        with Reader(workspace) as reader:
            yield writer, reader, job


def test_a_lab_is_a_job_like_a_run_but_no_race(store):
    writer, reader, job = store
    row = reader.labs.get(job)
    assert (row.lab, row.state, row.config, row.threads) == ("gradients", RunState.QUEUED, CONFIG, 1)
    assert reader.runs.all() == []
    assert reader.races.newest() == []
    assert reader.runs.all(every=True) == []
    assert [entry.id for entry in reader.jobs.all()] == [job]
    assert [entry.id for entry in reader.labs.newest("gradients")] == [job]
    assert reader.labs.newest("mapping") == []
    race, _ = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert [entry.id for entry in reader.races.newest()] == [race]


def test_progress_and_results_are_changes_that_viewers_are_told_of(store):
    writer, reader, job = store
    seen = reader.points.head()[1]
    writer.labs.progress(job, Progressed(3, 20, "with BN, gain 1.2"), 0.5)
    row = reader.labs.get(job)
    assert (row.done, row.total, row.detail, row.seconds) == (3, 20, "with BN, gain 1.2", 0.5)
    assert reader.points.head()[1] > seen
    seen = reader.points.head()[1]
    writer.labs.results(
        job,
        [CurveUpdated("norm", CurveName("with BN", "gain", 0.8, part="seed 0"), [1, 2], [0.5, float("inf")])],
        [MetricReported("growth", 1.21)],
    )
    assert reader.points.head()[1] > seen
    (trace,) = reader.labs.curves(job)
    assert (trace.panel, trace.name) == ("norm", CurveName("with BN", "gain", 0.8, part="seed 0"))
    np.testing.assert_array_equal(trace.y, np.array([0.5, np.inf], dtype=np.float32))
    assert reader.labs.metrics(job) == {"growth": 1.21}


def test_a_curve_that_grows_replaces_itself_and_comes_after_the_cursor(store):
    writer, reader, job = store
    writer.labs.results(
        job, [CurveUpdated("norm", CurveName("one"), [1], [1.0]), CurveUpdated("norm", CurveName("two"), [1], [2.0])]
    )
    cursor = reader.labs.curves(job)[-1].id
    writer.labs.results(
        job, [CurveUpdated("norm", CurveName("one"), [1, 2], [1.0, 3.0])], [MetricReported("growth", float("nan"))]
    )
    (new,) = reader.labs.curves(job, since=cursor)
    assert new.name == CurveName("one")
    assert new.y.tolist() == [1.0, 3.0]
    assert len(reader.labs.curves(job)) == 2
    assert reader.labs.metrics(job) == {"growth": None}


def test_a_deleted_lab_leaves_nothing(store):
    writer, reader, job = store
    writer.labs.results(job, [CurveUpdated("norm", CurveName("one"), [1], [1.0])], [MetricReported("growth", 1.0)])
    writer.jobs.delete(job)
    assert reader.jobs.get(job) is None
    assert (reader.labs.curves(job), reader.labs.metrics(job)) == ([], {})
    writer.jobs.delete(job)


def test_races_count_no_jobs_and_no_two_jobs_have_one_number(store):
    writer, reader, job = store
    race, runs = writer.races.submit(RaceConfig(depths=(8, 14), shortcuts=("A",)))
    second = writer.labs.submit(CONFIG)
    writer.jobs.delete(second)
    third = writer.labs.submit(CONFIG)
    other, more = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert (race, other) == (1, 2)
    assert [job, *runs, second, third, *more] == [1, 2, 3, 4, 5, 6]
    assert [type(reader.jobs.get(run)).__name__ for run in (job, *runs)] == ["LabJobRow", "RunRow", "RunRow"]
    with pytest.raises(ConfigError, match="run 1 is a job of the lab gradients, not a training"):
        reader.runs.known(job)


def test_a_job_moves_like_a_run_and_keeps_its_checkpoints_under_its_number(store):
    writer, reader, job = store
    writer.checkpoints.add(job, 3, "pause", 10)
    writer.log.add(job, 3, "checkpoint", "damaged")
    assert writer.jobs.move(job, RunState.STARTING, device="cpu")
    assert (reader.labs.get(job).state, reader.labs.get(job).device) == (RunState.STARTING, "cpu")
    with pytest.raises(CommandRefused, match="is starting and cannot become finished"):
        writer.jobs.move(job, RunState.FINISHED)
    writer.jobs.delete(job)
    assert (reader.checkpoints.of(job), reader.log.of([job])) == ([], [])


def test_the_old_names_answer_as_before(store):
    writer, reader, job = store
    names = (CurveName("plain", "blocks", 6, "identity", "seed 0"), CurveName("BN", "gain", 0.841), CurveName("whole"))
    writer.labs.results(
        job, [CurveUpdated("norm", name, [1], [1.0]) for name in names], [MetricReported("growth", 1.5)]
    )
    writer.log.add(job, 3, "checkpoint", "damaged")
    with writer.transaction() as connection:
        traces = connection.execute("SELECT run, name FROM traces ORDER BY id").fetchall()
        assert [tuple(row) for row in traces] == [(job, name.text) for name in names]
        assert [tuple(row) for row in connection.execute("SELECT * FROM figures")] == [(job, "growth", 1.5)]
        assert connection.execute("SELECT text FROM remarks WHERE run = ?", (job,)).fetchone()[0] == "damaged"
