"""A race with a fork, a live change and a second recipe says of its other runs the same as without them."""

import numpy as np
import pytest

from app.data import guide, labs, probes, run_table, streaming
from app.data.workspace import use
from engine.config import LabConfig
from engine.events import CurveName, CurveUpdated, MetricReported, Probed, RunState, StepRow
from engine.labs.registry import LABS
from engine.runs.protocol.inspected_runs import resolve
from engine.runs.worker.training_job import CODINGS
from engine.store.reader import Reader
from engine.store.tables.probes import LayerRow
from engine.store.writer import Writer
from tests.engine.runs.protocol.mixed_race import STEPS, mixed_race

CUT = "shortcuts cut at step 169"


@pytest.fixture
def writer(workspace):
    use(workspace.path)
    with Writer(workspace) as writer:
        yield writer


@pytest.fixture
def mixed(writer, workspace):
    """Every run with other errors and responses, so that one that is counted among others shows."""
    with Reader(workspace) as reader:
        mixed = mixed_race(writer, reader)
    for run in (*mixed.ordinary, *mixed.own):
        error = 20.0 + run**2
        writer.points.record(run, [StepRow(s, 2.0, error, 2.0, error, 0.1, s / 10) for s in range(70, STEPS + 1)])
        writer.probes.add_layers(run, [LayerRow("layer", at, f"layer{at}", 1, 2) for at in range(3)])
        for step in (70, STEPS):
            values = {
                "response_std": np.full(3, 1 / run, dtype=np.float32),
                "gradient_growth": np.full(4, 1 + run / 100, dtype=np.float32),
            }
            writer.probes.add(run, Probed(step, 10.0 + step, 0.5, 32, values), CODINGS)
    return mixed


@pytest.mark.parametrize("quantity", ["response_std", "gradient_growth"])
def test_layers_and_gradients(mixed, quantity):
    def findings(runs):
        return probes.inside(runs, [quantity], 100, quantity).findings

    alone, together = findings(mixed.ordinary), findings([*mixed.ordinary, *mixed.own])
    assert alone.keys() == together.keys() == {70, STEPS}
    for step, found in together.items():
        own = {key: found.arms[key] for key in found.arms if key.startswith("run ")}
        assert own.keys() == {f"run {run}" for run in mixed.own}
        assert {key: words for key, words in found.arms.items() if key not in own} == alone[step].arms
        assert (found.opening, found.closing) == (alone[step].opening, alone[step].closing)


def test_the_verdict_and_the_question_to_a_room(mixed):
    alone, together = streaming.conclusions(mixed.ordinary), streaming.conclusions([*mixed.ordinary, *mixed.own])
    assert [question for question, _ in together.predictions] == [question for question, _ in alone.predictions]
    assert together.verdict.startswith(alone.verdict.partition("After")[0])
    assert f"Changed while training: A-20 (seed 1) ({CUT}). Of another recipe: plain-20 (seed 1)" in together.verdict
    # The verdict is about the whole race, whichever of its runs are shown.
    assert alone.verdict == together.verdict


@pytest.mark.parametrize("lab", ["lesion", "landscape"])
def test_labs_look_at_comparable_runs_unless_one_is_named(workspace, mixed, lab):
    spec = LABS[lab]
    with Reader(workspace) as reader:
        chosen = resolve(reader, spec, spec.defaults()).settings["runs"]
    assert set(map(int, chosen.split(","))) <= set(mixed.ordinary)
    offered = labs.lab_trainings(lab)
    assert offered[mixed.changed].endswith(f"run {mixed.changed}: {CUT}")
    assert offered[mixed.ordinary[2]].endswith(f"run {mixed.ordinary[2]}")


def lesion(writer, *runs, error=27.8):
    settings = LABS["lesion"].defaults() | {"runs": ",".join(map(str, runs))}
    job = writer.labs.submit(LabConfig(lab="lesion", settings=settings))
    curve = CurveUpdated("deleted", CurveName("A-20"), [0, 1], [error, 89.5])
    writer.labs.results(job, [curve], [MetricReported("residual_error_before", error)])
    for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
        writer.jobs.move(job, state)
    return job


def test_the_guide_takes_the_newest_job_on_comparable_runs_and_names_another(writer, mixed):
    number = guide.ResultReference("figure", "lesion", "residual_error_before")
    finding = guide.ResultReference("finding", "lesion", "deleted")
    lesion(writer, mixed.changed)
    words = f"A-20, run {mixed.changed}: {CUT}"
    found = guide.measurements([number, finding])
    assert (found[number].value, found[number].differences) == (27.8, words)
    assert found[finding].text.endswith(f"({words})")
    usual = lesion(writer, mixed.ordinary[2], error=13.5)
    lesion(writer, mixed.fork)
    found = guide.measurements([number, finding])
    assert (found[number].job, found[number].value, found[number].differences) == (usual, 13.5, "")
    assert CUT not in found[finding].text


def test_a_job_on_a_changed_run_says_so_on_its_page(writer, mixed):
    news = labs.lab_news(lesion(writer, mixed.ordinary[0], mixed.changed))
    assert news.differences == labs.job_differences(news.job) == [f"A-20, run {mixed.changed}: {CUT}"]
    assert labs.lab_news(lesion(writer, mixed.ordinary[2])).differences == []


def test_cards_and_the_table_of_runs_say_the_difference(mixed):
    cards = {
        card["run"]: card["difference"] for card in streaming.history([*mixed.ordinary, *mixed.own], 100).run_summaries
    }
    assert {run: words for run, words in cards.items() if words} == {
        mixed.changed: CUT,
        mixed.recipe: "weight decay 0.001",
        mixed.fork: f"fork of run {mixed.ordinary[3]} at step 60, shortcuts cut",
    }
    rows = {row.id: row.difference for row in run_table.table_rows()}
    assert {run: words for run, words in rows.items() if words} == {
        mixed.changed: "shortcuts cut at 169",
        mixed.recipe: "weight decay 0.001",
        mixed.fork: "shortcuts cut at 60",
    }
