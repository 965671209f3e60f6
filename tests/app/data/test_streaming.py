"""Snapshots and news of the live page: they meet at the cursor."""

from app.data import races, streaming
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.writer import Writer
from tests.app.data.conftest import submit


def test_history_and_delta_meet_at_the_cursor(place):
    _, runs = submit(place)
    with Writer(place) as writer:
        writer.points.record(runs[0], [StepRow(s, 1.0, 50.0, 1.0, 50.0, 0.1, s) for s in range(1, 8)])
        history = streaming.history(runs, 100)
        writer.points.record(runs[0], [StepRow(s, 1.0, 50.0, 1.0, 50.0, 0.1, s) for s in range(8, 11)])
        writer.points.record(runs[1], [StepRow(1, 1.0, 50.0, 1.0, 50.0, 0.1, 1)])
        writer.jobs.delete(runs[3])
    head = streaming.head()
    delta = streaming.delta(runs, history.head[:2], head[:2])
    assert [int(s) for s in history.series[runs[0]][Split.TRAIN].columns["step"]] == list(range(1, 8))
    assert [(row["run"], row["step"]) for row in delta.points] == [
        (runs[0], 8), (runs[0], 9), (runs[0], 10), (runs[1], 1),
    ]  # fmt: skip
    assert delta.deleted == [runs[3]]
    assert races.known_runs([*runs, 99]) == set(runs[:3])


def test_the_last_row_of_a_run_at_rest_comes_with_its_card_but_never_one_beyond_the_cursor(place):
    _, runs = submit(place)
    with Writer(place) as writer:
        for run in runs[:2]:
            writer.jobs.move(run, RunState.STARTING)
            writer.jobs.move(run, RunState.RUNNING)
            writer.points.record(run, [StepRow(s, 1.0, 50.0, 1.0, 50.0 + s, 0.1, s) for s in (1, 2)])
        before = streaming.head()
        writer.points.record(runs[1], [StepRow(3, 1.0, 50.0, 1.0, 53.0, 0.1, 3)])
        for run in runs[:2]:
            writer.jobs.move(run, RunState.PAUSED)
    last = streaming.delta(runs, (before.points, before.changes - 1), before[:2]).last
    assert {run: (row["step"], row["running_error"]) for run, row in last.items()} == {runs[0]: (2, 52.0)}
    assert set(streaming.delta(runs, before[:2], streaming.head()[:2]).last) == set(runs[:2])


def test_the_gap_line_knows_a_warm_up_of_one_depth(place):
    _, runs = submit(place, depths=(20, 110), shortcuts=("none",), per_depth={110: {"optim.warmup_lr": 0.01}})
    with Writer(place) as writer:
        for run in runs:
            writer.points.record(run, [StepRow(s, 1.0, 50.0, 1.0, 40.0 + run, 0.1, s) for s in range(1, 61)])
    assert streaming.conclusions(runs).statement.protocol[-2:] == (
        "One learning rate for all: 0.1.", "110 layers start at 0.01.",
    )  # fmt: skip


def test_a_fork_takes_no_part_in_the_verdict(place):
    race, runs = submit(place, depths=(20, 56), shortcuts=("none",), seeds=2)
    with Writer(place) as writer:
        for run in runs:
            writer.points.record(run, [StepRow(s, 1.0, 50.0, 1.0, 30.0 + 10 * run, 0.1, s) for s in range(1, 61)])
        with writer.transaction() as connection:
            of = {(row["depth"], row["seed"]): row["id"] for row in connection.execute("SELECT * FROM runs")}
            deep, fork = of[56, 0], of[56, 1]
            connection.execute("UPDATE runs SET seed = 0, parent_run = ?, parent_step = 20 WHERE id = ?", (deep, fork))
    without = streaming.conclusions([of[20, 0], deep])
    assert without.gaps.comparisons[0].gap == 10 * (deep - of[20, 0])
    assert streaming.conclusions([of[20, 0], deep, fork]) == without


def test_an_error_over_depth_is_final_when_all_runs_of_an_arm_have_ended(place):
    race, runs = submit(place, depths=(8, 20, 56), shortcuts=("none",), seeds=2)
    with Writer(place) as writer:
        for run in runs:
            writer.jobs.move(run, RunState.STARTING)
            writer.jobs.move(run, RunState.RUNNING)
            writer.points.record(run, [StepRow(s, 1.0, 50.0, 1.0, 30.0 + s + run, 0.1, s) for s in (1, 2)])
            for split in (Split.TEST, Split.TRAIN_CLEAN):
                tested = Evaluated(2, split, 1.0, 40.0 + run, 20, 2.0, 0.1, "running")
                writer.points.record(run, evaluations=[tested])
        unfinished = streaming.conclusions(runs).depths
        assert list(unfinished) == ["running", "clean", "test"]
        assert not any(one.final or one.error for found in unfinished.values() for one in found)
        of = {(row.depth, row.seed): row.id for row in races.runs(race)}
        for seed in (0, 1):
            writer.jobs.move(of[8, seed], RunState.FINISHED)
        writer.jobs.move(of[20, 0], RunState.FINISHED)
    depths = streaming.conclusions(runs).depths
    assert {(one.shortcut, one.depth) for found in depths.values() for one in found if one.final} == {("none", 8)}
    assert [one.counted for one in depths["test"]] == [(of[8, 0], of[8, 1]), (of[20, 0],), ()]
    pair = (of[8, 0], of[8, 1])
    assert depths["running"][0].error.values == tuple(32.0 + run for run in pair)
    assert depths["test"][0].error.values == depths["clean"][0].error.values == tuple(40.0 + run for run in pair)
    assert depths["test"][0].error.spread == 5.0, "an error of 20 images is known to 5 points"
    assert streaming.conclusions([of[8, 0], of[8, 1], of[20, 0]]).depths == {}, "of the shown runs, two depths"
