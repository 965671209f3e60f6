"""What the curves of a job show: page, ``--json``, print-out and guide have the same words from the same rows."""

import io

import pytest
from rich.console import Console

from app.data import guide, labs
from app.data.guide import ResultReference
from app.data.workspace import use
from app.live.labs.messages import lab_document
from engine.cli import labs as command_line
from engine.config import LabConfig
from engine.events import CurveName, CurveUpdated, RunState
from engine.labs.conditioning.arms import AROUND_TWO, FORM, IDENTITY, TWIN
from engine.labs.landscape.grid import RANDOM, SHARPEST
from engine.labs.rates.plan import RATES
from engine.labs.registry import LABS
from engine.store.writer import Writer

#: Lab -> curves that its rules say something of.
CURVES = {
    "gradients": [
        CurveUpdated("norm", CurveName(kind, "gain", gain), [1, 2, 3], [4 * gain, 2, 1])
        for kind in ("with BN", "without BN")
        for gain in (0.5, 1.0)
    ],
    "lesion": [
        CurveUpdated("deleted", CurveName("A-20"), [0, 1, 2], [10, 11, 30]),
        CurveUpdated("paths", CurveName("A-20"), [0, 1, 2], [0, 0.5, 0.5]),
    ],
    "conditioning": [
        CurveUpdated("condition", CurveName("plain"), [2, 8], [10, 1000]),
        CurveUpdated("condition", CurveName(IDENTITY), [2, 8], [10, 30]),
        CurveUpdated("expected_updates", CurveName("plain"), [2, 8], [90, 9000]),
        CurveUpdated("equivalence_gap", CurveName(FORM), [0, 1], [1e-16, 4e-16]),
        *(
            CurveUpdated("equivalence_two", CurveName(kind), [0, 8], [2, loss])
            for kind, loss in ((AROUND_TWO, 1.9), (TWIN, 0.2))
        ),
    ],
    "constructed": [
        CurveUpdated("clean", CurveName(kind), [0, 100], [90, error])
        for kind, error in (
            ("grown", 5),
            ("from scratch", 20),
            ("residual grown", 4),
            ("residual from scratch", 3),
            ("identity start", 6),
        )  # fmt: skip
    ],
    "mapping": [
        CurveUpdated("heat", CurveName(kind, "blocks", 20.0), [0, 1], [error, 0.5])
        for kind, error in (("plain", 1), ("residual", 0.01))
    ]
    + [
        CurveUpdated(panel, CurveName(kind), [0, 1], [error, 0.5])
        for panel in ("to_constant", "to_negated")
        for kind, error in (("plain", 1), ("residual", 0.01))
    ],
    "shattering": [
        CurveUpdated(panel, CurveName(kind), [1, 50], [1, 0.2])
        for panel in ("depth", "cosine")
        for kind in ("plain", "plain with BN", "residual with BN", "looks-linear")
    ],
    "landscape": [
        CurveUpdated("slices", CurveName(f"A-20 along {way}"), range(-3, 4), [9, 3, 2, 1, 2, 3, 9])
        for way in (SHARPEST, RANDOM)
    ],
    "predictability": [
        CurveUpdated("weights", CurveName(kind, "rate", 0.1), [0, 1, 2, 3], [1e-12, 1e-12, 1e-12, end])
        for kind, end in (("plain-56", 1e-2), ("residual-56", 1e-12))
    ],
    "rates": [
        CurveUpdated(panel, CurveName(kind, "blocks", blocks), x, errors)
        for panel, x in (("grid", range(5)), ("error", RATES))
        for kind, blocks, errors in (
            ("plain", 3.0, [33, 22, 17, 18, 21]),
            ("plain", 15.0, [29, 30, 48, 90, 90]),
            ("pre-LN", 3.0, [32, 22, 17, 17, 18]),
            ("pre-LN", 15.0, [31, 21, 17, 18, 19]),
        )
    ],
    "smoothness": [CurveUpdated("loss", CurveName(f"plain with{how} BN"), [1, 50], [2.5, 1.25]) for how in ("", "out")],
}


def test_every_lab_that_says_something_is_here():
    assert set(CURVES) == {name for name, lab in LABS.items() if lab.findings}


@pytest.mark.parametrize("name", CURVES)
def test_page_command_line_and_guide_have_the_same_sentences(name, workspace, monkeypatch, capsys):
    lab = LABS[name]
    with Writer(workspace) as writer:
        job = writer.labs.submit(LabConfig(lab=name, settings=lab.defaults()))
        writer.labs.results(job, CURVES[name])
        for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED):
            writer.jobs.move(job, state)
    use(workspace.path)
    news = labs.lab_news(job)
    expected = [(found.name, found.text) for found in lab.found(CURVES[name])]
    assert {rule for rule, _ in expected} == {rule.name for rule in lab.findings}

    page = lab_document(news)["findings"]
    assert [(found["name"], found["text"]) for found in page] == expected

    document = command_line._document(lab, news.job, {}, news.findings)
    assert [(found["name"], found["text"]) for found in document["findings"]] == expected
    monkeypatch.setattr(command_line, "console", lambda: Console(file=io.StringIO()))
    command_line._print(lab, document, news.findings)
    printed = capsys.readouterr().out.splitlines()
    usual = [(found.name, found.text) for found in news.findings if found.holds_at(lab.defaults())]
    assert printed == [*(text for _, text in usual), lab.context]

    parts = [ResultReference("finding", name, rule.name) for rule in lab.findings]
    told = guide.measurements(parts)
    for part in parts:
        assert told[part].text == " ".join(text for rule, text in usual if rule == part.name)
        assert told[part].job == job
