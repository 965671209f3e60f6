"""Recorded results: a file keeps what was measured, a broken one is one line, and every lab has one."""

import json
from datetime import date
from statistics import fmean

import numpy as np
import pytest

from engine.analysis.comparison import ComparedRun
from engine.analysis.statement import conclude
from engine.analysis.verdict import RaceErrors
from engine.cli.reference import SETTINGS
from engine.config import LabConfig, RaceConfig, RunConfig
from engine.errors import DataError
from engine.events import CurveName, CurveUpdated, MetricReported, RunState, StepRow
from engine.exchange import lab_reference, race_reference
from engine.exchange.recorded_errors import recorded_runs
from engine.exchange.recordings import recordings
from engine.exchange.reference_files import Origin
from engine.labs.registry import LABS
from engine.models.arm_names import arm_label
from engine.store.reader import Reader
from engine.store.writer import Writer

ORIGIN = Origin(date(2026, 5, 3), "A processor", {"torch": "2.14.1"})
NAMES = (CurveName("plain"), CurveName("plain", "gain", 1.5, "identity", "seed 2"))


@pytest.fixture
def job(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        number = writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults()))
        curves = [CurveUpdated("norm", name, [1, 2, 3], [0.123456, float("nan"), 1e-9]) for name in NAMES]
        metrics = [MetricReported("whole", 12.0), MetricReported("none", float("inf"))]
        writer.labs.results(number, curves, metrics)
        for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            writer.jobs.move(number, state)
        yield reader, reader.labs.known(number)


def test_a_lab_comes_back_as_it_was_recorded_with_four_digits(job, tmp_path):
    reader, row = job
    path = lab_reference.write(lab_reference.of_job(reader, row, ("A-20, seed 0",)), tmp_path)
    found = lab_reference.read("gradients", tmp_path)
    assert (found.settings, found.inspected) == (row.config.settings, ("A-20, seed 0",))
    assert found.metrics == {"whole": 12, "none": None}
    assert [(curve.panel, curve.name) for curve in found.curves] == [("norm", name) for name in NAMES]
    for curve in found.curves:
        np.testing.assert_array_equal(curve.x, [1, 2, 3])
        np.testing.assert_array_equal(curve.y, np.array([0.1235, np.nan, 1e-9], dtype=np.float32))
    assert found.origin.versions.keys() == {"skipscope", "commit", "python", "torch"}
    assert len(path.read_text().splitlines()) < 80, "one curve a line"


def test_the_origin_in_words():
    assert ORIGIN.text == "recorded on 3 May 2026, A processor, torch 2.14.1"


def test_no_file_is_no_reference(tmp_path):
    assert lab_reference.read("gradients", tmp_path) is None
    assert race_reference.read("quick", tmp_path) is None


