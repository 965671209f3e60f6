"""Seeds as one row, the look of a row, what is exported and what differs. The store is real, no engine, no browser."""

import csv
import io
import math

import pytest
from streamlit.testing.v1 import AppTest

from app.data import races, run_table, selection
from app.data.workspace import use
from app.live.shared.run import runs_of
from app.views.runs import arms, export, table
from engine.analysis.comparison import in_mean
from engine.events import RunState, StepRow
from engine.store.writer import Writer
from tests.app.views.runs.test_runs import PAGE, steps, submit


@pytest.fixture
def writer(workspace):
    use(workspace.path)
    with Writer(workspace) as writer:
        yield writer
    use(workspace.path)


def finish(writer, run, last, error=None):
    """A run that finished at step ``last`` with a running error, of 90 - ``last`` percent without one."""
    steps(writer, run, last - 1)
    writer.points.record(run, [StepRow(last, 2.0, 90.0, 2.0, 90.0 - last if error is None else error, 0.1, 1.0)])
    writer.jobs.move(run, RunState.STARTING)
    writer.jobs.move(run, RunState.RUNNING)
    writer.jobs.move(run, RunState.FINISHED)


def test_a_mean_is_of_the_seeds_that_finished_together():
    going, done = (RunState.RUNNING, 200), (RunState.FINISHED, 240)
    assert in_mean([going, (RunState.RUNNING, 40), (RunState.STOPPED, 200), (RunState.DIVERGED, 90)]) == [
        True, False, False, False,
    ]  # fmt: skip
    assert in_mean([going, done, done]) == [False, True, True]
    assert in_mean([(RunState.FINISHED, 480), done]) == [True, False], "an extended run is further"
    assert in_mean([(RunState.LOST, 240)]) == [False]


def test_the_seeds_of_an_arm_are_one_row_with_mean_and_interval(writer):
    race, runs = submit(writer, "talk", depths=(8,), shortcuts=("A", "none"), seeds=3)
    for run, last in zip(runs[:4:2] + runs[4:5], (10, 20, 30), strict=True):
        finish(writer, run, last)
    other, _ = submit(writer, depths=(8,), shortcuts=("A",))
    grouped = run_table.arms(run_table.table_rows())
    assert [(rows[0].race, rows[0].arm, len(rows)) for rows in grouped] == [
        (other, "A-8", 1), (race, "A-8", 3), (race, "plain-8", 3),
    ]  # fmt: skip
    frame = arms.arms_frame(grouped, "light")
    assert list(frame["seeds"]) == ["0 of 1", "1 of 3", "0 of 3"], "of three that finished one went furthest"
    assert frame["training"][1] == 60.0 and frame["training_interval"][1] == "", "one seed has no interval"
    assert math.isnan(frame["training"][2]) and math.isnan(frame["clean"][1])


def test_an_interval_is_students_over_the_seeds(writer):
    _, runs = submit(writer, depths=(8,), shortcuts=("A",), seeds=2)
    for run, error in zip(runs, (20.0, 22.0), strict=True):
        finish(writer, run, 60, error)
    (row,) = arms.arms_frame(run_table.arms(run_table.table_rows()), "dark").to_dict("records")
    assert (row["training"], row["training_interval"], row["seeds"], row["step"]) == (21.0, "8.3 to 33.7", "2", "60")


def test_a_row_looks_as_in_the_chart_of_its_race(writer):
    race, _ = submit(writer, depths=(20, 56), shortcuts=("gated:bias=-6", "gated:bias=-7", "A"))
    looks = table.looks_of(run_table.table_rows())
    assert looks == {run["run"]: run["look"] for run in runs_of(races.race(race))}


def test_a_selected_arm_selects_its_seeds(writer):
    _, runs = submit(writer, depths=(8,), shortcuts=("A", "none"), seeds=2)
    page = AppTest.from_string(PAGE, default_timeout=90)
    page.query_params["by_arm"] = "true"
    page.run()
    assert not page.exception
    assert list(page.dataframe[0].value["first"]) == [runs[0], runs[1]]
    page.session_state["runs_table_chosen"] = (runs[0], runs[1], runs[2])
    page.run()
    assert page.session_state["arms_table"]["selection"]["rows"] == [0], "of the other arm one seed is missing"


def test_the_settings_of_runs_go_out_with_every_version(writer):
    submit(writer, depths=(8,), shortcuts=("A",))
    submit(writer, "=odd, name", depths=(14,), shortcuts=("none",), run={"optim.lr": 0.05})
    rows = run_table.table_rows()
    listed = list(csv.DictReader(io.StringIO(export.table_csv(rows))))
    assert [(row["run"], row["arm"], row["race_name"], row["lr"]) for row in listed] == [
        ("2", "plain-14", "'=odd, name", "0.05"), ("1", "A-8", "", "0.1"),
    ]  # fmt: skip
    settings = list(csv.DictReader(io.StringIO(export.settings_csv([2, 1]))))
    assert [row["optim.lr"] for row in settings] == ["0.05", "0.1"]
    assert set(races.settings_of(races.run_config(1).run)) <= set(settings[0])


def test_it_is_said_what_differs_between_two_runs(writer):
    submit(writer, depths=(8,), shortcuts=("A",))
    submit(writer, depths=(8,), shortcuts=("A",), run={"optim.lr": 0.05})
    assert selection.run_differences(1, 2) == [("optim.lr", "0.1", "0.05")]
    page = AppTest.from_string(PAGE, default_timeout=90)
    page.query_params["runs"] = "1,2"
    page.run().button(key="differs").click().run()
    assert not page.exception
    assert page.table[0].value.iloc[0].tolist() == ["optim.lr", r"0\.05", r"0\.1"], "as in the table"
    assert list(page.table[0].value.columns)[1:] == ["A-8 s0 (run 2, race 2)", "A-8 s0 (run 1, race 1)"]


def test_settings_of_a_run_fill_the_set_up(writer):
    submit(writer, depths=(8,), shortcuts=("A",), run={"optim.lr": 0.05})
    page = AppTest.from_string(PAGE, default_timeout=90)
    page.query_params["runs"] = "1"
    page.run().button(key="load_settings").click().run()
    assert not page.exception
    assert page.toast[0].value.endswith("It is open on the Race page.")
    assert page.session_state["setup_next"]["lr"] == "0.05"
