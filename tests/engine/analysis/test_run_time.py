"""How long a run and a race take, by the speeds of finished runs: arithmetic alone."""

import pytest

from engine.analysis.run_time import (
    START_S,
    TABLE,
    TABLE_MACHINE,
    FinishedRun,
    Machine,
    Speed,
    makespan,
    race_seconds,
    run_seconds,
    speed_of,
)
from engine.config import RaceConfig, RunConfig, replace
from engine.models.count import count

RUN = replace(
    RunConfig(),
    {
        "model.depth": 20,
        "model.width": 8,
        "model.shortcut": "A",
        "probe.images": 0,
        "optim.steps": 100,
        "eval_every": 100,
    },
)
WORK = count(RUN.model).multiply_adds
TWO_CORES = Machine(cores=2, slots=4, threads=2)
TEST_IMAGES = 5_000


def finished(run=RUN, seconds=100.0, share=0.2, threads=1, started=0.0, ended=100.0):
    return FinishedRun(run, TEST_IMAGES, threads, seconds, share, started, ended)


def race(**values):
    return replace(RaceConfig(run=RUN, depths=(20, 56), shortcuts=("none", "A")), values)


def seconds_of(race, speeds=TABLE, machine=TWO_CORES):
    return race_seconds(race.trials(), race.runs(), TEST_IMAGES, speeds, machine)


@pytest.mark.parametrize("images", [0, 32])
def test_a_run_like_one_that_finished_takes_its_seconds_again(images):
    run = replace(RUN, {"probe.images": images, "data.validation": 500, "eval_every": 20})
    speed = speed_of(finished(run), (), cores=2)
    assert run_seconds(run, speed, TEST_IMAGES) == pytest.approx(100)


def test_the_seconds_of_a_run_are_its_steps_and_its_evaluations():
    speed = Speed("A", WORK, 0.001, 0.0001)
    # One evaluation at the end: clean training images (``CLOSING_IMAGES``) and the whole test set.
    assert run_seconds(RUN, speed, TEST_IMAGES) == pytest.approx(100 * 128 * 0.001 + 10_000 * 0.0001)
    assert run_seconds(replace(RUN, {"probe.images": 32}), speed, TEST_IMAGES) > run_seconds(RUN, speed, TEST_IMAGES)


@pytest.mark.parametrize(
    ("beside", "share"),
    [
        ([], 1),
        ([(0, 100)], 1),
        ([(0, 100)] * 3, 1 / 2),
        ([(0, 50)] * 3, 3 / 4),
        ([(-50, 50), (0, 200)], 5 / 6),
        ([(100, 200)] * 9, 1),
    ],
)
def test_a_run_that_shared_its_core_is_faster_alone(beside, share):
    alone, shared = (speed_of(finished(), spans, cores=2) for spans in ([], beside))
    assert shared.training / alone.training == pytest.approx(share, abs=1e-9)
    assert shared.evaluation / alone.evaluation == pytest.approx(share, abs=1e-9)


def test_a_run_with_several_threads_counts_for_what_one_would_take():
    alone = race(depths=[20], shortcuts=["A"])
    two_threads = speed_of(finished(threads=2), (), cores=2)
    assert two_threads.training == pytest.approx(1.73 * speed_of(finished(), (), cores=2).training, rel=0.01)
    assert seconds_of(alone, [two_threads]).seconds == pytest.approx(100 + START_S, rel=0.01)
    one_thread = seconds_of(alone, [two_threads], Machine(cores=2, slots=4)).seconds
    assert one_thread == pytest.approx(1.73 * 100, rel=0.02)


def test_a_race_takes_its_share_of_the_cores_and_its_longest_run():
    assert makespan([10, 10, 10, 10], Machine(2, 4)) == pytest.approx(20)
    assert makespan([10, 1, 1, 1], Machine(4, 8)) == pytest.approx(10)
    assert makespan([10, 10, 10], Machine(2, 2)) == pytest.approx(20), "the third one waits"
    assert makespan([], Machine(2, 4)) == 0


def test_runs_with_replicas_share_nothing():
    """A run of 1 s as one speed: what trains at once, and with how many threads, follows from the replicas alone."""

    def together(replicas, runs, machine):
        race_of = race(depths=[20], shortcuts=["A"], seeds=runs, **{"run.replicas": replicas})
        unit = run_seconds(RUN, Speed("A", WORK, 1.0, 0.1), TEST_IMAGES)
        return (seconds_of(race_of, [Speed("A", WORK, 1 / unit, 0.1 / unit)], machine).seconds - START_S) / 1.0

    gpus = Machine(cores=4, slots=32, has_gpus=True)
    assert [together(1, runs, gpus) for runs in (1, 4, 8)] == pytest.approx([1, 1, 2])
    assert [together(2, runs, gpus) for runs in (1, 2, 3, 8)] == pytest.approx([1, 1, 2, 4]), "two pairs at once"
    assert [together(4, runs, gpus) for runs in (1, 2, 8)] == pytest.approx([1, 2, 8])
    assert together(1, 1, Machine(4, 32, threads=4, has_gpus=True)) == pytest.approx(1), "threads feed a GPU"
    two = 2**0.79
    assert [together(2, runs, TWO_CORES) for runs in (1, 4)] == pytest.approx([1 / two, 4 / two]), "alone on the CPU"
    four_cores = Machine(cores=4, slots=8, threads=4)
    assert [together(2, runs, four_cores) for runs in (1, 4)] == pytest.approx([1 / 4**0.79, 4 / two])


def test_seconds_follow_multiply_adds_from_the_nearest_net_of_the_same_variant():
    near, far, other = Speed("A", WORK, 1.0, 0.1), Speed("A", 10 * WORK, 2.0, 0.2), Speed("none", WORK, 3.0, 0.3)
    only = race(depths=[20], shortcuts=["A"])
    same = seconds_of(only, [other, far, near])
    assert same.measured
    assert same.seconds == seconds_of(only, [near]).seconds
    scaled = seconds_of(only, [far])
    assert not scaled.measured
    assert scaled.seconds - START_S == pytest.approx((same.seconds - START_S) * 2 / 10)
    assert seconds_of(only, [far, other]).seconds > same.seconds, "another variant of that size before the far one"
    assert not seconds_of(only, [other]).measured
    older = Speed("A", WORK, 9.0, 0.9)
    assert seconds_of(only, [near, older]).seconds == same.seconds, "of two the newest"


def test_trials_of_the_learning_rate_come_on_top():
    usual, tuned = seconds_of(race()), seconds_of(race(**{"run.optim.lr": "tuned"}))
    assert tuned.seconds > usual.seconds * 1.5


def test_the_table_knows_the_quick_race_and_every_depth():
    assert 15 < seconds_of(race(), TABLE, TABLE_MACHINE).seconds < 60
    assert seconds_of(race(depths=[1202]), TABLE, TABLE_MACHINE).seconds > seconds_of(race(depths=[110])).seconds
