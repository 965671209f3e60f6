"""The pages of those who look on, through Streamlit's AppTest: nothing to command with, and words that are true."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.data.workspace import use
from app.web import presenter_link
from engine.events import RunState
from engine.store.workspace import Workspace
from tests.app.live.conftest import Bench
from tests.app.views.race.test_race import MAIN


@pytest.fixture
def audience(workspace, monkeypatch):
    """Whoever is served may not command."""
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    use(workspace.path)
    yield workspace
    use(workspace.path)


@pytest.fixture
def bench(audience):
    bench = Bench(audience.path)
    bench.stand_in()
    for run in bench.runs:
        bench.run_states(run, RunState.PAUSED)
    yield bench
    bench.writer.close()


def page(name="race"):
    return AppTest.from_file(MAIN, default_timeout=90) if name == "race" else AppTest.from_string(
        f"from app.views import {name}\n{name}.render()", default_timeout=90
    )  # fmt: skip


def words(shown):
    return " ".join(
        node.value for kind in ("title", "markdown", "caption", "error", "info") for node in shown.get(kind)
    )


def test_before_the_first_race_the_page_waits_for_it(audience):
    shown = page().run()
    assert not shown.exception
    assert "Nothing has been started yet" in words(shown)
    assert "Audience: looking on" in words(shown)
    assert not shown.button
    assert not shown.sidebar.children


def test_the_race_page_has_no_set_up_no_what_if_and_no_buttons(bench):
    shown = page().run()
    assert not shown.exception
    assert "Audience: looking on" in words(shown)
    assert not shown.button
    assert not shown.sidebar.children
    assert "What if?" not in [node.label for node in shown.expander]
    (component,) = [node for node in shown.main if node.type == "bidi_component"]
    assert json.loads(component.proto.json)[0]["mayCommand"] is False


@pytest.mark.parametrize("name", ["layers", "gradients"])
def test_the_pages_inside_the_nets_offer_nothing_to_start(bench, name):
    shown = page(name).run()
    assert not shown.exception
    assert not shown.button
    assert "Settings" not in [node.label for node in shown.expander]


def test_without_a_race_the_layers_wait_for_the_presenter(audience):
    assert "The presenter starts one" in words(page("layers").run())


def test_a_damaged_database_is_said_and_left_to_the_presenter(audience):
    Workspace.at(audience.path).database.write_bytes(b"garbage" * 1000)
    for name in ("race", "layers", "gradients"):
        shown = page(name).run()
        assert not shown.exception
        assert "damaged" in words(shown)
        assert "what can be done" not in words(shown)
        assert not shown.button


def test_a_newer_race_is_offered_and_shown_when_asked_for(bench):
    def newer(newest):
        return AppTest.from_string(
            f"from app.views.race import audience\naudience._offer({newest})", default_timeout=90
        )

    assert not newer(bench.race).run().button
    second, _ = bench.writer.races.submit(bench.config)
    shown = newer(bench.race).run()
    assert f"Race {second}: " in words(shown)
    shown.button(key="show_newer").click().run()
    assert shown.session_state["chosen_race"] == second
    assert not newer(second).run().button
