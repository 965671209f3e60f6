"""What an ended race leaves to do: a store without an engine."""

import pytest

from app.data import commands, races, run_times
from app.data.next_steps.ended_race import ended_race, repeated
from app.data.streaming import conclusions
from engine.config import Change, RaceConfig, replace
from engine.events import RunState, Split
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from tests.app.live.conftest import Bench, bench  # noqa: F401

STEPS = 300
ENDS = (RunState.STARTING, RunState.RUNNING, RunState.FINISHED)


@pytest.fixture
def race(bench):  # noqa: F811
    """A race of 300 steps with a checkpoint every 30; every run's error is 50 plus its number."""
    config = replace(bench.config, {"run.optim.steps": STEPS})
    bench.race, bench.runs = bench.writer.races.submit(config)
    bench.start_all()
    for run in bench.runs:
        bench.steps(run, 1, STEPS)
        for step in range(30, STEPS + 1, 30):
            bench.writer.checkpoints.add(run, step, "tenth", 7)
    return races.race(bench.race)


def finish(bench, *runs):  # noqa: F811
    for run in runs:
        for split in (Split.TRAIN_CLEAN, Split.TEST):
            bench.evaluation(run, STEPS, split, 40.0 + run)
        bench.run_states(run, RunState.FINISHED)


def fork(bench: Bench, run: int, step: int, *changes: Change) -> int:  # noqa: F811
    with Reader(bench.workspace) as reader:
        plan = ForkPlan(reader.runs.known(run).config, step, changes)
        bench.writer.interventions.fork(reader.runs.known(run), plan, float(step), lambda _: 7)
        child = reader.interventions.fork_of(run, float(step))
    assert child is not None
    return child


def test_nothing_while_a_run_of_the_race_can_go_on(bench, race):  # noqa: F811
    assert ended_race(race) is None
    finish(bench, *bench.runs[:3])
    bench.run_states(bench.runs[3], RunState.PAUSED)
    assert ended_race(races.race(race.id)) is None


def test_the_deepest_residual_net_is_cut_at_its_middle_once(bench, race, monkeypatch):  # noqa: F811
    finish(bench, *bench.runs)
    ended = ended_race(races.race(race.id))
    assert ended.ended == tuple(bench.runs)
    assert (ended.cut.run, ended.cut.arm, ended.cut.step, ended.cut.fork) == (bench.runs[3], "A-56", 150, None)
    assert ended.cut.seconds > 1
    longer = run_times.rest_seconds(races.runs(race.id)[3], 30)
    assert longer > 1.5 * ended.cut.seconds, "the earlier the cut, the more is left to train"
    other = fork(bench, bench.runs[3], 60, Change(0, "lr", 0.01))
    assert ended_race(races.race(race.id)).cut.fork is None, "another fork is no cut"
    cut = fork(bench, bench.runs[3], 150, Change(0, "strength", 0.0))
    ended = ended_race(races.race(race.id))
    assert (ended.cut.fork, ended.cut.step, ended.cut.arm) == (cut, 150, "A-56")
    assert not {other, cut} & set(ended.ended), "both wait to be trained"
    bench.run_states(cut, RunState.STARTING, RunState.RUNNING)
    bench.steps(cut, 151, 260)
    words = f"Shortcuts of A-56 cut at step 150: training error {50.5 + bench.runs[3]:.0f} % before, "
    assert conclusions([*bench.runs, cut]).cut.startswith(words + f"{50.5 + cut:.0f} % at step 260. Uncut: ")
    assert conclusions(bench.runs).cut == ""
    bench.steps(cut, 261, STEPS)
    finish(bench, cut)
    at_end = f"A-56 ends at {40.0 + cut:.1f} % training error. Uncut it ends at {40.0 + bench.runs[3]:.1f} %."
    assert conclusions([*bench.runs, cut]).cut == f"Without its shortcuts, cut at step 150, {at_end}", "as at the names"


def test_without_a_residual_net_or_a_checkpoint_there_is_no_cut(bench):  # noqa: F811
    plain = RaceConfig(shortcuts=("none",), run=bench.config.run)
    for config, saved in ((plain, True), (bench.config, False)):
        race, runs = bench.writer.races.submit(config)
        for run in runs:
            if saved:
                bench.writer.checkpoints.add(run, 100, "tenth", 7)
            bench.run_states(run, *ENDS)
        assert ended_race(races.race(race)).cut is None


def test_a_race_is_repeated_with_its_own_settings(bench):  # noqa: F811
    run = replace(bench.config.run, {"model.width": 4, "optim.lr": 0.2, "data.name": "fashion-mnist-mini"})
    config = RaceConfig(preset="quick", depths=(8, 14), seeds=2, first_seed=5, pace="lockstep:5", run=run)
    race = races.race(bench.writer.races.submit(config)[0])
    same, more = commands.planned(repeated(race)), commands.planned(repeated(race, seeds=7))
    assert (same.run.model.width, same.run.optim.lr, same.run.optim.steps) == (4, 0.2, 1000)
    assert same == replace(more, {"seeds": 2})
    assert (more.seeds, more.first_seed, more.pace, more.depths) == (7, 5, "lockstep:5", (8, 14))
    tuned = commands.planned(repeated(race, tuned=True))
    assert (tuned.run.optim.lr, tuned.seeds) == ("tuned", 2)
