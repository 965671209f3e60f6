"""What a replay is told of a stored race: the verdict of each moment as the live page had it, and nothing private."""

import json

import pytest

from app.data import streaming
from app.data.recording.recording import recording
from app.live.race.messages import recording_document
from engine.config import RaceConfig, RunConfig, replace
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.engine.runs.protocol.mixed_race import mixed_race

STEPS, EVERY_S = 300, 0.1
#: Errors of plain-20, plain-56, A-20 and A-56, in percent.
ERRORS = (40.0, 60.0, 30.0, 25.0)


def record(writer: Writer, run: int, first: int, last: int, error: float, slower: float = 1.0) -> None:
    writer.points.record(
        run, [StepRow(s, 2.0, error, 2.0, error, 0.1, s * EVERY_S * slower) for s in range(first, last + 1)]
    )


def begin(writer: Writer, runs: list[int]) -> None:
    for run in runs:
        for state in (RunState.STARTING, RunState.RUNNING):
            writer.jobs.move(run, state, device="cpu", threads=1)


def end(writer: Writer, runs: list[int]) -> None:
    for run in runs:
        evaluations = [Evaluated(STEPS, split, 1.0, 50.0, 1000, 99.0, 0.1, "running") for split in Split]
        writer.points.record(run, evaluations=[one for one in evaluations if one.split is not Split.TRAIN])
        writer.jobs.move(run, RunState.FINISHED)


@pytest.fixture
def race(place):
    """A race of four runs at step 150 of 300; the deep nets are half as fast. Yields its writer and its runs."""
    config = RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS}))
    with Writer(place.prepare()) as writer:
        _, runs = writer.races.submit(config)
        begin(writer, runs)
        for run, error, slower in zip(runs, ERRORS, (1, 2, 1, 2), strict=True):
            record(writer, run, 1, 150, error, slower)
        yield writer, runs


def go_on(writer: Writer, runs: list[int]) -> None:
    for run, error, slower in zip(runs, ERRORS, (1, 2, 1, 2), strict=True):
        record(writer, run, 151, STEPS, error, slower)
    end(writer, runs)


def test_a_moment_says_what_the_live_page_said_then(race):
    writer, runs = race
    live = streaming.conclusions(runs)
    go_on(writer, runs)
    found = recording(runs, 2000)
    moment = next(one for one in found.moments if one.step == 150)
    assert moment.conclusions == live
    assert moment.conclusions.statement != streaming.conclusions(runs).statement
    assert found.moments[-1].conclusions.statement == streaming.conclusions(runs).statement
    assert found.moments[-1].conclusions.gaps == streaming.conclusions(runs).gaps


def test_moments_go_from_the_begin_to_the_end_by_the_clock_of_the_last_run(race):
    writer, runs = race
    begun = recording(runs, 2000).moments
    go_on(writer, runs)
    found = recording(runs, 2000).moments
    assert [one.step for one in found] == sorted({one.step for one in found})
    assert found[0][:2] == (0, 0.0)
    assert found[-1] == (STEPS, None, found[-1].conclusions)
    assert found[0].conclusions.statement.headline == begun[0].conclusions.statement.headline
    assert found[0].conclusions.statement.headline.startswith("Training has begun.")
    inner = found[1:-1]
    assert inner
    assert [one.seconds for one in inner] == pytest.approx([2 * EVERY_S * one.step for one in inner])


def test_nothing_of_this_machine_is_told(race):
    writer, runs = race
    writer.checkpoints.add(runs[0], 100, "end", 5000)
    for summary in recording(runs, 2000).history.run_summaries:
        assert (summary["log"], summary["checkpoints"], summary["checkpoint_bytes"]) == ("", 0, 0)


def test_each_run_is_an_arm_of_its_own_from_its_difference_on_and_a_cut_has_its_words(place):
    with Writer(place.prepare()) as writer, Reader(place) as reader:
        mixed = mixed_race(writer, reader)
        for run in (*mixed.ordinary, *mixed.own):
            record(writer, run, 61 if run == mixed.fork else 1, STEPS, 20.0 + run)
    found = recording([*mixed.ordinary, *mixed.own], 2000)
    named = {run: [(step, name) for step, _, name in of] for run, of in found.differences.items()}
    assert named == {
        mixed.changed: [(0, ""), (169, "shortcuts cut at 169")],
        mixed.recipe: [(0, named[mixed.recipe][0][1])],
        mixed.fork: [(61, "shortcuts cut at 60")],
    }
    assert "weight decay" in named[mixed.recipe][0][1]
    assert found.cuts[0][:2] == (61, pytest.approx(61 * EVERY_S))
    assert [cut.step for cut in found.cuts[:-1]] == sorted(cut.step for cut in found.cuts[:-1])
    assert found.cuts[-1] == (None, None, streaming.conclusions([*mixed.ordinary, *mixed.own]).cut)


def test_a_race_without_a_step_has_words_but_no_end(place):
    with Writer(place.prepare()) as writer:
        _, runs = writer.races.submit(RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS})))
    found = recording(runs, 2000)
    assert [(one.step, one.seconds) for one in found.moments] == [(0, 0.0)]
    assert (found.cuts, found.differences) == ([], {})


def test_runs_of_several_races_have_no_moments_and_unknown_ones_are_left_out(place):
    with Writer(place.prepare()) as writer:
        one, other = (writer.races.submit(RaceConfig(preset="quick", run=RunConfig()))[1] for _ in range(2))
    found = recording([one[0], other[0], 99], 2000)
    assert list(found.history.series) == [one[0], other[0]]
    assert found.moments == []


def test_the_document_tells_of_each_moment_what_is_new(race):
    writer, runs = race
    go_on(writer, runs)
    found = recording(runs, 2000)
    document = json.loads(recording_document(found))
    assert {"runs", "cards", "moments", "cuts", "differences"} <= document.keys()
    said: dict = {}
    for (step, seconds, news), moment in zip(document["moments"], found.moments, strict=True):
        said |= news
        assert step == moment.step
        assert (seconds is None) == (moment.seconds is None)
        assert said["g"] == moment.conclusions.statement.headline
        assert len(said["rows"]) == len(moment.conclusions.statement.rows)
    assert "cut" not in document["moments"][0][2]
    assert len(document["moments"][1][2]) <= len(document["moments"][0][2])
