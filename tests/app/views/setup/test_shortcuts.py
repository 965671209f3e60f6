"""The page of all shortcuts: every row drawn and named, options, sizes, and the way into the race. No engine."""

import pytest
from streamlit.testing.v1 import AppTest

from app.data import options
from app.data.workspace import use
from app.web import presenter_link
from engine.models.registry import SHORTCUTS
from tests.app.views.race.test_race import started  # noqa: F401
from tests.contracts.variants import ROWS

#: The page, or the set-up of the same session.
PAGE = """
import streamlit as st
from app.views.setup import setup, shortcuts
if st.session_state.get("at") == "race":
    with st.sidebar:
        setup.render()
else:
    shortcuts.render()
"""


@pytest.fixture
def page(workspace):
    use(workspace.path)
    yield AppTest.from_string(PAGE, default_timeout=90)
    use(workspace.path)


def captions(page):
    return " ".join(caption.value for caption in page.main.caption)


def in_the_set_up(page):
    return next(words.value for words in page.main.markdown if words.value.startswith("**In the set-up"))


def test_every_shortcut_has_its_drawing_formula_help_and_button(page):
    page.run()
    assert not page.exception
    pictures = [image.alt for part in page.main.get("image") for image in part.proto.imgs]
    assert len(pictures) == len(ROWS)
    words = " ".join(each.value for each in page.main.markdown)
    for row in map(SHORTCUTS.__getitem__, ROWS):
        assert f"**{row.label}**  \n{row.help}  \n`{row.formula}`" in words
        assert row.contested in words
        page.button(key=f"add_{row.name}")
    assert in_the_set_up(page) == "**In the set-up:** plain, A. Depths: 20, 56. 4 runs."
    assert "A-56: 214 k parameters, 6.6 M multiply-adds  \n" in captions(page)
    assert "C-56: 227 k parameters, 6.96 M multiply-adds (plain-56: 214 k, 6.6 M)" in captions(page)


def test_a_shortcut_with_its_options_is_put_into_the_set_up_and_raced(page, started):  # noqa: F811
    page.run()
    page.slider(key="option_gated_bias").set_value(-7.0).run()
    assert page.button(key="add_gated").label == "Add gated bias −7 to the set-up"
    assert "9.81 %, ResNet-110, CIFAR-10, median of 5 runs" in captions(page)
    page.button(key="add_gated").click().run()
    assert [toast.value for toast in page.toast] == ["gated bias −7 is now in the set-up of the race."]
    assert page.button(key="add_gated").label == "Take gated bias −7 out of the set-up"
    page.button(key="add_A").click().run()
    page.button(key="add_B").click().run()
    assert in_the_set_up(page) == "**In the set-up:** plain, B, gated bias −7. Depths: 20, 56. 6 runs."
    assert page.query_params["set_variants"] == "gated:bias=-7"
    page.session_state["at"] = "race"
    page.run()
    assert page.multiselect(key="variants").value == ["gated:bias=-7"]
    page.button(key="start").click().run()
    assert started[0].shortcuts == ("none", "B", "gated:bias=-7")


def test_the_parts_of_a_variant_are_those_that_the_shortcut_allows(page):
    page.run()
    assert page.selectbox(key="order_fixup").disabled
    assert page.selectbox(key="norm_fixup").options == ["none"]
    page.selectbox(key="order_A").set_value("full-pre").run()
    page.selectbox(key="layers_A").set_value(1).run()
    assert page.button(key="add_A").label == "Add A full pre 1 layer to the set-up"
    assert "8.91 %" in captions(page)
    assert "One block with shortcut A full pre 1 layer" in captions(page)


def test_those_who_look_on_see_everything_and_change_nothing(page, monkeypatch):
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    page.run()
    assert not page.exception
    assert not page.main.button
    assert len(page.main.get("image")) == len(options.shortcuts())
