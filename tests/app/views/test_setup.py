"""The set-up's fold-outs: the zoo with its options, tuned rates, pace, held-out images. No engine, no browser."""

import pytest

from engine.presets import PRESETS
from tests.app.views.test_race_page import page, started  # noqa: F401

RATES = len(PRESETS["quick"].run.optim.tune_grid)


def captions(page):  # noqa: F811
    return " ".join(caption.value for caption in page.sidebar.caption)


def test_a_shortcut_of_the_zoo_is_put_together_and_raced(page, started):  # noqa: F811
    page.run()
    page.selectbox(key="variant_of").set_value("gated").run()
    page.slider(key="option_gated_bias").set_value(-7.0).run()
    assert page.button(key="add_variant").label == "Add gated bias −7"
    assert "9.81 %, ResNet-110, CIFAR-10, median of 5 runs" in captions(page)
    assert "another protocol than this race" in captions(page)
    assert "Contested." in captions(page)
    page.button(key="add_variant").click().run()
    assert page.multiselect(key="variants").value == ["gated:bias=-7"]
    assert page.button(key="add_variant").disabled
    assert page.button(key="start").label == "Start race of 6 runs"
    page.button(key="start").click().run()
    assert not page.exception
    assert started[0][0][1] == ["none", "A", "gated:bias=-7"]


def test_the_parts_of_a_variant_are_those_that_the_shortcut_allows(page, started):  # noqa: F811
    page.run()
    page.selectbox(key="variant_of").set_value("fixup").run()
    assert page.selectbox(key="order_fixup").disabled
    assert page.selectbox(key="norm_fixup").options == ["none"]
    page.selectbox(key="variant_of").set_value("A").run()
    assert page.button(key="add_variant").disabled, "A is in the race already"
    page.selectbox(key="order_A").set_value("full-pre").run()
    page.selectbox(key="layers_A").set_value(1).run()
    assert page.button(key="add_variant").label == "Add A full pre 1 layer"
    assert "8.91 %" in captions(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("gatd", "unknown shortcut 'gatd'"),
        ("gated:bias=9", "bias of shortcut gated is a number from -10 to 5"),
        ("A:order=backwards", "order of shortcut A is post or bn-after-addition"),
    ],
)
def test_a_wrong_variant_is_said_beside_the_field_and_nothing_can_start(page, started, typed, said):  # noqa: F811
    page.run()
    page.session_state["variants"] = ["highway", typed]
    page.run()
    assert said in captions(page)
    assert page.button(key="start").disabled
    page.multiselect(key="variants").set_value(["highway"]).run()
    assert not page.button(key="start").disabled


def test_one_variant_by_two_names_races_once(page, started):  # noqa: F811
    page.run()
    page.session_state["variants"] = ["plain", "A:order=post", "gated:bias=-6", "gated"]
    page.run()
    page.button(key="start").click().run()
    assert started[0][0][1] == ["none", "A", "gated"]


def test_tuned_rates_say_what_comes_first(page, started):  # noqa: F811
    page.run()
    page.segmented_control(key="rates").set_value("tuned").run()
    assert f"{RATES * 4} trials of 100 steps" in captions(page)
    assert not [field for field in page.number_input if field.key == "lr"]
    page.button(key="start").click().run()
    assert started[0][1]["settings"]["lr"] == "tuned"
    page.segmented_control(key="rates").set_value("one").run()
    assert page.number_input(key="lr").value == 0.1
    page.button(key="start").click().run()
    assert started[1][1]["settings"]["lr"] == "0.1"


def test_pace_and_held_out_images_reach_the_race(page, started):  # noqa: F811
    page.run()
    assert page.number_input(key="lead").disabled
    page.button(key="start").click().run()
    assert (started[0][1]["pace"], "validation" in started[0][1]["settings"]) == ("free", False)
    page.segmented_control(key="pace").set_value("lockstep").run()
    page.number_input(key="lead").set_value(9)
    page.number_input(key="validation").set_value(5000).run()
    page.button(key="start").click().run()
    assert (started[1][1]["pace"], started[1][1]["settings"]["validation"]) == ("lockstep:9", "5000")