def test_the_race_that_the_guide_cites_is_the_recorded_one():
    """So that guide, README and replay say the same of one race."""
    cited = {
        (run["depth"], run["shortcut"], run["seed"]): (run["train_error"], run["train_clean_error"], run["test_error"])
        for run in race_reference.read("quick").document["runs"]
    }
    recorded = recorded_runs(recordings()["quick"].path)
    assert cited == {(run.depth, run.shortcut, run.seed): (run.running, run.clean, run.test) for run in recorded}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"), ("[]", "cannot be read"), ("{}", "cannot be read"),
        ('{"format": 2}', "format 2; this version reads format 1"),
        ('{"format": 1, "day": "today"}', "cannot be read"),
        ('{"format": 1, "day": "2026-05-03", "processor": "", "versions": {}}', "cannot be read"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_in_one_line(tmp_path, text, words):
    for name, read in (("lab-gradients", lab_reference.read), ("race-quick", race_reference.read)):
        (tmp_path / f"{name}.json").write_text(text)
        with pytest.raises(DataError, match=words) as caught:
            read(name.partition("-")[2], tmp_path)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_race_comes_back_with_its_verdict_and_thinned_curves(workspace, tmp_path):
    document = {"race": 1, "runs": [{"run": 1, "train_error": 20.5}], "verdict": {"kind": "one seed", "cure": None}}
    with Writer(workspace) as writer, Reader(workspace) as reader:
        _, runs = writer.races.submit(RaceConfig(run=RunConfig(), depths=(20,), shortcuts=("none",)))
        rows = [StepRow(step, 2.0, 90.0, 2.0, 90 - step / 10, 0.1, step / 10) for step in range(1, 306)]
        writer.points.record(runs[0], rows)
        found = race_reference.of_race(reader, "quick", document, [reader.runs.known(run) for run in runs])
    race_reference.write(found, tmp_path)
    back = race_reference.read("quick", tmp_path)
    assert back.document == {"runs": document["runs"], "verdict": document["verdict"]}
    (curve,) = back.curves
    assert (curve["arm"], curve["seed"]) == ("plain-20", 0)
    assert (curve["step"][0], curve["step"][-1], curve["running_error"][-1]) == (6, 305, 59.5)
    assert len(curve["step"]) <= 61


@pytest.mark.parametrize("lab", LABS)
def test_every_lab_has_a_reference_at_its_defaults(lab):
    """``python -m engine reference`` records them anew, some with more seeds than a visitor's default."""
    found = lab_reference.read(lab)
    spec = LABS[lab]
    assert found is not None, "it was never recorded"
    option = spec.run_option
    chosen = {} if option is None else {option.name: found.settings[option.name]}
    more = {name: int(value) for name, value in SETTINGS.get(lab, {}).items()}
    assert {**spec.defaults(), **chosen, **more} == {**found.settings, **({"step": -1} if "step" in chosen else {})}
    assert found.metrics.keys() <= {metric.name for metric in spec.metrics}
    assert {curve.panel for curve in found.curves} <= {panel.name for panel in spec.panels}
    assert found.curves
    assert spec.found(found.curves) or not spec.findings


def test_no_reference_is_about_something_else():
    files = sorted(lab_reference.FOLDER.glob("*.json"))
    assert {json.loads(file.read_text())["format"] for file in files} == {1}
    known = {f"lab-{lab}" for lab in LABS}
    assert {file.stem for file in files if file.stem.startswith("lab-")} == known


@pytest.mark.parametrize("preset", ["quick", "start"])
def test_a_recorded_race_is_concluded_from_its_rows_as_it_was(preset):
    """The same rows give the same words, here and in ``race --json``."""
    document = race_reference.read(preset).document
    rows = document["runs"]
    runs = [
        ComparedRun(
            row["run"], arm_label(row["depth"], row["shortcut"]), row["depth"], row["shortcut"], row["seed"], 0.1,
            row["state"], row["step"], row["step"],
        )
        for row in rows
    ]  # fmt: skip
    running, clean, test = (
        {row["run"]: row[key] for row in rows} for key in ("train_error", "train_clean_error", "test_error")
    )
    found = conclude(runs, RaceErrors(running, clean, test, at_end=True))
    assert (found.kind, found.text) == (document["verdict"]["kind"], document["verdict"]["text"])


def test_gaps_of_a_race_without_batch_norm_are_those_of_its_headline():
    race = race_reference.read("start-vit")
    means = {row["shortcut"]: row["gap"] for row in race.document["verdict"]["comparisons"]}
    for shortcut, arm in (("none", "plain"), ("shaped", "shaped"), ("A", "A")):
        assert fmean(race_reference.gaps(race, arm)) == pytest.approx(means[shortcut])


def test_gaps_of_a_race_with_batch_norm_are_of_the_running_error():
    race = race_reference.read("start")
    runs = {(run["depth"], run["seed"]): run["train_error"] for run in race.document["runs"] if run["shortcut"] == "A"}
    assert race_reference.gaps(race, "A") == [runs[56, seed] - runs[20, seed] for seed in range(3)]
