"""The file of a race: what is in it, what its bounds leave out, and that a visitor's text stays a text."""

import io
import json

import numpy as np
import pytest

from app.live.offline.race import documents
from app.live.offline.race.columns import FINE_ERROR, NOTHING, error_unit
from engine.config import MAX_RUNS
from engine.errors import ConfigError
from engine.events import Probed
from engine.exchange.transfer import ExportRequest, write
from engine.probes.registry import QUANTITIES
from engine.store.tables.probes import Coding
from engine.store.writer import Writer
from tests.app.live.offline.hostile import TEXTS
from tests.app.live.offline.test_page import Elements, packed
from tests.engine.exchange.recorded_workspace import fill, probed_arrays, small_race, train


def exported(workspace, runs) -> bytes:
    file = io.BytesIO()
    write(workspace, ExportRequest(tuple(runs), "html"), file, lambda done, total, what: None)
    return file.getvalue()


@pytest.fixture
def runs(workspace):
    return fill(workspace)


def test_the_file_holds_the_record_and_says_that_it_is_one(workspace, runs):
    page = exported(workspace, runs)
    documents_of = packed(page)
    race, told = json.loads(documents_of["race"]), json.loads(documents_of["page"])
    assert [card["run"] for card in race["cards"]] == [*runs]
    assert {card["state"] for card in race["cards"]} <= {"finished", "stopped", "failed", "diverged"}
    assert not any(card["cause"] or card["detail"] or card["log"] for card in race["cards"])
    assert [run["run"] for run in told["race"]["runs"]] == [*runs]
    assert told["race"]["mayCommand"] is False
    assert "<title>REPLAY - " in page.decode()
    assert "python -m engine race" in page.decode()
    inside = json.loads(documents_of["layers"])
    assert {*inside["f"]} == {*told["layers"]["offered"]}
    assert all(run["steps"] == [0, 10, 30] for run in inside["runs"].values() if run["steps"])


def test_runs_of_several_races_have_one_chart_and_no_verdict(workspace, runs):
    page = exported(workspace, (1, *runs))
    told, race = (json.loads(packed(page)[name]) for name in ("page", "race"))
    assert told["race"]["race"] == 0
    assert told["layers"] is None
    assert race["moments"]["parts"]["g"] == ["No verdict: these runs come from different races."]
    assert all("(race " in run["label"] for run in told["race"]["runs"])


def test_a_long_run_has_its_steps_beside_the_curve_and_a_longer_one_fewer(workspace, monkeypatch):
    with Writer(workspace.prepare()) as writer:
        _, (run, *_) = writer.races.submit(small_race())
        train(writer, run, 3_000)
    page = exported(workspace, [run])
    index, curve = json.loads(packed(page)["steps-index"]), json.loads(packed(page)["race"])
    assert index[str(run)]["rows"] == 3_000
    assert len(curve["runs"][str(run)]["train"]["step"]) < 2_001
    assert "Every step is in this file: 3,000 of 3,000." in page.decode()
    monkeypatch.setattr(documents, "MAX_STEPS", 2_500)
    fewer = exported(workspace, [run])
    rows = json.loads(packed(fewer)["steps-index"])[str(run)]["rows"]
    assert 2_000 < rows <= 2_500
    assert f"{rows:,} of 3,000 steps are in this file." in fewer.decode()


def test_the_file_says_where_errors_are_exact_and_where_rounded(workspace):
    with Writer(workspace.prepare()) as writer:
        for batch in (128, 64, 65_536):  # the record has whole numbers of images of 128
            _, (run, *_) = writer.races.submit(small_race(**{"optim.batch_size": batch}))
            train(writer, run, 2_500)
    sentences = {(1,): "errors are exact", (5,): "errors are rounded to 0.01 points",
                 (9,): "errors are rounded to 0.01 points", (1, 5): "errors of run 5 are rounded to 0.01 points",
                 (1, 5, 9): "errors of run 5 and 9 are rounded to 0.01 points"}  # fmt: skip
    for runs, sentence in sentences.items():
        assert f"the steps themselves: {sentence}, losses" in exported(workspace, runs).decode(), runs


@pytest.mark.parametrize("rounded", [np.float32, np.float64])
def test_errors_are_counts_of_images_where_16_bits_hold_all_of_them(rounded):
    for batch in (1, 128, 8_191, NOTHING - 1):
        errors = (100 * np.array([0, 1, batch // 2, batch - 1, batch]) / batch).astype(rounded).astype(float)
        assert error_unit(errors, batch) == (100 / batch, True)
        counts = np.round(errors / (100 / batch))
        assert counts.tolist() == [0, 1, batch // 2, batch - 1, batch] and counts.max() < NOTHING
    for batch in (NOTHING, NOTHING + 1, 10**6):
        assert error_unit(np.array([0.0, 100.0]), batch) == (FINE_ERROR, False)
    # Half an image of a large batch is none.
    assert error_unit(np.array([100 * 59_999.5 / 60_000]), 60_000) == (FINE_ERROR, False)


def test_the_layers_have_a_bound_and_say_it(workspace, runs, monkeypatch):
    with Writer(workspace) as writer:
        for step in range(31, 60):
            arrays = probed_arrays(step)
            rows = {name: QUANTITIES[name] for name in arrays}
            codings = {name: Coding(row.code, row.low, row.high) for name, row in rows.items()}
            writer.probes.add(runs[0], Probed(step, step / 10, 0.02, 32, arrays), codings)
    monkeypatch.setattr(documents, "MAX_CODES", 160)
    page = exported(workspace, runs[:1])
    inside, told = json.loads(packed(page)["layers"]), json.loads(packed(page)["page"])
    kept = len(inside["runs"][str(runs[0])]["steps"])
    assert 8 <= kept <= 16
    assert len(told["layers"]["offered"]) > 10
    assert f"Layers: {kept} of 32 probes, {len(told['layers']['offered'])} quantities." in page.decode()
    monkeypatch.setattr(documents, "MAX_CODES", 10)
    page = exported(workspace, runs[:1])
    assert json.loads(packed(page)["page"])["layers"]["offered"] == ["response_std", "gradient_response"]
    assert len(json.loads(packed(page)["layers"])["runs"][str(runs[0])]["steps"]) <= 8


def test_more_runs_than_a_page_takes_are_refused(workspace):
    with Writer(workspace.prepare()) as writer:
        runs = [run for _ in range(MAX_RUNS // 2 + 1) for run in writer.races.submit(small_race())[1]]
    with pytest.raises(ConfigError, match=f"a page takes at most {MAX_RUNS} runs, these are"):
        exported(workspace, runs)


def test_no_text_of_a_visitor_breaks_out(workspace, runs):
    """Every text that somebody can write: race names, notes, texts of changes, names of data sets and runs' folders."""
    usual = Elements(exported(workspace, runs))
    for text in TEXTS:
        with Writer(workspace) as writer:
            writer.notes.annotate([runs[0]], text)
            assert writer.notes.rename_race(2, text)
            writer.log.add(runs[2], 30, "change", text)
        page = exported(workspace, runs)
        found = Elements(page)
        assert [(tag, sorted(attrs)) for tag, attrs in found.found] == [
            (tag, sorted(attrs)) for tag, attrs in usual.found
        ], text
        assert "<" not in text or text.encode() not in page, "no markup of a visitor stands there"
