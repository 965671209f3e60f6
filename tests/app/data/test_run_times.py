"""How long races take, as the page knows it: which finished runs count. A store without an engine."""

import pytest

from app.data import commands, options, run_times
from app.data.workspace import use
from engine.events import RunState
from engine.store.reader import Reader
from engine.store.rows import ForkPlan
from engine.store.writer import Writer


@pytest.fixture
def writer(workspace, monkeypatch):
    use(workspace.path)
    monkeypatch.setattr(run_times, "_gpus", lambda: 0)
    monkeypatch.setattr(run_times, "cores", lambda: 2)
    with Writer(workspace) as writer:
        yield writer
    use(workspace.path)


def train(writer, race, seconds=100.0, state=RunState.FINISHED, **fields):
    """Write a race whose runs trained at once, each for ``seconds``."""
    _, runs = writer.races.submit(race)
    for run in runs:
        finish(writer, run, seconds, state, **{"threads": 1 if len(runs) > 1 else 2} | fields)
    return runs


def finish(writer, run, seconds=100.0, state=RunState.FINISHED, **fields):
    """Move a queued run to its end as its worker does."""
    known = {"device": "cpu", "threads": 1, "precision": "bf16", "started": 1000.0} | fields
    writer.jobs.move(run, RunState.STARTING)
    writer.jobs.move(run, RunState.RUNNING, **known)
    writer.jobs.move(run, state, seconds=seconds, evaluation_share=0.2, ended=known["started"] + seconds)


def quick(depths=(), shortcuts=(), **choices):
    return commands.planned(commands.RaceRequest(depths, shortcuts, **choices))


def test_before_a_run_has_finished_the_table_of_two_cores_is_what_is_known(writer):
    times = run_times.preset_times()
    assert times.keys() == options.presets().keys()
    assert not any(time.here for time in times.values())
    assert 180 < times["start"].seconds < 330, "three seeds: about five minutes"
    assert 160 < times["depth"].seconds < 210, "one seed: about three minutes"
    assert 450 < run_times.race_time(quick(preset="depth", seeds=3)).seconds < 600, "three seeds: about nine"
    assert times["quick"].seconds < times["talk"].seconds < times["paper"].seconds / 100
    assert run_times.race_time(quick()) == times["quick"]
    writer.races.submit(quick())
    assert run_times.race_time(quick()) == times["quick"], "a run that waits says nothing"


def test_a_race_like_one_that_finished_takes_as_long_again(writer):
    train(writer, quick(), seconds=40.0)
    time = run_times.race_time(quick())
    assert time.here
    assert time.seconds == pytest.approx(40, rel=0.1)
    assert run_times.preset_times()["quick"] == time
    assert run_times.race_time(quick(seeds=2)).seconds == pytest.approx(80, rel=0.1)
    longer = run_times.race_time(quick(steps=3000))
    assert 250 < longer.seconds < 400
    wider = run_times.race_time(quick(settings={"width": "16"}))
    assert 100 < wider.seconds < 200


def test_a_race_of_one_run_with_all_cores_takes_as_long_again(writer):
    train(writer, quick((56,), ("A",)), seconds=30.0)
    assert run_times.race_time(quick((56,), ("A",))).seconds == pytest.approx(30, rel=0.1)
    # Two runs with one thread each: neither waits for the other.
    assert run_times.race_time(quick((56,), ("A",), seeds=2)).seconds == pytest.approx(30 * 1.73, rel=0.1)


def test_the_newest_run_of_a_net_counts(writer):
    train(writer, quick(), seconds=90.0)
    train(writer, quick(), seconds=40.0, started=5000.0)
    assert run_times.race_time(quick()).seconds == pytest.approx(40, rel=0.1)


@pytest.mark.parametrize(
    "changed",
    [
        {"race": {"steps": 20}},
        {"race": {"settings": {"precision": "fp32"}}, "precision": "fp32"},
        {"device": "cuda:0"},
        {"state": RunState.STOPPED},
        {"state": RunState.FAILED},
    ],
    ids=["too short", "precision", "device", "stopped", "failed"],
)
def test_a_run_of_something_else_does_not_count(writer, changed):
    choices = changed.pop("race", {})
    train(writer, quick(**choices), **changed)
    assert not run_times.race_time(quick()).here


