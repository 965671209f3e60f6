"""Which trainings a lab looks at, what is refused, and that a job keeps what it looks at."""

import dataclasses
import shutil

import pytest

from engine.config import LabConfig, RaceConfig, RunConfig, replace
from engine.errors import ConfigError
from engine.events import Evaluated, RunState, Split
from engine.labs.spec import LabSpec, Option
from engine.runs.protocol.inspected_runs import inspected_differences, pin, resolve, suitable
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.engine.runs.conftest import read_checkpoint, write_checkpoint
from tests.engine.runs.protocol.mixed_race import mixed_race

ONE = Option("run", "Run", "Which.", 0, run_reference="run")
SEVERAL = Option("runs", "Runs", "Which.", "", run_reference="runs")
STEP = Option("step", "Step", "Which.", -1, low=-1, high=10**9)
TO_FINISHED = (RunState.STARTING, RunState.RUNNING, RunState.FINISHED)


def lab(option, **more):
    texts = dict.fromkeys(("name", "question", "context", "source", "caveats", "refutation", "lab"), "x")
    return LabSpec(**texts, options=(option, STEP), panels=(), metrics=(), **more)


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path).prepare()


@pytest.fixture
def store(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        yield writer, reader


def saved(workspace, writer, run, *steps):
    for step in steps:
        size = write_checkpoint(workspace.checkpoint(run, step), f"state {step}")
        writer.checkpoints.add(run, step, "tenth", size)


@pytest.fixture
def race(workspace, store):
    """Three finished runs with checkpoints at 30 and 60, and one that still trains."""
    writer, _ = store
    config = RaceConfig(preset="quick", run=RunConfig(), depths=(20, 56), shortcuts=("none", "A"))
    _, runs = writer.races.submit(config)
    for run in runs:
        for state in TO_FINISHED if run != runs[-1] else TO_FINISHED[:2]:
            writer.jobs.move(run, state)
        writer.jobs.update(run, device="cpu", precision="bf16", threads=1)
        saved(workspace, writer, run, 30, 60)
    writer.points.record(runs[0], evaluations=[Evaluated(60, Split.TEST_SUBSET, 0.5, 12.5, 1000, 1.0, 0.1, "running")])
    return runs


def settings(option, value, step=-1):
    return {option.name: value, "step": step}


def test_none_named_means_the_newest_that_suits(store, race):
    _, reader = store
    found = resolve(reader, lab(ONE), settings(ONE, 0))
    assert found.settings == {"run": race[2], "step": 60}
    assert (found.device, found.threads) == ("cpu", 1)
    assert [row.id for row in suitable(reader, lab(ONE))] == [race[2], race[1], race[0]]


def test_several_are_those_of_the_newest_race_as_the_lab_chooses(store, race):
    _, reader = store
    assert resolve(reader, lab(SEVERAL), settings(SEVERAL, "")).settings["runs"] == ",".join(map(str, race[:3]))
    chosen = lab(SEVERAL, choose=lambda configs: [len(configs) - 1, 0])
    assert resolve(reader, chosen, settings(SEVERAL, "")).settings["runs"] == f"{race[2]},{race[0]}"


def test_what_does_not_suit_is_passed_over_and_refused_by_name(store, race):
    _, reader = store
    shy = lab(ONE, suits=lambda configs: "only plain nets" if configs[0].model.shortcut != "none" else "")
    plain = [run for run in race[:3] if reader.runs.get(run).shortcut == "none"]
    assert resolve(reader, shy, settings(ONE, 0)).settings["run"] == max(plain)
    with pytest.raises(ConfigError, match="only plain nets"):
        resolve(reader, shy, settings(ONE, next(run for run in race[:3] if run not in plain)))


def test_bad_questions_are_refused_in_one_line(workspace, store, race):
    writer, reader = store
    job = writer.labs.submit(LabConfig(lab="gradients"))
    bad = [
        (ONE, 99, -1, "there is no run 99"), (ONE, race[3], -1, "is running"), (ONE, job, -1, "not a training"),
        (ONE, race[0], 31, "saved are 30, 60"), (SEVERAL, "1;2", -1, "ids with commas"),
        (SEVERAL, "1,x", -1, "ids with commas"),
        (SEVERAL, "9" * 400, -1, "ids with commas"), (SEVERAL, "1,0", -1, "ids with commas"),
        (SEVERAL, "1,2,3,4,5", -1, "at most 4"),
    ]  # fmt: skip
    for option, value, step, words in bad:
        with pytest.raises(ConfigError, match=words) as caught:
            resolve(reader, lab(option), settings(option, value, step))
        assert "\n" not in str(caught.value)


def test_an_arm_of_its_own_is_no_default_and_says_what_it_is_where_it_is_named(workspace, store):
    writer, reader = store
    mixed = mixed_race(writer, reader)
    assert resolve(reader, lab(ONE), settings(ONE, 0)).settings["run"] == mixed.ordinary[-1]
    assert resolve(reader, lab(SEVERAL), settings(SEVERAL, "")).settings["runs"] == ",".join(map(str, mixed.ordinary))
    offered = {row.id for row in suitable(reader, lab(ONE))}
    assert offered == {*mixed.ordinary, *mixed.own}, "a person may pick them"
    assert resolve(reader, lab(ONE), settings(ONE, mixed.fork)).settings["run"] == mixed.fork
    saved(workspace, writer, mixed.changed, 100, 300)
    assert [pin(workspace, reader, 80 + step, lab(ONE), settings(ONE, mixed.changed, step))[0].difference
            for step in (100, 300)] == ["", "shortcuts cut at 169"]  # fmt: skip
    for run in mixed.ordinary:
        writer.jobs.delete(run)
    with pytest.raises(ConfigError, match=f"arm of its own .run {mixed.fork}: fork of run .* name the one"):
        resolve(reader, lab(ONE), settings(ONE, 0))


def test_a_job_says_the_difference_of_what_it_looked_at(store):
    writer, reader = store
    mixed = mixed_race(writer, reader)

    def said(**settings):
        job = writer.labs.submit(LabConfig(lab="x", settings=settings))
        return inspected_differences(reader, lab(SEVERAL), reader.labs.known(job))

    cut = {mixed.changed: f"A-20, run {mixed.changed}: shortcuts cut at step 169"}
    assert said(runs=f"{mixed.ordinary[0]},{mixed.changed}") == said(runs=str(mixed.changed), step=300) == cut
    assert said(runs=str(mixed.changed), step=100) == said(runs=str(mixed.ordinary[2]), step=-1) == {}


def test_without_a_training_it_says_what_to_do(store):
    with pytest.raises(ConfigError, match="run a race first"):
        resolve(store[1], lab(ONE), settings(ONE, 0))


def test_a_job_keeps_its_states_whatever_becomes_of_the_run(workspace, store, race):
    writer, reader = store
    asked = settings(SEVERAL, f"{race[0]},{race[1]}")
    first, second = pin(workspace, reader, 77, lab(SEVERAL), asked)
    assert (first.run, first.step, second.run) == (race[0], 60, race[1])
    assert read_checkpoint(first.state) == "state 60"
    assert [(step, read_checkpoint(path)) for step, path in first.trail] == [(30, "state 30")]
    assert (first.precision, first.threads) == ("bf16", 1)
    assert first.stored == {"test_subset": (0.5, 12.5, 1000)} and second.stored == {}
    shutil.rmtree(workspace.run(race[0]))
    writer.jobs.delete(race[0])
    again, _ = pin(workspace, reader, 77, lab(SEVERAL), asked)
    assert again == first
    assert read_checkpoint(again.state) == "state 60"


def test_a_chosen_step_takes_nothing_that_came_later(workspace, store, race):
    (found,) = pin(workspace, store[1], 78, lab(ONE), settings(ONE, race[0], 30))
    assert (found.step, found.trail, found.stored) == (30, (), {})


def test_a_checkpoint_that_is_gone_is_said_and_leaves_nothing(workspace, store, race):
    workspace.checkpoint(race[0], 60).unlink()
    with pytest.raises(ConfigError, match="there is no checkpoint at .*; saved are also 30$"):
        pin(workspace, store[1], 79, lab(ONE), settings(ONE, race[0], 60))
    assert not (workspace.run(79) / "subjects" / f"run-{race[0]:05d}").exists()


def test_a_damaged_checkpoint_is_passed_over_and_the_newest_whole_one_is_looked_at(workspace, store, race):
    newest = workspace.checkpoint(race[0], 60)
    newest.write_bytes(newest.read_bytes().replace(b"state 60", b"state 61"))
    assert resolve(store[1], lab(ONE), settings(ONE, race[0])).settings == {"run": race[0], "step": 30}
    (found,) = pin(workspace, store[1], 81, lab(ONE), settings(ONE, race[0]))
    assert (found.step, read_checkpoint(found.state)) == (30, "state 30")
    with pytest.raises(ConfigError, match=f"run {race[0]}, step 60: .* is damaged: the checksum of .*; saved are also"):
        resolve(store[1], lab(ONE), settings(ONE, race[0], 60))
    workspace.checkpoint(race[0], 30).write_bytes(b"")
    with pytest.raises(ConfigError, match="step 30: .* is damaged: it has 0 of"):
        resolve(store[1], lab(ONE), settings(ONE, race[0]))


def test_damaged_states_are_no_part_of_a_trail(workspace, store, race):
    workspace.checkpoint(race[0], 30).write_bytes(b"nothing")
    assert pin(workspace, store[1], 82, lab(ONE), settings(ONE, race[0]))[0].trail == ()


def test_a_state_of_another_training_is_told_by_its_config(workspace, store, race):
    (found,) = pin(workspace, store[1], 83, lab(ONE), settings(ONE, race[0]))
    own = store[1].runs.get(race[0]).config
    assert found.is_of(own)
    assert found.is_of(replace(own, {"device": "cpu", "threads": 2}))
    assert not found.is_of(replace(own, {"model.depth": 32}))
    assert not found.is_of(replace(own, {"seed": 7}))
    assert found._replace(config=None).is_of(replace(own, {"seed": 7}))


def test_the_row_names_its_subject():
    assert lab(ONE).run_option is ONE
    assert dataclasses.replace(lab(ONE), options=(STEP,)).run_option is None
