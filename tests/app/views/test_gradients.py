"""The page "Gradients" through Streamlit's AppTest, in every state of its lab. No engine, no browser."""

import json
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app import terms
from app.data import commands, labs
from app.data.workspace import use
from app.views.labs import lab as lab_view
from engine.config import LabConfig
from engine.errors import CommandRefused, EngineUnreachable
from engine.events import CurveName, CurveUpdated, RunState
from engine.labs.gradient_kinds import KINDS, RESIDUAL
from engine.labs.registry import LABS
from engine.store.writer import Writer
from tests.app.live.conftest import Bench
from tests.app.views.race.test_race import PATHS

ROW = LABS["gradients"]


@pytest.fixture
def page(workspace):
    use(workspace.path)
    yield AppTest.from_string("from app.views import gradients\ngradients.render()", default_timeout=90)
    use(workspace.path)


@pytest.fixture
def writer(workspace):
    with Writer(workspace) as writer:
        yield writer


@pytest.fixture
def started(monkeypatch):
    """Labs that the page asked for, in place of an engine that does them."""
    asked = []
    monkeypatch.setattr(labs, "start_lab", lambda name, settings: asked.append((name, settings)) or 77)
    return asked


def submit(writer, *states, **settings):
    run = writer.labs.submit(LabConfig(lab="gradients", settings=ROW.defaults() | settings))
    for state in states:
        writer.jobs.move(run, state)
    return run


def component(page):
    """The data that the lab's component was given."""
    found = [json.loads(node.proto.json)[0] for node in page.main if node.type == "bidi_component"]
    return next(document for document in found if document.get("lab") == "gradients")


def command(monkeypatch, **asked):
    """Act as the component: hand a command to the page's callback; return the session that it leaves."""
    session = {"lab-gradients-view": SimpleNamespace(command=asked)}
    with monkeypatch.context() as patched:
        patched.setattr(lab_view.st, "session_state", session)
        lab_view._on_command("gradients")
    return session


def test_an_empty_workspace_shows_the_question_and_one_button_that_starts_the_lab(page, started):
    page.run()
    assert not page.exception
    assert ROW.question in [header.value for header in [*page.header, *page.subheader]]
    assert terms.explained(ROW.context, set()) in [text.value for text in page.markdown]
    assert any("There is no race yet" in text.value for text in page.markdown)
    assert "About 4 s." in [caption.value for caption in page.caption]
    assert component(page)["run"] is None
    assert [button.label for button in page.main.button] == ["Run the lab"]
    page.button[0].click().run()
    assert started == [("gradients", ROW.defaults())]


def test_a_race_is_shown_above_the_lab_with_its_gradients(page, workspace):
    bench = Bench(workspace.path)
    bench.stand_in()
    bench.writer.close()
    page.run()
    assert not page.exception
    above, below = [json.loads(node.proto.json)[0] for node in page.main if node.type == "bidi_component"]
    assert (above["layout"], above["race"]) == ("gradients", bench.race)
    assert [run["label"] for run in above["runs"]] == ["plain-20", "plain-56", "A-20", "A-56"]
    assert below["lab"] == "gradients"
    (jump,) = [caption.value for caption in page.caption if f"(#{lab_view.anchor('gradients')})" in caption.value]
    assert "[With BN the gradient grows by a factor of 1.2" in jump, "as recorded, before a job of one's own"


def test_the_lab_is_announced_with_the_finding_of_its_newest_job(writer, workspace):
    use(workspace.path)
    run = submit(writer)
    for gain, first in ((0.5, 7.0), (1.0, 8.0)):
        curve = CurveUpdated("norm", CurveName("with BN", "gain", gain), (1.0, 2.0, 3.0), (first, 2.0, 1.0))
        writer.labs.results(run, [curve])
    assert labs.lab_sentence("gradients", "with BN", 1.0).startswith("With BN at gain 1 the gradient grows")
    assert labs.lab_sentence("gradients", "without BN", 1.0).startswith("Without BN"), (
        "what is not measured yet: recorded"
    )


