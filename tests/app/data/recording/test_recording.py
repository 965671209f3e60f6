"""What a replay is told of a stored race: the verdict of each moment as the live page had it, and nothing private."""

import json

import pytest

from app.data import streaming
from app.data.recording.recording import recording
from app.live.race.messages import recording_document
from engine.config import RaceConfig, RunConfig, replace
from engine.events import Evaluated, RunState, Split, StepRow
from engine.exchange.recordings import get_recording
from engine.exchange.transfer import import_from
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
    go_on_from(writer, runs, 151, STEPS)


def go_on_from(writer: Writer, runs: list[int], first: int, last: int) -> None:
    for run, error, slower in zip(runs, ERRORS, (1, 2, 1, 2), strict=False):
        record(writer, run, first, last, error, slower)
    end(writer, runs)


def test_moments_go_from_the_begin_to_the_end_by_steps_and_by_the_clock_of_the_last_run(race):
    writer, runs = race
    begun = recording(runs, 2000).moments
    go_on(writer, runs)
    found = recording(runs, 2000).moments
    for moments in found:
        assert [one.at for one in moments] == sorted({one.at for one in moments})
        assert moments[0].at == 0
        assert moments[0].said.statement.headline == begun.step[0].said.statement.headline
        assert moments[0].said.statement.headline.startswith("Training has begun.")
    # The last evaluation takes until second 99.
    assert (found.step[-1].at, found.seconds[-1].at) == (STEPS, 99.0)
    inner = [one for one in found.seconds[1:-1] if one.said.gaps]
    assert inner
    assert [one.at for one in inner] == pytest.approx([2 * EVERY_S * one.said.gaps.step for one in inner])


def test_what_was_final_early_does_not_wait_for_an_arm_that_trains_on(place):
    """The pair of plain nets is done at step 300; A-56, whose mate was deleted, is extended to 900 steps."""
    config = RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS}))
    with Writer(place.prepare()) as writer:
        _, (plain_20, plain_56, a_20, a_56) = writer.races.submit(config)
        writer.jobs.delete(a_20)
        runs = [plain_20, plain_56, a_56]
        begin(writer, runs)
        go_on_from(writer, runs, 1, STEPS)
        writer.interventions.extend(a_56, 900, 5.0)
        begin(writer, [a_56])
        record(writer, a_56, STEPS + 1, 900, 20.0)
        end(writer, [a_56])
    found = recording(runs, 2000)
    live = streaming.conclusions(runs)
    early = next(one for one in found.moments.step if one.said.statement == live.statement)
    assert early.at == STEPS
    assert found.old_ends == {a_56: [STEPS]}


def test_a_race_whose_last_run_waits_has_begun(place):
    config = RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS}))
    with Writer(place.prepare()) as writer:
        _, runs = writer.races.submit(config)
        begin(writer, runs[:3])
        for run in runs[:3]:
            record(writer, run, 1, 150, 40.0)
    for moments in recording(runs, 2000).moments:
        assert moments[0].said.statement.headline.startswith("Training has begun.")
        assert len({one.at for one in moments}) == len(moments)


def test_a_selection_of_runs_has_its_own_questions_and_the_verdict_of_the_race(race):
    writer, runs = race
    go_on(writer, runs)
    chosen = [runs[0], runs[2]]
    live = streaming.conclusions(chosen)
    for moments in recording(chosen, 2000).moments:
        assert moments[-1].said == live
    assert live.predictions != streaming.conclusions(runs).predictions


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
    assert next(cut for cut in found.cuts.step if cut.said).at == 61
    for cuts in found.cuts:
        assert [cut.at for cut in cuts] == sorted({cut.at for cut in cuts})
        assert cuts[-1].said == streaming.conclusions([*mixed.ordinary, *mixed.own]).cut
    begun = next(cut for cut in found.cuts.seconds if cut.said)
    assert begun.at == pytest.approx(61 * EVERY_S)


def test_a_race_without_a_step_has_words_but_no_end(place):
    with Writer(place.prepare()) as writer:
        _, runs = writer.races.submit(RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": STEPS})))
    found = recording(runs, 2000)
    assert [[one.at for one in moments] for moments in found.moments] == [[0], [0]]
    assert (found.cuts, found.differences, found.old_ends) == (([], []), {}, {})


def test_runs_of_several_races_have_one_sentence_and_unknown_ones_are_left_out(place):
    with Writer(place.prepare()) as writer:
        one, other = (writer.races.submit(RaceConfig(preset="quick", run=RunConfig()))[1] for _ in range(2))
    found = recording([one[0], other[0], 99], 2000)
    assert list(found.history.series) == [one[0], other[0]]
    assert [moment.said.statement for moment in found.moments.step] == [streaming.SEVERAL_RACES]
    assert found.moments.step == found.moments.seconds
    assert found.cuts == ([], [])
    assert streaming.conclusions([one[0], other[0]]).statement == streaming.SEVERAL_RACES
    assert recording([99], 2000).moments == ([], [])


def test_runs_of_several_races_have_their_differences(place):
    cut = min(import_from(place, get_recording("cut").path, lambda done, total, what: None).races)
    with Writer(place) as writer:
        _, other = writer.races.submit(RaceConfig(preset="quick", run=RunConfig()))
    with Reader(place) as reader:
        runs = [row.id for row in reader.runs.all(cut)]
    alone, both = recording(runs, 100), recording([*runs, other[0]], 100)
    assert alone.differences == both.differences != {}


def test_the_document_has_each_part_of_the_conclusions_once(race):
    writer, runs = race
    go_on(writer, runs)
    found = recording(runs, 2000)
    document = json.loads(recording_document(found))
    assert {"runs", "cards", "moments", "cuts", "differences", "ends"} <= document.keys()
    parts = document["moments"]["parts"]
    assert "cut" not in parts
    assert all(values.count(value) == 1 for values in parts.values() for value in values)
    for by, moments in found.moments._asdict().items():
        for (at, *places), moment in zip(document["moments"][by], moments, strict=True):
            said = {key: values[place] for (key, values), place in zip(parts.items(), places, strict=True)}
            assert at == pytest.approx(moment.at, abs=0.001)
            assert said["g"] == moment.said.statement.headline
            assert len(said["rows"]) == len(moment.said.statement.rows)
            assert [one["outcome"] for one in said["t"]] == [known.outcome for _, known in moment.said.predictions]
    # The errors of this race stay as they are, so that most moments name another step alone.
    assert len(parts["rows"]) < len(parts["sure"]) <= len(document["moments"]["step"])


def test_a_cut_is_the_finding_where_nothing_else_is_compared(place):
    race = min(import_from(place, get_recording("cut").path, lambda done, total, what: None).races)
    with Reader(place) as reader:
        runs = [row.id for row in reader.runs.all(race)]
    now = streaming.conclusions(runs)
    assert all(words in now.cut for words in ("A-56", "step 150", "training error"))
    assert now.alone is not None
    assert now.alone.kind == "demonstration"
    found = recording(runs, 100)
    assert found.cuts.step[-1].said == found.cuts.seconds[-1].said == now.cut
    assert {moment.said.alone for moment in (*found.moments.step, *found.moments.seconds)} == {now.alone}


def test_a_race_with_a_finding_of_its_own_keeps_it(race):
    _, runs = race
    assert streaming.conclusions(runs).alone is None
    assert {moment.said.alone for moment in recording(runs, 100).moments.step} == {None}
