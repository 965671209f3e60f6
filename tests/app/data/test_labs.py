"""The app's door to the labs: jobs as they are stored, without an engine."""

from dataclasses import replace

import pytest

from app.data import labs, streaming
from app.data.workspace import use
from engine.config import LabConfig
from engine.errors import ConfigError
from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.registry import LABS
from engine.store.writer import Writer


@pytest.fixture
def writer(workspace):
    use(workspace.path)
    with Writer(workspace) as writer:
        yield writer


def submit(writer, **settings):
    return writer.labs.submit(LabConfig(lab="gradients", settings=LABS["gradients"].defaults() | settings))


def test_without_a_database_there_are_no_jobs(workspace):
    use(workspace.path)
    assert labs.latest_lab("gradients") is None


def test_the_newest_job_is_the_one_to_show_and_a_race_is_no_lab(writer):
    from engine.config import RaceConfig

    assert labs.latest_lab("gradients") is None
    submit(writer)
    newest = submit(writer, gain=0.8)
    _, runs = writer.races.submit(RaceConfig())
    assert labs.latest_lab("gradients").id == newest
    assert labs.latest_lab("gradients").config.settings["gain"] == 0.8
    assert labs.lab_job(newest).lab == "gradients"
    assert labs.lab_job(runs[0]) is None
    assert labs.lab_job(999) is None
    assert labs.lab_news(runs[0]) is None


def test_results_since_a_cursor_are_those_that_are_new_or_were_replaced(writer):
    run, other = submit(writer), submit(writer)
    writer.labs.results(other, [CurveUpdated("norm", CurveName("with BN", "gain", 1.0), [1, 2], [9, 9])])
    writer.labs.results(
        run,
        [CurveUpdated("norm", CurveName("a"), [1, 2], [3, 4]), CurveUpdated("norm", CurveName("b"), [1, 2], [5, 6])],
    )
    news = labs.lab_news(run)
    assert [trace.name.text for trace in news.traces] == ["a", "b"]
    assert news.figures == {}
    cursor = news.cursor[1]
    writer.labs.results(
        run, [CurveUpdated("norm", CurveName("a"), [1, 2], [7, 8])], [MetricReported("bn_gradient_total", float("inf"))]
    )
    news = labs.lab_news(run, cursor)
    assert [(trace.name.text, trace.y.tolist()) for trace in news.traces] == [("a", [7, 8])]
    assert news.figures == {"bn_gradient_total": None}
    assert news.cursor == (streaming.head().changes, later := news.cursor[1])
    assert later > cursor
    nothing = labs.lab_news(run, later)
    assert (nothing.traces, nothing.figures, nothing.cursor) == ([], news.figures, news.cursor)


def test_the_command_that_repeats_a_job_names_what_is_not_usual():
    usual = labs.LABS["gradients"].defaults()
    assert labs.lab_command("gradients", usual) == "python -m engine lab gradients"
    changed = usual | {"gain": 0.8, "sweep": False, "layers": 20}
    command = labs.lab_command("gradients", changed)
    assert command == "python -m engine lab gradients --set layers=20 --set gain=0.8 --set sweep=false"


@pytest.mark.parametrize(("cores", "threads", "estimate"), [(1, 1, "20 s"), (2, 2, "10 s"), (8, 2, "10 s")])
def test_a_job_is_submitted_with_the_threads_that_it_uses_here(writer, monkeypatch, cores, threads, estimate):
    monkeypatch.setattr("engine.labs.spec.cores", lambda: cores)
    monkeypatch.setattr("app.data.labs.cores", lambda: cores)
    monkeypatch.setattr("engine.runs.client.process.EngineProcess.ensure", lambda self: None)
    spec = replace(labs.LABS["predictability"], seconds=lambda settings: 20.0)
    monkeypatch.setitem(labs.LABS, "predictability", spec)
    assert labs.lab_time("predictability", spec.defaults()) == f"About {estimate}."
    assert labs.time_of_all(["predictability"]) == f"about {estimate}"
    assert [labs.latest_lab(name) for name in ("predictability", "gradients")] == [None, None]
    for name, expected in (("predictability", threads), ("gradients", 1)):
        labs.start_lab(name, {})
        job = labs.latest_lab(name)
        assert (job.threads, job.config.threads) == (expected, expected)


def test_a_wrong_setting_is_refused_in_one_line_before_an_engine_is_started(workspace):
    use(workspace.path)
    with pytest.raises(ConfigError, match="gain must be a number from 0.5 to 2"):
        labs.start_lab("gradients", {"gain": 7})
    assert not workspace.engine_log.exists()
