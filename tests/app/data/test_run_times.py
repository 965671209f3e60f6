"""How long races take here, as the page knows it: which measurements hold. A store without an engine."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from app import data
from app.data import run_times
from engine.config import LabConfig, replace
from engine.errors import CommandRefused
from engine.events import CurveName, CurveUpdated, MetricReported, RunState
from engine.labs.registry import check_settings, get_lab
from engine.labs.timing.arms import race_of, timed_arms
from engine.runs.client.process import EngineProcess
from engine.store.reader import Reader
from engine.store.tables.labs import CONCURRENT_JOBS
from engine.store.writer import Writer

HERE = "a processor, 2 cores"


@pytest.fixture
def writer(workspace, monkeypatch):
    data.use(workspace.path)
    monkeypatch.setattr(run_times, "_machine", lambda: HERE)
    monkeypatch.setattr(run_times, "_gpus", lambda: 0)
    monkeypatch.setattr(run_times, "cores", lambda: 2)
    with Writer(workspace) as writer:
        yield writer
    data.use(workspace.path)


def measure(writer, preset="quick", machine=HERE, started=100.0, share=0.99, state=RunState.FINISHED, **settings):
    """Write a job of the lab as a worker would have done it: 1 microsecond per thousand multiply-adds."""
    lab = get_lab("timing")
    asked = {"preset": preset, "data": data.preset_source(preset), **settings}
    config = LabConfig(lab="timing", settings=check_settings(lab, asked))
    run = writer.labs.submit(config, machine=machine)
    writer.jobs.move(run, RunState.STARTING)
    writer.jobs.move(run, RunState.RUNNING, started=started)
    curves = {}
    for arm in timed_arms(race_of(preset, asked["data"]), "cpu"):
        if arm.batch:
            curves.setdefault(arm.run.model.shortcut, []).append(arm.multiply_adds / 1e6)
    traces = [
        CurveUpdated(panel, CurveName(shortcut), works, [work * factor for work in works])
        for shortcut, works in curves.items()
        for panel, factor in (("training", 0.1), ("evaluation", 0.02))
    ]
    figures = [MetricReported("undisturbed_share", share), MetricReported("all_cores_speedup", 1.7)]
    writer.labs.results(run, traces, figures)
    if state != RunState.RUNNING:
        conclude(writer, run, state, started + 5)
    return run


def conclude(writer, run, state=RunState.FINISHED, ended=105.0):
    """End a job as its worker does: who else had one is put on record."""
    with Reader(writer.workspace) as reader:
        writer.labs.results(run, (), [MetricReported(CONCURRENT_JOBS, float(reader.labs.concurrent_jobs(run)))])
    writer.jobs.move(run, state, ended=ended)


def test_nothing_is_claimed_before_it_is_measured(writer):
    assert {name: found.state for name, found in data.timings().items()} == dict.fromkeys(data.presets(), "none")
    race = data.planned((20, 56), ("none", "A"))
    assert data.race_time(race) == data.Timing("none")


def test_a_measured_preset_has_seconds_and_its_race_the_same(writer):
    measure(writer)
    found = data.timings()["quick"]
    assert found.state == "measured" and found.seconds > 10
    assert not found.extrapolated and not found.busy and not found.bound
    race = data.planned((20, 56), ("none", "A"))
    assert data.race_time(race).seconds == pytest.approx(found.seconds)
    twice = data.race_time(data.planned((20, 56), ("none", "A"), seeds=2))
    assert 1.9 * found.seconds < twice.seconds < 2.4 * found.seconds
    longer = data.race_time(data.planned((20, 56), ("none", "A"), steps=3000))
    assert 5 * found.seconds < longer.seconds < 10 * found.seconds
    wider = data.race_time(data.planned((20, 56), ("none", "A"), settings={"width": "16"}))
    assert wider.extrapolated and 3 * found.seconds < wider.seconds < 5 * found.seconds
    zoo = data.race_time(data.planned((20,), ("gated",)))
    assert zoo.extrapolated and zoo.seconds > 1


@pytest.mark.parametrize(
    "changed",
    [{"machine": "another one"}, {"machine": ""}, {"images": 8}, {"precision": "fp32"}, {"state": RunState.FAILED}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_measurement_of_something_else_is_not_taken(writer, changed):
    measure(writer, **changed)
    assert data.timings()["quick"].state in ("none", "failed")


def test_other_versions_have_other_times(writer, monkeypatch):
    measure(writer)
    monkeypatch.setattr(run_times, "versions", lambda: {"skipscope": "99", "torch": "2"})
    assert data.timings()["quick"].state == "none"


def test_a_measurement_beside_a_race_is_not_taken_one_after_it_is(writer):
    trained = train(writer)
    measure(writer, started=100.0)
    assert data.timings()["quick"].state == "none", "the race trains on"
    measured = measure(writer, started=100.0, state=RunState.RUNNING)
    writer.jobs.move(trained, RunState.FINISHED, ended=103.0)
    conclude(writer, measured)
    assert data.timings()["quick"].state == "none", "it trained for a part of the time"
    measure(writer, started=200.0)
    assert data.timings()["quick"].state == "measured"


def train(writer, heartbeat=95.0):
    """Write a run that trains; return it."""
    _, (run,) = writer.races.submit(data.planned((8,), ("A",)))
    writer.jobs.move(run, RunState.STARTING, started=90.0)
    writer.jobs.move(run, RunState.RUNNING, heartbeat=heartbeat)
    return run


def test_a_run_that_was_paused_before_is_no_company_whatever_becomes_of_it(writer):
    run = train(writer)
    writer.jobs.move(run, RunState.PAUSED)
    measure(writer, started=100.0)
    assert data.timings()["quick"].state == "measured"
    writer.jobs.move(run, RunState.QUEUED)
    writer.jobs.move(run, RunState.STARTING, heartbeat=None, ended=None)
    writer.jobs.move(run, RunState.RUNNING, heartbeat=210.0)
    assert data.timings()["quick"].state == "measured", "it goes on after the measurement"
    writer.jobs.move(run, RunState.FINISHED, ended=220.0)
    assert data.timings()["quick"].state == "measured"
    writer.interventions.extend(run, 5000, 230.0)
    assert data.timings()["quick"].state == "measured"


def test_a_run_that_was_paused_meanwhile_is_company(writer):
    run = train(writer, heartbeat=101.0)
    writer.jobs.move(run, RunState.PAUSED)
    measure(writer, started=100.0)
    assert data.timings()["quick"].state == "none"


def test_a_measurement_that_is_disturbed_every_time_is_given_up(writer):
    run = train(writer)
    for started in (100.0, 200.0):
        measure(writer, started=started)
        assert data.timings()["quick"].state == "none"
    measure(writer, started=300.0)
    assert data.timings()["quick"].state == "disturbed"
    writer.jobs.move(run, RunState.FINISHED, ended=390.0)
    measure(writer, started=400.0)
    assert data.timings()["quick"].state == "measured"


def test_a_busy_machine_and_another_precision_are_told_apart(writer):
    measure(writer, share=0.4)
    assert data.timings()["quick"].busy
    other = data.planned((20,), ("none",), settings={"precision": "fp32"})
    assert data.race_time(other).state == "none", "nothing was timed in this precision"


def test_deep_nets_are_extrapolated(writer):
    measure(writer, "paper")
    found = data.timings()["paper"]
    assert found.state == "measured" and found.extrapolated and found.seconds > 86_400
    for depths in ((20, 110), (1202,)):
        assert data.race_time(paper(depths)).extrapolated, "timed in smaller steps than it trains with, or not at all"
    assert not data.race_time(paper((20,))).extrapolated, "122 of 128 images"


def paper(depths):
    return replace(race_of("paper", data.preset_source("paper")), {"depths": list(depths)})


def test_steps_of_another_size_than_was_timed_are_extrapolated(writer):
    measure(writer)
    assert data.race_time(data.planned((20, 56), ("none", "A"), settings={"batch_size": "64"})).extrapolated


def test_what_is_being_measured_says_so_and_nothing_is_measured_beside_it(writer, monkeypatch):
    monkeypatch.setattr(type(run_times.current().control.engine), "status", lambda self: _Alive)
    assert data.can_measure()
    measure(writer, state=RunState.RUNNING)
    assert data.timings()["quick"].state == "measuring"
    assert not data.can_measure()


def test_nothing_is_measured_unasked_without_an_engine_or_just_after_a_race(writer, monkeypatch):
    assert not data.can_measure()
    monkeypatch.setattr(type(run_times.current().control.engine), "status", lambda self: _Alive)
    _, (trained,) = writer.races.submit(data.planned((8,), ("A",)))
    assert not data.can_measure(), "it waits for a worker"
    writer.jobs.move(trained, RunState.STARTING, started=1.0)
    writer.jobs.move(trained, RunState.RUNNING)
    writer.jobs.move(trained, RunState.FINISHED, ended=run_times.time.time() - 2)
    assert not data.can_measure()
    monkeypatch.setattr(run_times, "QUIET_S", 1.0)
    assert data.can_measure()


def test_of_two_pages_that_find_a_quiet_machine_one_measures(writer, monkeypatch):
    control = type(run_times.current().control)
    monkeypatch.setattr(EngineProcess, "status", lambda self: _Alive)
    both = threading.Barrier(2)

    def start_lab(self, name, settings):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # another page has looked before the job is there
        lab = get_lab(name)
        return writer.labs.submit(LabConfig(lab=name, settings=check_settings(lab, settings)), machine=HERE)

    monkeypatch.setattr(control, "start_lab", start_lab)
    with ThreadPoolExecutor(2) as pages:
        jobs = list(pages.map(lambda preset: data.start_timing(preset, unasked=True), ("quick", "talk")))
    assert len([job for job in jobs if job]) == 1
    [job] = filter(None, jobs)
    measured = "quick" if jobs[0] else "talk"
    assert data.start_timing(measured) == job, "asked for again while it is measured"


def test_one_refusal_does_not_keep_the_other_measurements_going(writer, monkeypatch):
    first, second = (measure(writer, preset, state=RunState.RUNNING) for preset in ("quick", "talk"))
    told = []

    def command(verb, run):
        told.append((verb, run))
        raise CommandRefused("it has ended")

    monkeypatch.setattr(run_times, "command", command)
    data.stop_timing()
    assert sorted(told) == [("stop", first), ("stop", second)]


class _Alive:
    state = "alive"
