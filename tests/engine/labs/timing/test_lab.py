"""The lab timing: which nets it times, and the arithmetic from its seconds to those of a race. No engine."""

import math

import pytest

from engine.analysis.run_time import START_S, Point, Speeds, makespan, race_seconds, run_seconds, seconds_per_image
from engine.config import replace
from engine.config.presets import PRESETS
from engine.errors import CheckpointError
from engine.events import CurveUpdated, MetricReported
from engine.labs.registry import LABS, check_settings
from engine.labs.timing.arms import MIN_BATCH, race_of, timed_arms
from engine.labs.timing.lab import TimingLab
from engine.models.count import count
from tests.engine.labs.bench import DEVICE

ROW = LABS["timing"]
OFFERED = [name for name, preset in PRESETS.items() if preset.data]


def alike_speeds(race, per_multiply_add=1e-9):
    """Speeds at which every net takes time in proportion to its multiply-adds."""
    points = [
        Point(run.model.shortcut, count(run.model).multiply_adds, count(run.model).multiply_adds * per_multiply_add)
        for run in race.runs()
    ]
    return Speeds(points, [point._replace(seconds=point.seconds / PASSES) for point in points])


PASSES = 3


@pytest.mark.parametrize("preset", OFFERED)
def test_every_arm_of_a_preset_is_timed_or_too_deep(preset):
    race = race_of(preset)
    arms = timed_arms(race, "cpu")
    assert len(arms) == len(race.depths) * len(race.shortcuts)
    assert [arm.multiply_adds for arm in arms] == sorted(arm.multiply_adds for arm in arms)
    assert all(arm.batch == 0 or MIN_BATCH <= arm.batch <= arm.run.optim.batch_size for arm in arms)
    assert {arm.run.model.shortcut for arm in arms if arm.batch} == set(race.shortcuts)
    assert {arm.run.precision for arm in arms} == {PRESETS[preset].run.precision}


def test_small_presets_are_timed_whole_and_1202_layers_are_not_timed_on_a_cpu():
    assert all(arm.batch == 128 for arm in timed_arms(race_of("quick"), "cpu"))
    depth = {arm.run.model.depth: arm.batch for arm in timed_arms(race_of("paper"), "cpu")}
    assert depth[1202] == 0 and 0 < depth[56] < 128
    assert all(arm.batch == 128 for arm in timed_arms(race_of("paper"), "cuda") if arm.run.model.depth < 1202)


def test_what_it_finds_is_positive_and_grows_with_the_net():
    settings = check_settings(ROW, {"seconds": 0.1, "images": 32})
    events = list(TimingLab(settings, DEVICE).events())
    curves = {(event.panel, event.name.text): event for event in events if isinstance(event, CurveUpdated)}
    figures = {event.name: event.value for event in events if isinstance(event, MetricReported)}
    for shortcut in ("none", "A"):
        small, large = curves["training", shortcut].y
        assert 0 < small < large
        assert curves["evaluation", shortcut].y[1] < large, "no backward pass"
    assert figures["longest_run_seconds"] < figures["work_seconds"]
    assert 0 < figures["undisturbed_share"] <= 1.1


def test_a_checkpoint_of_other_settings_is_refused():
    lab = TimingLab(check_settings(ROW, {}), DEVICE)
    with pytest.raises(CheckpointError):
        TimingLab(check_settings(ROW, {"preset": "talk"}), DEVICE, lab.state())


def test_seconds_of_one_image_follow_the_measured_nets():
    points = [Point("none", 2e6, 0.002), Point("none", 6e6, 0.005), Point("A", 2e6, 0.003)]
    same = seconds_per_image("none", 2.000001e6, points)
    assert same.measured and same.seconds == pytest.approx(0.002, rel=1e-5), "curves are stored as float32"
    assert seconds_per_image("none", 4e6, points).seconds == pytest.approx(0.0035)
    assert not seconds_per_image("none", 4e6, points).measured, "between two nets"
    small = [point._replace(batch=19) for point in points]
    assert [seconds_per_image("none", 2e6, small, batch).measured for batch in (19, 128)] == [True, False]
    assert seconds_per_image("none", 12e6, points).seconds == pytest.approx(0.010), "beyond them as multiply-adds do"
    other = seconds_per_image("gated", 2e6, points)
    assert (other.seconds, other.measured) == (0.003, False), (
        "of a shortcut that was not timed: as the nearest residual"
    )


def test_the_seconds_of_a_run_are_its_steps_evaluations_and_probes():
    race = race_of("quick")
    run = replace(race.runs()[0], {"probe.images": 0, "optim.steps": 100, "eval_every": 100})
    work = count(run.model).multiply_adds
    speeds = Speeds([Point("none", work, 0.001)], [Point("none", work, 0.0001)])
    # One evaluation at the end: clean training images and the whole test set.
    assert run_seconds(run, speeds, 5_000).seconds == pytest.approx(START_S + 100 * 128 * 0.001 + 6_000 * 0.0001)
    probed = run_seconds(replace(run, {"probe.images": 32}), speeds, 5_000).seconds
    assert probed > run_seconds(run, speeds, 5_000).seconds


def test_a_race_takes_its_share_of_the_cores_and_its_longest_run():
    assert makespan([10, 10, 10, 10], cores=2, slots=4) == pytest.approx(20)
    assert makespan([10, 1, 1, 1], cores=4, slots=8) == pytest.approx(10)
    assert makespan([10, 10, 10], cores=2, slots=2) == pytest.approx(20), "the third one waits"
    assert makespan([], cores=2, slots=4) == 0
    race = race_of("quick")
    speeds = alike_speeds(race)
    one, two = (race_seconds(race, speeds, 5_000, cores, 2 * cores).seconds for cores in (1, 2))
    assert one == pytest.approx(sum(run_seconds(run, speeds, 5_000).seconds for run in race.runs()))
    assert one / 2 <= two < one


def test_trials_come_on_top_and_all_cores_help_a_single_run():
    race = race_of("quick")
    speeds = alike_speeds(race)
    usual = race_seconds(race, speeds, 5_000, 2, 4)
    tuned = race_seconds(replace(race, {"run.optim.lr": "tuned"}), speeds, 5_000, 2, 4)
    assert usual.measured and tuned.seconds > usual.seconds * (1 + len(race.run.optim.tune_grid) / 4)
    single = replace(race, {"depths": [56], "shortcuts": ["A"]})
    slow, fast = (
        race_seconds(single, Speeds(speeds.training, speeds.evaluation, gain), 5_000, 2, 4) for gain in (None, 1.7)
    )
    assert slow.seconds == pytest.approx(1.7 * fast.seconds)
    assert fast.measured and not slow.measured


def test_a_net_of_1202_layers_is_extrapolated():
    race = race_of("paper")
    timed = [arm.run for arm in timed_arms(race, "cpu") if arm.batch]
    points = [Point(run.model.shortcut, count(run.model).multiply_adds, 1e-9) for run in timed]
    found = race_seconds(race, Speeds(points, points), 10_000, 2, 4)
    assert not found.measured and math.isfinite(found.seconds)
