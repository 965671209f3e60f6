import numpy as np
import pytest

from engine.config import LabConfig, RaceConfig
from engine.events import CurveUpdated, MetricReported, RunState
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
    row = reader.runs.get(job)
    assert (row.lab, row.state, row.config, row.threads) == ("gradients", RunState.QUEUED, CONFIG, 1)
    assert reader.runs.all() == []
    assert reader.races.newest() == []
    assert reader.races.get(row.race) is None
    assert [entry.id for entry in reader.runs.all(every=True)] == [job]
    assert [entry.id for entry in reader.labs.jobs("gradients")] == [job]
    assert reader.labs.jobs("mapping") == []
    race, _ = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert [entry.id for entry in reader.races.newest()] == [race]


def test_progress_and_results_are_changes_that_viewers_are_told_of(store):
    writer, reader, job = store
    seen = reader.points.head()[1]
    writer.labs.progress(job, 3, 20, "with BN, gain 1.2", 0.5)
    row = reader.runs.get(job)
    assert (row.step, row.total_steps, row.detail, row.seconds) == (3, 20, "with BN, gain 1.2", 0.5)
    assert reader.points.head()[1] > seen
    seen = reader.points.head()[1]
    writer.labs.results(
        job, [CurveUpdated("norm", "with BN", [1, 2], [0.5, float("inf")])], [MetricReported("growth", 1.21)]
    )
    assert reader.points.head()[1] > seen
    (trace,) = reader.labs.curves(job)
    assert (trace.panel, trace.name) == ("norm", "with BN")
    np.testing.assert_array_equal(trace.y, np.array([0.5, np.inf], dtype=np.float32))
    assert reader.labs.metrics(job) == {"growth": 1.21}


def test_a_curve_that_grows_replaces_itself_and_comes_after_the_cursor(store):
    writer, reader, job = store
    writer.labs.results(job, [CurveUpdated("norm", "one", [1], [1.0]), CurveUpdated("norm", "two", [1], [2.0])])
    cursor = reader.labs.curves(job)[-1].id
    writer.labs.results(
        job, [CurveUpdated("norm", "one", [1, 2], [1.0, 3.0])], [MetricReported("growth", float("nan"))]
    )
    (new,) = reader.labs.curves(job, since=cursor)
    assert new.name == "one"
    assert new.y.tolist() == [1.0, 3.0]
    assert len(reader.labs.curves(job)) == 2
    assert reader.labs.metrics(job) == {"growth": None}


def test_a_deleted_lab_leaves_nothing(store):
    writer, reader, job = store
    writer.labs.results(job, [CurveUpdated("norm", "one", [1], [1.0])], [MetricReported("growth", 1.0)])
    writer.runs.delete(job)
    assert reader.runs.get(job) is None
    assert (reader.labs.curves(job), reader.labs.metrics(job)) == ([], {})
    with writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM races").fetchone()[0] == 0
