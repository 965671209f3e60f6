"""Thinning a curve: the quick way and what it stands for, point by point, agree; spikes stay at every zoom."""

import math

import numpy as np
import pytest

from app.data import streaming
from app.data.workspace import use
from engine.config import RaceConfig, RunConfig, replace
from engine.events import Split, StepRow
from engine.store.decimate import keep_extremes
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

STEPS = 6_000
SPIKE = 500.0


def plainly(steps, values, at_most):
    """The rule in its own words: the smallest width of buckets whose extremes and last points fit."""
    if len(steps) <= at_most:
        return list(range(len(steps)))
    width = 1
    while True:
        kept, buckets = {0}, {}
        for index, step in enumerate(steps):
            buckets.setdefault(int(step) // width, []).append(index)
        for inside in buckets.values():
            kept.add(inside[-1])
            for value in values:
                finite = [index for index in inside if math.isfinite(value[index])]
                kept.update(
                    (min(finite, key=lambda index, value=value: value[index]),
                     max(finite, key=lambda index, value=value: value[index])) if finite else ()
                )  # fmt: skip
                kept.update([index for index in inside if not math.isfinite(value[index])][:1])
        if len(kept) <= at_most or width > steps[-1]:
            return sorted(kept)
        width *= 2


@pytest.mark.parametrize("seed", range(40))
def test_the_quick_way_keeps_what_the_rule_says(seed):
    rng = np.random.default_rng(seed)
    count, start = int(rng.integers(1, 1500)), int(rng.choice([1, 1, 777, 4096]))
    span = count * int(rng.integers(1, 4))
    steps = np.sort(rng.choice(np.arange(start, start + span), count, replace=False)).astype(np.float64)
    # An error of few possible values is equal in many steps; a net that diverges measures nothing finite.
    values = [rng.standard_normal(count), rng.integers(0, 6, count).astype(np.float64)]
    for value in values:
        value[rng.random(count) < rng.choice([0, 0, 0.2, 1.0])] = np.nan
    for at_most in (1, 7, int(rng.integers(8, 100)), int(rng.integers(100, 1600))):
        assert keep_extremes(steps, values, at_most).tolist() == plainly(steps, values, at_most)


@pytest.mark.parametrize("at_most", [0, -3])
def test_none_at_all_is_read_as_one(at_most):
    steps = np.arange(1.0, 40.0)
    assert keep_extremes(steps, [steps], at_most).tolist() == keep_extremes(steps, [steps], 1).tolist() == [0, 38]


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """A run of 6,000 noisy steps of which one is a spike; returns (workspace, run, step of the spike)."""
    workspace = Workspace.at(tmp_path_factory.mktemp("long") / "workspace").prepare()
    rng, at = np.random.default_rng(3), 3_717
    loss, error = rng.random(STEPS + 1) + 1, rng.integers(0, 129, STEPS + 1) / 1.28
    loss[at] = SPIKE
    loss[at - 900 : at - 890] = np.nan
    with Writer(workspace) as writer:
        _, (run, *_) = writer.races.submit(RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS})))
        rows = [StepRow(s, loss[s], error[s], loss[s], error[s], 0.1, s / 8) for s in range(1, STEPS + 1)]
        writer.points.record(run, rows)
    use(workspace.path)
    yield workspace, run, at
    use(workspace.path.parent / "elsewhere")


def test_a_thinned_series_is_the_whole_one_at_the_kept_points(long_run):
    workspace, run, _ = long_run
    with Reader(workspace) as reader:
        for first, last in ((0, None), (100, 4_000), (2_700, 2_900), (5_999, 5_999), (7_000, 8_000)):
            whole = reader.points.series(run, Split.TRAIN, (first, last))
            kept = keep_extremes(whole.columns["step"], [whole.columns["loss"], whole.columns["error"]], 150)
            few = reader.points.series(run, Split.TRAIN, (first, last), at_most=150)
            assert few.total == len(whole) and len(few) == len(kept) <= 150
            for name, column in whole.columns.items():
                np.testing.assert_array_equal(few.columns[name], column[kept])


def test_a_spike_of_one_step_is_there_in_every_range_that_holds_it(long_run):
    _, run, at = long_run
    rng = np.random.default_rng(5)
    for _ in range(60):
        first = int(rng.integers(0, at + 1))
        last = int(rng.integers(at, STEPS + 200))
        at_most = int(rng.integers(60, 2_001))
        series = streaming.history([run], at_most, {run: (first, last)}).series[run]
        train = series[Split.TRAIN]
        assert sum(len(part) for part in series.values()) <= at_most
        assert train.total == min(last, STEPS) - max(first, 1) + 1, "the page says m of n"
        steps = train.columns["step"]
        assert at in steps and train.columns["loss"][steps == at] == SPIKE
        assert first <= steps[0] and steps[-1] == min(last, STEPS), "the range's newest step is there"


def test_zooming_in_shows_finer_points_until_all_are_there(long_run):
    _, run, at = long_run
    inside = []
    for width in (6_000, 3_000, 1_000, 300, 100):
        history = streaming.history([run], 120, {run: (max(0, at - width // 2), at + width // 2)})
        train = history.series[run][Split.TRAIN]
        inside.append(len(train) / train.total)
    assert inside == sorted(inside) and inside[-1] == 1