def test_an_extended_run_does_not_count(writer):
    (run,) = train(writer, quick((20,), ("A",)))
    assert run_times.race_time(quick()).here
    writer.interventions.extend(run, 600, 2000.0)
    finish(writer, run, started=1000.0)
    assert not run_times.race_time(quick()).here, "its seconds are those of more steps than its config has"


def test_a_run_of_another_machine_does_not_count(writer):
    source = writer.imports.add("a" * 64, "2026-12-01T00:00:00Z", "0.7.0")
    for run in train(writer, quick()):
        writer.jobs.update(run, heartbeat=None, imported=source)
    assert not run_times.race_time(quick()).here


def test_a_fork_does_not_count(writer):
    (parent,) = train(writer, quick((20,), ("A",)))
    with Reader(writer.workspace) as reader:
        row = reader.runs.known(parent)
    finish(writer, writer.interventions.fork(row, ForkPlan(row.config, 100, ()), 2000.0, lambda run: 0))
    assert run_times.race_time(quick()).here
    writer.jobs.delete(parent)
    assert not run_times.race_time(quick()).here, "its seconds are those of its parent's config for a part"


def test_precision_auto_is_what_it_came_to(writer):
    train(writer, quick(), precision="fp32")
    assert run_times.race_time(quick(settings={"precision": "fp32"})).here
    assert run_times.race_time(quick()).here
    assert not run_times.race_time(quick(settings={"precision": "bf16"})).here


def test_on_a_gpu_runs_of_the_cpu_count_for_races_on_the_cpu_alone(writer, monkeypatch):
    train(writer, quick(), seconds=40.0)
    monkeypatch.setattr(run_times, "_gpus", lambda: 1)
    assert not run_times.race_time(quick()).here
    assert run_times.race_time(quick(settings={"device": "cpu"})).seconds == pytest.approx(40, rel=0.1)
    train(writer, quick(), seconds=10.0, device="cuda:0", started=9000.0)
    assert run_times.race_time(quick()).seconds == pytest.approx(10, rel=0.2)


def test_replicas_on_gpus_take_whole_gpus(writer, monkeypatch):
    monkeypatch.setattr(run_times, "_gpus", lambda: 4)
    monkeypatch.setattr("engine.runs.protocol.planning.devices", lambda: ("cpu", *(f"cuda:{n}" for n in range(4))))
    pairs = quick((20,), ("A",), settings={"replicas": "2"})
    train(writer, pairs, seconds=30.0, device="cuda:0")
    assert run_times.race_time(pairs).seconds == pytest.approx(30, rel=0.1), "its two threads are not its speed"
    seconds = [run_times.race_time(quick((20,), ("A",), seeds=n, settings={"replicas": "2"})).seconds for n in (2, 3)]
    assert seconds == pytest.approx([30, 60], rel=0.1), "two runs of two GPUs each at once"
    assert not run_times.race_time(quick((20,), ("A",))).here, "a run on one GPU is none of two"


def test_replicas_on_a_cpu_train_one_run_after_the_other(writer):
    train(writer, quick((20,), ("A",), settings={"replicas": "2"}), seconds=30.0)
    both = quick((20,), ("A",), seeds=2, settings={"replicas": "2"})
    assert run_times.race_time(both).seconds == pytest.approx(60, rel=0.1)


def test_a_race_that_names_a_gpu_has_that_one(writer, monkeypatch):
    monkeypatch.setattr(run_times, "_gpus", lambda: 4)
    for module in ("devices", "nameable_devices"):
        monkeypatch.setattr(
            f"engine.runs.protocol.planning.{module}", lambda: ("cpu", *(f"cuda:{n}" for n in range(4)))
        )
    train(writer, quick((20,), ("A",)), seconds=30.0, device="cuda:0")
    assert run_times.race_time(quick((20,), ("A",), seeds=4)).seconds == pytest.approx(30, rel=0.1)
    named = quick((20,), ("A",), seeds=4, settings={"device": "cuda:1"})
    assert run_times.race_time(named).seconds == pytest.approx(120, rel=0.1)


def test_images_of_ones_own_have_no_time(writer, monkeypatch):
    race = quick()
    unknown = race.model_copy(
        update={"run": race.run.model_copy(update={"data": race.run.data.model_copy(update={"name": "folder:/x"})})}
    )
    assert run_times.race_time(unknown) is None
