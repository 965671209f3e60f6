"""The page "Layers" through Streamlit's AppTest: what it hands to its component. No engine, no browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.data.workspace import Health, use
from app.live.layers.messages import DRAWN, LAYOUTS
from app.views import layers
from engine.config import RaceConfig, RunConfig, replace
from engine.probes.online.histogram import BINS
from engine.probes.registry import QUANTITIES
from engine.store.writer import Writer


@pytest.fixture
def page(workspace):
    use(workspace.path)
    yield AppTest.from_string("from app.views import layers\nlayers.render()", default_timeout=90)
    use(workspace.path)


@pytest.fixture
def submit(workspace):
    with Writer(workspace) as writer:

        def one(**choices) -> tuple[int, list[int]]:
            return writer.races.submit(RaceConfig(**{"preset": "quick", "run": RunConfig(), **choices}))

        yield one


def component(page) -> dict:
    """The data that the component was given."""
    (found,) = (node for node in page.main if node.type == "bidi_component")
    return json.loads(found.proto.json)[0]


def test_an_empty_workspace_says_what_would_be_here(page):
    page.run()
    assert not page.exception
    assert [header.value for header in page.header] == [layers.TITLE]
    assert "There is no race yet." in page.markdown[0].value
    assert not [node for node in page.main if node.type == "bidi_component"]


def test_an_unreadable_workspace_says_so(page, monkeypatch):
    monkeypatch.setattr("app.data.workspace.health", lambda: Health("damaged", "the database is damaged."))
    page.run()
    assert "the database is damaged. The Race page says what can be done." in page.error[0].value


def test_the_component_gets_the_runs_and_every_word_from_the_registry(page, submit):
    race, runs = submit(depths=(20, 56), shortcuts=("none", "A"))
    page.run()
    assert not page.exception
    handed = component(page)
    assert handed["race"] == race
    assert [run["run"] for run in handed["runs"]] == runs
    assert [run["label"] for run in handed["runs"]] == ["plain-20", "plain-56", "A-20", "A-56"]
    assert [run["family"] for run in handed["runs"]] == ["plain", "plain", "residual", "residual"]
    assert {row["name"]: row["how_to_read"] for row in handed["quantities"]} == {
        q.name: q.how_to_read for q in QUANTITIES.values() if "cifar" in q.families
    }
    assert handed["offered"] == [q.name for q in QUANTITIES.values() if q.per in DRAWN and "cifar" in q.families]
    assert handed["absence"] == ""
    assert len(handed["edges"]) == BINS - 1
    assert page.query_params["race"] == str(race)


def test_a_transformer_has_its_own_quantities_and_says_what_it_lacks(page, submit):
    submit(
        depths=(10, 18), run=replace(RunConfig(), {"model.family": "vit", "model.depth": 18, "model.image_size": 28})
    )
    page.run()
    assert not page.exception
    handed = component(page)
    rows = {row["name"]: row["noun"] for row in handed["quantities"]}
    assert {"token_rank", "qk_gradient", "block_influence", "stream_std"} < rows.keys()
    assert not {"gamma_abs", "response_std_eval"} & rows.keys()
    assert (rows["update_size"], rows["token_rank"], rows["dead_share"]) == ("sublayer", "block", "layer")
    assert handed["absence"].startswith(
        "Not here: response std in eval mode and mean |gamma|. These nets have no batch"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_names_quantities_that_can_be_drawn(layout):
    chosen = LAYOUTS[layout]
    drawn = {q.name for q in QUANTITIES.values() if q.per in DRAWN and q.family in chosen["families"]}
    assert {chosen["quantity"], *chosen["titles"]} <= drawn
    assert {name for name, _ in chosen["sides"]} <= drawn & set(chosen["always"])
    assert set(chosen["always"]) <= set(QUANTITIES)


def test_the_race_that_was_chosen_on_another_page_stays_chosen(page, submit):
    older, _ = submit()
    submit(seeds=2)
    page.session_state["chosen_race"] = older
    page.run()
    assert component(page)["race"] == older
    page.selectbox(key="race").select_index(0).run()
    assert component(page)["race"] != older
    assert [run["label"] for run in component(page)["runs"]][:2] == ["plain-20 s0", "plain-56 s0"]
    assert page.session_state["chosen_race"] == component(page)["race"]
