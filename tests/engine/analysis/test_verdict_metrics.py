"""The verdict of stored races: which errors it reads, at which step, and which runs it leaves out."""

import json
import re

import pytest

from app.data import races, streaming
from app.data.workspace import reading, use
from engine.cli.output import race_document
from engine.config import RaceConfig, replace
from engine.config.presets import PRESETS
from engine.events import Evaluated, RunState, Split, StepRow
from engine.store.rows import ForkPlan
from engine.store.workspace import Workspace
from engine.store.writer import Writer

STEPS = 300


@pytest.fixture
def writer(tmp_path):
    place = Workspace(use(tmp_path / "workspace")).prepare()
    with Writer(place) as found:
        yield found
    use(tmp_path / "elsewhere")


def submit(writer, seeds=3, lr=0.1):
    run = replace(PRESETS["quick"].run, {"optim.steps": STEPS, "optim.lr": lr})
    return writer.races.submit(RaceConfig(preset="quick", run=run, seeds=seeds, shortcuts=("none",)))


def train(writer, runs, steps=STEPS, error=None):
    """Let runs train; ``error(row)`` is their running training error, by default 20 and a tenth per seed."""
    with reading() as reader:
        rows = [reader.runs.get(run) for run in runs]
    for row in rows:
        writer.jobs.move(row.id, RunState.STARTING)
        writer.jobs.move(row.id, RunState.RUNNING)
        value = error(row) if error else 20.0 + row.seed / 10
        writer.points.record(row.id, [StepRow(s, 1.0, 50.0, 1.0, value, 0.1, s) for s in range(1, steps + 1)])
    return rows


def evaluate(writer, run, step, split, error):
    writer.points.record(run, evaluations=[Evaluated(step, split, 1.0, error, 1000, 1.0, 0.1, "running")])


def deeper_above(row):
    return (60.0 if row.depth == 56 else 20.0) + row.seed


def said(runs):
    return streaming.conclusions(runs).statement


def finish(writer, rows, clean):
    """End races with a clean training error, and the running one that ``train`` recorded."""
    for row in rows:
        evaluate(writer, row.id, STEPS, Split.TRAIN_CLEAN, clean(row))
        writer.jobs.move(row.id, RunState.FINISHED)


def test_rates_that_were_tuned_make_it_degradation_and_one_at_the_edge_is_named(writer):
    race, runs = submit(writer, lr="tuned")
    for arm in races.tuning(race):
        with reading() as reader:
            mine = [run for run in runs if reader.runs.get(run).depth == arm.depth]
        trial = arm.trials[2] if arm.depth == 20 else arm.trials[0]
        writer.tuning.take(mine, trial.run, trial.lr, "best")
    finish(writer, train(writer, runs, error=deeper_above), deeper_above)
    statement = said(runs)
    assert statement.headline == "plain-56 learns its training images 40.0 points worse than plain-20."
    assert statement.certainty.why.startswith("Degradation at the rates tried. ")
    assert statement.protocol[-2:] == (
        "Learning rates are tuned per arm: 0.003 to 0.03.",
        "plain-56 is best at the edge of the rates tried: a better one may lie outside.",
    )


def test_while_a_run_trains_the_running_error_counts_and_no_class_is_named(writer):
    _, runs = submit(writer)
    rows = train(writer, runs, error=deeper_above)
    for row in rows:
        evaluate(writer, row.id, STEPS, Split.TRAIN_CLEAN, 5.0)
        evaluate(writer, row.id, STEPS, Split.TEST, 90.0 if row.depth == 56 else 10.0)
    for row in rows[:-1]:
        writer.jobs.move(row.id, RunState.FINISHED)
    assert said(runs).headline == "So far plain-56 learns its training images 40.0 points worse than plain-20."
    assert said(runs).protocol[1] == "The errors are running training errors: means of the last 50 steps."
    writer.jobs.move(rows[-1].id, RunState.FINISHED)
    assert said(runs).headline.startswith(
        "plain-56 learns its training images as well as plain-20 when measured at the end"
    )
    assert said(runs).certainty.label == "No conclusion: the errors disagree"


def test_at_the_end_the_full_test_set_and_the_clean_error_count(writer):
    _, runs = submit(writer)
    for row in train(writer, runs):
        evaluate(writer, row.id, STEPS, Split.TRAIN_CLEAN, 10.0 + row.seed)
        evaluate(writer, row.id, STEPS, Split.TEST_SUBSET, 10.0)
        evaluate(writer, row.id, STEPS, Split.TEST, 12.0 + 3 * (row.depth == 56))
        writer.jobs.move(row.id, RunState.FINISHED)
    statement = said(runs)
    assert statement.headline.endswith(" as well as plain-20, but does 3.0 points worse on test images.")
    assert statement.certainty.why.startswith("Overfitting, not degradation at one learning rate: ")
    assert statement.protocol[1].startswith("The errors are clean training errors")