def test_a_job_is_drawn_in_whichever_state_it_is(page, writer):
    """What a state looks like is the browser's; the page draws alike a job that waits, works, has ended or failed."""
    for state in (RunState.QUEUED, RunState.RUNNING, RunState.FINISHED, RunState.FAILED):
        run = submit(writer, *PATHS[state])
        page.run()
        assert not page.exception
        assert component(page)["run"] == run
    assert set(component(page)["states"]) == set(RunState)


def test_the_component_gets_all_words_from_the_row(page):
    page.run()
    given = component(page)
    assert [panel["title"] for panel in given["panels"]] == [panel.title for panel in ROW.panels]
    assert all(panel["how_to_read"] and panel["caveat"] for panel in given["panels"])
    assert [figure["name"] for figure in given["figures"]] == [figure.name for figure in ROW.metrics]
    assert set(given["picks"]["kinds"]) == set(given["styles"]) == set(KINDS)
    assert given["picks"]["kind"] in KINDS
    assert set(given["picks"]["alone"]) == {RESIDUAL}, "the sweep leaves this kind out"
    looks = {(style["color"]["light"], style["dash"]) for style in given["styles"].values()}
    assert len(looks) == len(KINDS), "two kinds must never look alike"
    assert (given["picks"]["low"], given["picks"]["high"]) == (0.5, 2.0)


def test_the_settings_reach_the_lab_and_the_command_line(page, started):
    page.run()
    page.number_input(key="lab-gradients-layers").set_value(20)
    page.number_input(key="lab-gradients-gain").set_value(0.8)
    page.toggle(key="lab-gradients-sweep").set_value(False)
    page.run()
    assert page.code[0].value == "python -m engine lab gradients --set layers=20 --set gain=0.8 --set sweep=false"
    page.button[0].click().run()
    assert started == [("gradients", ROW.defaults() | {"layers": 20, "gain": 0.8, "sweep": False})]


def test_the_newest_job_is_shown_and_one_started_here_stays(page, writer, monkeypatch):
    submit(writer)
    newest = submit(writer, gain=0.8)
    page.run()
    assert component(page)["run"] == newest
    assert page.code[0].value.endswith("--set gain=0.8")
    monkeypatch.setattr(labs, "start_lab", lambda name, settings: submit(writer))
    page.button[0].click().run()
    mine = component(page)["run"]
    assert mine > newest
    submit(writer)  # somebody else's
    page.run()
    assert component(page)["run"] == mine
    writer.jobs.delete(mine)
    page.run()
    assert component(page)["run"] > mine


def test_a_refused_start_says_why(page, monkeypatch):
    def refuse(*_):
        raise EngineUnreachable("the engine did not answer within 10 s")

    monkeypatch.setattr(labs, "start_lab", refuse)
    page.run()
    page.button[0].click().run()
    assert page.warning[0].value == "the engine did not answer within 10 s"


def test_commands_of_the_component_reach_the_engine(page, writer, monkeypatch):
    run = submit(writer, layers=20)
    asked = []
    for verb in ("pause", "resume", "stop"):
        monkeypatch.setattr(commands, "command", lambda verb, run: asked.append((verb, run)))
        command(monkeypatch, verb=verb, run=run)
    assert asked == [("pause", run), ("resume", run), ("stop", run)]
    monkeypatch.setattr(commands, "start_engine", lambda: asked.append("engine"))
    command(monkeypatch, verb="engine", run=run)
    assert asked[-1] == "engine"


def test_a_gain_that_was_not_measured_starts_a_job_with_the_other_settings_kept(page, writer, monkeypatch, started):
    run = submit(writer, layers=20)
    session = command(monkeypatch, verb="measure", run=run, setting="gain", value=0.85)
    assert started == [("gradients", ROW.defaults() | {"layers": 20, "gain": 0.85})]
    assert session["lab-gradients-job"] == 77


def test_a_refused_command_is_said(page, writer, monkeypatch):
    run = submit(writer)

    def refuse(*_):
        raise CommandRefused("the run has finished")

    monkeypatch.setattr(commands, "command", refuse)
    assert command(monkeypatch, verb="stop", run=run)["lab-gradients-notice"] == "the run has finished"


def test_a_workspace_that_cannot_be_written_is_named(page, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    use(blocked)
    page.run()
    assert not page.exception
    assert "cannot be written" in page.error[0].value
