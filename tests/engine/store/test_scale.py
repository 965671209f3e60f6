"""Thousands of runs: what is read stays what was written, and what a page reads does not grow with the workspace.

The default tier asks SQLite for its plans (``test_query_plans.py``). These tiers make the workspace, and count rows
instead of seconds: a machine under test is as fast as it is. Times are those of ``tests/benchmarks/store``.
"""

import shutil
import sqlite3

import numpy as np
import pytest

from app.data import races, run_table, workspace
from engine.events import Split, StepRow
from engine.store.points_view import PACKED
from engine.store.reader import Reader
from engine.store.space.disk import read_disk
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.store.generator import PROBES, RUNS_OF_RACE, curve_of, fill


@pytest.fixture(
    params=[
        # A tenth of the runs, with a hundredth of the points: one core makes them in half a minute.
        pytest.param((500, 1_000_000), marks=[pytest.mark.slow, pytest.mark.timeout(400)]),
        pytest.param((5000, 100_000_000), marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
    ids=["500 runs", "5000 runs"],
)
def many(request, tmp_path):
    runs, points = request.param
    place = Workspace.at(tmp_path / "many")
    written = list(fill(place, runs, points))
    workspace.use(place.path)
    yield place, runs, written[-1]
    workspace.use(tmp_path / "elsewhere")
    shutil.rmtree(place.path)


def test_a_workspace_of_many_runs(many):
    place, runs, points = many
    with Reader(place) as reader:
        assert len(reader.run_list.rows()) == runs
        # One evaluation of the whole test set at the end, two subsets ten times.
        assert reader.points.head()[0] == points + 21 * runs
        blocks = reader.rows("SELECT count(*) AS number FROM point_blocks WHERE split = 'train'")[0]["number"]
        assert points / 32 <= blocks <= points / 24
        assert reader.probes.head() == PROBES * runs
        assert all(_is_as_drawn(reader, run) for run in (1, runs // 2, runs))
    assert len(read_disk(place.path).runs) == runs

    # The list is read once; after one run moved, the rows of the others are those of before.
    before = run_table.table_rows()
    assert (len(before), len(races.races())) == (runs, min(200, runs // RUNS_OF_RACE))
    row = before[-1]
    with Writer(place) as writer:
        writer.points.record(row.id, [StepRow(row.step + 1, 1.0, 50.0, 1.0, 12.5, 0.1, row.seconds + 1)])
    after = run_table.table_rows()
    assert (after[-1].step, after[-1].training) == (row.step + 1, 12.5)
    assert all(new is old for new, old in zip(after[:-1], before[:-1], strict=True))

    # Plain SQL about one run.
    connection = sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)
    found = connection.execute("SELECT count(*), max(step) FROM points WHERE run = ? AND split = 'train'", (row.id,))
    assert found.fetchone() == (row.step + 1, row.step + 1)
    connection.close()


def _is_as_drawn(reader, run):
    """Compare the curve of a run with the one that the generator drew."""
    row = reader.runs.get(run)
    drawn = curve_of(0, run, row.config, row.step)
    read = reader.points.series(run, Split.TRAIN).columns
    return all(np.array_equal(read[name], values) for name, values in zip(PACKED, drawn, strict=True))
