"""What can be forked and what cannot, without an engine."""

import pytest

from engine.config import ModelConfig, replace
from engine.errors import ConfigError
from engine.events import RunState, StepRow
from engine.models.tensors import tensors
from engine.runs.protocol.forking import plan_fork
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.writer import Writer


@pytest.fixture
def parts(workspace):
    """Run 1 (plain) and run 2 (A) of 300 steps, run 2 saved at 30, 60 and 300, finished."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("none", "A"), steps=300), workspace))
        for step in (30, 60, 300):
            writer.checkpoints.add(2, step, "tenth", 1)
        writer.jobs.move(2, RunState.STARTING, threads=1, device="cpu")
        writer.jobs.move(2, RunState.RUNNING)
        writer.points.record(2, [StepRow(step, 1.0, 1.0, 1.0, 1.0, 0.1, step / 10) for step in (30, 60)])
        yield reader, writer


def plan(reader, step=60, run=2, **settings):
    return plan_fork(
        reader, reader.runs.get(run), step, {key.replace("__", "."): value for key, value in settings.items()}
    )


def test_the_step_is_a_saved_one_and_by_default_the_newest(parts):
    reader, _ = parts
    assert plan(reader, 30).step == 30
    assert plan(reader, None, steps="400").step == 300
    with pytest.raises(ConfigError, match="run 2 has no checkpoint at step 45; saved are 30, 60, 300$"):
        plan(reader, 45)
    with pytest.raises(ConfigError, match="run 1 has no checkpoint yet"):
        plan(reader, None, run=1)


def test_a_fork_has_steps_left(parts):
    reader, writer = parts
    for step, settings in ((None, {}), (60, {"steps": "60"}), (300, {"steps": "300"})):
        with pytest.raises(ConfigError, match=r"--set steps=N with more than \d+$"):
            plan(reader, step, **settings)
    writer.jobs.move(2, RunState.FINISHED)
    assert writer.interventions.extend(2, 500, 1.0)
    assert [(change.key, change.value, change.step) for change in plan(reader, 300).changes] == [("steps", 500.0, 300)]
    assert plan(reader, 60).changes == ()
    assert plan(reader, 300, steps="900").changes == ()


def test_settings_are_those_of_races_and_of_live_runs(parts):
    reader, _ = parts
    fork = plan(reader, lr="0.01", strength="0.5", batch_size="64", seed="7", drops="[0.5]", flip="false")
    assert (fork.config.optim.lr, fork.config.optim.batch_size, fork.config.seed) == (0.01, 64, 7)
    assert (fork.config.optim.drops, fork.config.data.flip) == ((0.5,), False)
    assert [(change.key, change.value, change.step) for change in fork.changes] == [
        ("lr", 0.01, None), ("strength", 0.5, None),
    ]  # fmt: skip
    assert plan(reader, optim__lr="0.01").changes == plan(reader, lr="0.01").changes
    assert plan(reader).config == reader.runs.get(2).config


def test_what_the_parent_had_changed_is_the_forks_base(parts):
    reader, writer = parts
    for key, value, step in (("lr", 0.05, 20), ("strength", 0.5, 60), ("lr", 0.01, 61), ("weight_decay", 0.1, None)):
        writer.interventions.add_change(2, key, value, 1.0)
        if step is not None:
            writer.interventions.take_over(2, reader.interventions.changes(2)[-1].id, step, "")
    fork = plan(reader, lr="0.2")
    assert [(change.key, change.value, change.step) for change in fork.changes] == [
        ("lr", 0.05, 20), ("strength", 0.5, 60), ("lr", 0.2, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": "0.1"}, "lr (learning rate) 0.1"),
        ({"optim.lr": "1e-1"}, "lr (learning rate) 0.1"),
        ({"weight_decay": "0.0001"}, "weight_decay (weight decay) 0.0001"),
        ({"strength": "1"}, "strength (shortcut strength) 1"),
        ({"batch_size": "128"}, "batch_size=128"),
        ({"flip": "true"}, "flip=true"),
        ({"drops": "[]"}, "drops=[]"),
        ({"shortcut": "A"}, "shortcut=A"),
        ({"shortcut": "A:order=post"}, "shortcut=A:order=post"),
        ({"steps": "300"}, "steps=300"),
        ({"lr": "0.2", "weight_decay": "0.0001"}, "weight_decay (weight decay) 0.0001"),
    ],
)
def test_a_fork_to_what_is_in_force_is_refused_in_one_line(parts, settings, words):
    reader, _ = parts
    with pytest.raises(ConfigError) as caught:
        plan_fork(reader, reader.runs.get(2), 60, settings)
    assert str(caught.value) == f"run 2 has {words} already at step 60; fork it to another value"


def test_settings_are_taken_together_in_any_order(parts):
    reader, writer = parts
    warm = plan_race(RaceRequest((8,), ("A",), steps=300, settings={"warmup_steps": "100"}), reader.workspace)
    _, (run,) = writer.races.submit(warm)
    writer.checkpoints.add(run, 30, "tenth", 1)
    pairs = [("steps", "80"), ("warmup_steps", "0")]
    forks = [plan(reader, 30, run, **dict(ordered)) for ordered in (pairs, pairs[::-1])]
    assert {(fork.config.optim.steps, fork.config.optim.warmup_steps) for fork in forks} == {(80, 0)}
    with pytest.raises(ConfigError, match="at most the run's 80 steps"):
        plan(reader, 30, run, steps="80")


def test_a_fork_takes_no_statistics_that_its_net_has_not(parts):
    reader, writer = parts
    race = plan_race(RaceRequest((8,), ("A",), steps=300, settings={"family": "mlp"}), reader.workspace)
    _, (run,) = writer.races.submit(race)
    writer.checkpoints.add(run, 30, "tenth", 1)
    with pytest.raises(ConfigError, match="recalibrate_bn needs batch norm, which the family mlp has not"):
        plan(reader, 30, run, recalibrate_bn="true")


def test_what_is_in_force_at_the_step_of_the_fork_is_what_was_changed_before_it(parts):
    reader, writer = parts
    for key, value, step in (("strength", 0.0, 60), ("weight_decay", 0.1, 61), ("lr", 0.05, 20)):
        writer.interventions.add_change(2, key, value, 1.0)
        writer.interventions.take_over(2, reader.interventions.changes(2)[-1].id, step, "")
    for settings in ({"strength": "0"}, {"weight_decay": "0.0001"}, {"lr": "0.05"}):
        with pytest.raises(ConfigError, match="already at step 60"):
            plan(reader, **settings)
    assert plan(reader, strength="1", weight_decay="0.1", lr="0.1").changes[-1].value == 0.1
    assert plan(reader, 30, strength="0").changes[-1].value == 0, "at step 30 the shortcuts were whole"


def _scheduled(workspace, writer, **settings):
    """Return a run with a schedule of its rate, saved after 59 and 60 of 120 steps."""
    race = RaceRequest((8,), ("A",), steps=120, settings=settings)
    _, (run,) = writer.races.submit(plan_race(race, workspace))
    for step in (59, 60):
        writer.checkpoints.add(run, step, "tenth", 1)
    return run


def test_under_a_schedule_the_rate_in_force_is_that_of_the_forks_first_step(parts, workspace):
    reader, writer = parts
    run = _scheduled(workspace, writer, drops="[0.5]")
    for step, same, other in ((59, "0.1", "0.01"), (60, "0.01", "0.1")):
        with pytest.raises(ConfigError, match=rf"run {run} has lr \(learning rate\) {same} already at step {step};"):
            plan(reader, step, run=run, lr=same)
        assert plan(reader, step, run=run, lr=other).config.optim.lr == float(other)
    assert plan(reader, 60, run=run, lr="0.01", drops="[0.75]").changes[-1].value == 0.01, "under another schedule"


def test_to_set_the_rate_ends_a_warm_up_and_is_no_news_after_it(parts, workspace):
    reader, writer = parts
    run = _scheduled(workspace, writer, warmup_lr="0.01")
    writer.points.record(
        run, [StepRow(59, 1.0, 90.0, 1.0, 90.0, 0.01, 5.9), StepRow(60, 1.0, 70.0, 1.0, 70.0, 0.1, 6.0)]
    )
    for rate in ("0.1", "0.01"):
        assert plan(reader, 59, run=run, lr=rate).changes[-1].value == float(rate)
    with pytest.raises(ConfigError, match="already at step 60"):
        plan(reader, 60, run=run, lr="0.1")


@pytest.mark.parametrize("shortcut", ["none", "plain"])
def test_shortcuts_without_tensors_may_come_and_go(parts, shortcut):
    reader, writer = parts
    assert plan(reader, shortcut=shortcut).config.model.shortcut == "none"
    writer.checkpoints.add(1, 30, "tenth", 1)
    assert plan(reader, 30, run=1, shortcut="A").config.model.arm == "A-8"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shortcut": "C"}, "do not fit C-8: stage1.block1.shortcut.conv.weight nothing to 8x8x1x1, "),
        ({"width": "4"}, "stem.conv.weight 8x1x3x3 to 4x1x3x3, "),
        ({"depth": "14"}, "stage1.block2.conv1.weight nothing to 8x8x3x3, "),
        ({"classes": "7"}, "would need another net (model.classes=10)"),
        ({"data.name": "cifar10"}, "the images of cifar10 would need another net (model.channels=3"),
        ({"pool": "1"}, "would need another net (model.image_size=28)"),
        ({"pool": "3"}, "pool 3 does not fit the 28x28 images"),
        ({"batch_size": "50000"}, "more than the 20000 training images"),
        ({"threads": "2"}, "'threads' is kept from the parent"),
        ({"device": "cuda"}, "'device' is kept from the parent"),
        ({"speed": "2"}, "unknown setting 'speed'; choose from"),
        ({"lr": "0"}, "lr (learning rate) is a number above 0"),
        ({"strength": "2"}, "strength (shortcut strength) is a number from 0 to 1 (got 2)"),
        ({"shortcut": "none", "strength": "0.5"}, "plain-8 has no shortcut"),
        ({"shortcut": "Q"}, "choose from none, A, B, C"),
    ],
)
def test_what_cannot_be_forked_is_one_line_that_names_it(parts, settings, words):
    reader, _ = parts
    with pytest.raises(ConfigError) as caught:
        plan_fork(reader, reader.runs.get(2), 60, settings)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_full_race_and_a_lab_cannot_be_forked(parts, workspace):
    reader, writer = parts
    _, runs = writer.races.submit(plan_race(RaceRequest((8,), ("A",), seeds=64), workspace))
    writer.checkpoints.add(runs[0], 30, "tenth", 1)
    with pytest.raises(ConfigError, match="race 2 has 64 runs, the most there can be"):
        plan(reader, 30, run=runs[0])


def test_a_fork_is_a_run_of_the_same_race(parts):
    reader, writer = parts
    fork = plan(reader, strength="0.5")
    child = writer.interventions.fork(reader.runs.get(2), fork, 5.0, lambda run: 1000 + run)
    row = reader.runs.get(child)
    assert (row.race, row.position, row.state) == (1, 2, RunState.QUEUED)
    assert (row.parent_run, row.parent_step, row.step, row.total_steps, row.seconds) == (2, 60, 60, 300, 6.0)
    assert (row.threads, row.device) == (1, "cpu")
    assert [(c.step, c.reason, c.bytes) for c in reader.checkpoints.of(child)] == [(60, "fork", 1000 + child)]
    assert reader.interventions.fork_of(2, 5.0) == child
    assert reader.interventions.fork_of(2, 6.0) is None
    assert [remark["text"] for remark in reader.log.of([child])] == ["fork of run 2 at step 60"]
    before = len(reader.runs.all())

    def broken(run):
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        writer.interventions.fork(reader.runs.get(2), fork, 6.0, broken)
    assert len(reader.runs.all()) == before
    writer.jobs.delete(2)
    assert reader.runs.get(child).parent_run == 2


@pytest.mark.parametrize("shortcut", ["none", "A", "B", "C"])
@pytest.mark.parametrize("changes", [{"depth": 8}, {"depth": 20, "width": 5, "channels": 1, "classes": 7}])
def test_tensors_are_those_of_the_built_net(shortcut, changes):
    from engine.models.build import build_model

    config = replace(ModelConfig(), {**changes, "shortcut": shortcut})
    built = {name: tuple(tensor.shape) for name, tensor in build_model(config, 0).state_dict().items()}
    assert tensors(config) == built
    assert list(tensors(config)) == list(built)


def test_a_fork_cannot_begin_a_warm_up_but_end_one(parts, workspace):
    reader, writer = parts
    with pytest.raises(ConfigError, match="a warm-up begins with a run"):
        plan(reader, warmup_lr="0.01")
    run = _scheduled(workspace, writer, warmup_lr="0.01")
    assert plan(reader, 60, run=run, warmup_lr="null").config.optim.warmup_lr is None
    with pytest.raises(ConfigError, match=r"a warm-up begins with a run; a fork can end it \(warmup_steps=0\)"):
        plan(reader, warmup_steps="9")
    run = _scheduled(workspace, writer, warmup_steps="80")
    assert plan(reader, 60, run=run, warmup_steps="0").config.optim.warmup_steps == 0
    assert plan(reader, 60, run=run, lr="0.1").changes[-1].value == 0.1, "it ends the warm-up"


def test_a_fork_keeps_the_optimizer(parts):
    reader, _ = parts
    with pytest.raises(ConfigError, match="setting 'optimizer' is kept from the parent; start a race for another one"):
        plan(reader, optimizer="adamw")


def test_a_fork_is_compiled_only_where_a_race_would_be(parts):
    reader, _ = parts
    with pytest.raises(ConfigError, match="compile=true cannot be used with stochastic-depth"):
        plan(reader, shortcut="stochastic-depth", compile="true")


def test_images_that_stay_the_parents_are_not_looked_through_again(parts, monkeypatch):
    reader, _ = parts
    monkeypatch.setattr("engine.runs.protocol.forking.get_source", lambda *_: pytest.fail("looked"))
    assert plan(reader, lr="0.01", batch_size="64").config.optim.lr == 0.01