def test_an_earlier_evaluation_is_no_ground_for_a_conclusion(writer):
    _, runs = submit(writer)
    for row in train(writer, runs):
        evaluate(writer, row.id, STEPS - 1, Split.TRAIN_CLEAN, 90.0)
        writer.jobs.move(row.id, RunState.FINISHED)
    assert said(runs).headline == "No figures to compare yet."


def test_a_clean_error_that_the_running_one_does_not_bear_out_is_no_conclusion(writer):
    _, runs = submit(writer)
    finish(writer, train(writer, runs), deeper_above)
    assert said(runs).headline.startswith("plain-56 learns its training images 40.0 points worse than plain-20 when")
    assert said(runs).certainty.label == "No conclusion: the errors disagree"


def test_runs_of_several_races_are_not_set_against_each_other(writer):
    _, first = submit(writer)
    _, second = submit(writer, seeds=1)
    train(writer, [*first, *second], error=deeper_above)
    assert said(first).headline.startswith("So far plain-56 learns its training images 40.0 points worse")
    assert said([*first, *second]).text == "No verdict: these runs come from different races."


def test_a_fork_takes_no_part(writer):
    _, runs = submit(writer)
    rows = train(writer, runs, error=deeper_above)
    before = said(runs)
    with reading() as reader:
        parent = reader.runs.get(rows[1].id)
    child = writer.interventions.fork(parent, ForkPlan(parent.config, 100, ()), 1.0, lambda run: 4096)
    train(writer, [child], error=lambda row: 1.0)
    assert said([*runs, child]) == before


def test_a_run_whose_mean_is_not_finite_has_no_figure(writer):
    _, runs = submit(writer)
    train(writer, runs, error=lambda row: float("nan") if (row.depth, row.seed) == (56, 1) else deeper_above(row))
    words = said(runs).text
    assert " 2 of 3 seeds, compared at " in words
    assert not re.search("nan|inf", words)


def test_page_and_json_say_the_same_of_the_same_rows(writer):
    race, runs = submit(writer)
    finish(
        writer, train(writer, runs, error=deeper_above), lambda row: deeper_above(row) + (row.depth == 56) * row.seed
    )
    with reading() as reader:
        document = json.loads(json.dumps(race_document(reader, race)))
    assert document["verdict"].pop("text") == said(runs).text == streaming.history(runs, 100).conclusions.statement.text
    low, high = (pytest.approx(41 + side * 4.3027 / 3**0.5, abs=1e-3) for side in (-1, 1))
    assert document["verdict"] == {
        "kind": "degradation at one learning rate",
        "provisional": False,
        "comparisons": [
            {"shortcut": "none", "deep": 56, "shallow": 20, "seeds": 3, "gap": 41.0, "low": low, "high": high}
        ],
        "cure": None,
        "needed_seeds": None,
    }
    assert list(document) == ["race", "runs", "verdict"]


def test_a_prediction_is_held_against_the_stored_errors(writer):
    _, runs = submit(writer)
    rows = train(writer, runs, error=deeper_above)
    (depth, depth_told), (arms, told) = streaming.conclusions(runs).predictions
    assert depth.text == "56 layers: better or worse than 20?"
    assert depth_told.outcome == "Worse: plain-56 has 61 %, plain-20 21 %"
    assert [choice.key for choice in arms.choices] == ["plain-20", "plain-56"]
    assert told.truth == (
        "So far (step 300 of 300) plain-20 has the lower running training error, 21.0 % (3 seeds, 20.0 to 22.0)"
    )
    assert told.rests == ("; plain-56 61.0 % (3 seeds, 60.0 to 62.0).",) * 2
    finish(writer, rows, lambda row: deeper_above(row) / 2)
    (_, at_the_end), _ = streaming.conclusions(runs).predictions
    assert "the clean training error of plain-56 is 30.5 %" in at_the_end.truth, "the measure of the verdict"
    _, others = submit(writer, seeds=1)
    ((several, _),) = streaming.conclusions([*runs, *others]).predictions
    assert [choice.key for choice in several.choices][:3] == [
        "plain-20 (race 1)",
        "plain-56 (race 1)",
        "plain-20 (race 2)",
    ]
