"""The set-up: presets, times, problems beside fields, long races, the address, variants. No engine."""

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from app.data import commands, options, run_times
from app.views.setup import preset_row
from engine.config.presets import PRESETS
from tests.app.views.race.test_race import page, started  # noqa: F401
from tests.engine.data import pictures

RATES = len(PRESETS["quick"].run.optim.tune_grid)


def captions(page):  # noqa: F811
    return " ".join(caption.value for caption in page.sidebar.caption)


def test_a_race_is_planned_once_for_each_run_of_the_page_and_handed_over_as_it_is(page, started, monkeypatch):  # noqa: F811
    page.run()
    plans = []
    monkeypatch.setattr(
        commands, "planned", lambda request, planned=commands.planned: plans.append(planned(request)) or plans[-1]
    )
    page.text_input(key="steps").set_value("900").run()
    assert len(plans) == 1
    page.button(key="start").click().run()
    # The run of the page in which the button is pressed; the page is run again to show the race.
    assert len(plans) == 3
    assert started[0] is plans[1]
    assert started[0].run.optim.steps == 900


def test_a_wrong_variant_is_said_beside_the_field_and_nothing_can_start(page, started):  # noqa: F811
    page.run()
    for typed, said in (
        ("gatd", "unknown shortcut 'gatd'"),
        ("gated:bias=9", "bias of shortcut gated is a number from -10 to 5"),
        ("A:order=backwards", "order of shortcut A is post or bn-after-addition"),
        ("A:order=[Reload](http://evil.example)", r"\[Reload\](http"),
    ):
        page.session_state["variants"] = ["highway", typed]
        page.run()
        assert said in captions(page), typed
        assert page.button(key="start").disabled
    page.multiselect(key="variants").set_value(["highway"]).run()
    assert not page.button(key="start").disabled


def test_one_variant_by_two_names_races_once(page, started):  # noqa: F811
    page.run()
    page.session_state["variants"] = ["plain", "A:order=post", "gated:bias=-6", "gated"]
    page.run()
    page.button(key="start").click().run()
    assert started[0].shortcuts == ("none", "A", "gated")


def test_tuned_rates_say_what_comes_first(page, started):  # noqa: F811
    page.run()
    page.segmented_control(key="rates").set_value("tuned").run()
    assert f"{RATES * 4} trials of 100 steps" in captions(page)
    assert not [field for field in page.text_input if field.key == "lr"]
    page.button(key="start").click().run()
    assert started[0].run.optim.lr == "tuned"
    page.segmented_control(key="rates").set_value("one").run()
    assert page.text_input(key="lr").value == "0.1"
    page.button(key="start").click().run()
    assert started[1].run.optim.lr == 0.1


def test_pace_and_held_out_images_reach_the_race(page, started):  # noqa: F811
    page.run()
    assert not [field for field in page.text_input if field.key == "lead"]
    page.button(key="start").click().run()
    assert (started[0].pace, started[0].run.data.validation) == ("free", 0)
    page.segmented_control(key="pace").set_value("lockstep").run()
    page.text_input(key="lead").set_value("9")
    page.text_input(key="validation").set_value("5000").run()
    page.button(key="start").click().run()
    assert (started[1].pace, started[1].run.data.validation) == ("lockstep:9", 5000)


def test_presets_are_one_list_with_the_purpose_of_the_chosen_one(page, monkeypatch):  # noqa: F811
    known = {"quick": run_times.RunTime(43.0, here=True), "paper": run_times.RunTime(1e6, here=False)}
    times = dict.fromkeys(options.presets(), run_times.RunTime(180.0, here=True)) | known
    monkeypatch.setattr(run_times, "preset_times", lambda: times)
    page.run()
    row, presets = page.selectbox(key="preset"), options.presets()
    assert row.options == [preset.label for preset in presets.values()]
    assert f"**Quick**: {presets['quick'].shows} About 45 s." in row.help
    assert f"**Paper**: {presets['paper'].shows} About 12 days." in row.help
    assert (presets["quick"].shows in captions(page), presets["talk"].shows in captions(page)) == (True, False)
    row.set_value("talk").run()
    assert (presets["quick"].shows in captions(page), presets["talk"].shows in captions(page)) == (False, True)
    assert page.selectbox(key="preset").value == "talk"


def test_what_differs_from_the_preset_is_named_counted_and_taken_back(page):  # noqa: F811
    page.run()
    assert not [button for button in page.sidebar.button if button.key == "reset"]
    page.text_input(key="steps").set_value("900")
    page.text_input(key="width").set_value("4")
    page.pills(key="depths").set_value([56, 20]).run()
    assert "Quick, changed: steps, width." in captions(page)
    assert [fold.label for fold in page.sidebar.expander] == ["Advanced: 1 changed"]
    assert "Quick has 300." in page.text_input(key="steps").help
    page.button(key="reset").click().run()
    assert (page.text_input(key="steps").value, page.text_input(key="width").value) == ("300", "8")
    assert options.presets()["quick"].shows in captions(page)
    assert [fold.label for fold in page.sidebar.expander] == ["Advanced"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8.4, "8 s"), (43, "45 s"), (120, "2 min"), (3600, "60 min"), (4 * 3600, "4 h"), (1e6, "12 days")],
)
def test_durations_are_as_coarse_as_they_are_known(seconds, words):
    assert preset_row.spoken(seconds) == words


def test_the_time_of_the_set_up_stands_beside_the_start_and_nothing_when_unknown(page, monkeypatch):  # noqa: F811
    raced, times = [], run_times.preset_times()
    monkeypatch.setattr(run_times, "preset_times", lambda: times)
    monkeypatch.setattr(run_times, "race_time", lambda race: raced.append(race))
    page.run()
    assert "4 runs of 300 steps" in [caption.value for caption in page.sidebar.caption]
    monkeypatch.setattr(run_times, "race_time", lambda race: raced.append(race) or run_times.RunTime(130.0, True))
    page.text_input(key="steps").set_value("900").run()
    assert "4 runs of 900 steps, about 2 min" in captions(page)
    assert (raced[-1].run.optim.steps, raced[-1].depths, raced[-1].preset) == (900, (20, 56), "quick")


def test_the_first_visit_says_how_long_the_quick_race_takes(page):  # noqa: F811
    page.run()
    said = page.button(key="start_quick").help
    assert re.fullmatch(r"Four nets at once, about \d+ (s|min)\. Nothing is downloaded\.", said)


def test_a_number_without_effect_keeps_nobody_from_starting(page):  # noqa: F811
    page.run()
    page.text_input(key="lr").set_value("-1").run()
    assert page.button(key="start").disabled
    page.segmented_control(key="rates").set_value("tuned").run()
    assert not page.button(key="start").disabled


#: A start from the stage.
ALONE = """
import streamlit as st
from app.data.workspace import SkipscopeError
from app.views.setup import form_state, setup
form_state.prepare()
try:
    setup.start()
except SkipscopeError as error:
    st.write(str(error))
"""


def test_a_race_of_more_than_an_hour_is_asked_for_twice(page, started, monkeypatch):  # noqa: F811
    times = run_times.preset_times()
    monkeypatch.setattr(run_times, "preset_times", lambda: times)
    page.run()
    for seconds in (None, 3599.0, 3601.0):
        estimate = seconds and run_times.RunTime(seconds, True)
        monkeypatch.setattr(run_times, "race_time", lambda race, known=estimate: known)
        page.button(key="start").click().run()
        assert not page.exception
    assert len(started) == 2, "the unknown and the short one at once, the long one not yet"
    assert "This race takes about 60 min: 4 runs of 300 steps." in " ".join(words.value for words in page.markdown)
    alone = AppTest.from_string(ALONE, default_timeout=90).run()
    assert [words.value for words in alone.markdown] == ["this race takes about 60 min; start it in the side bar"]
    page.button(key="long_cancel").click().run()
    assert "This race takes" not in " ".join(words.value for words in page.markdown)
    page.button(key="start").click().run()
    assert len(started) == 2
    page.button(key="long_start").click().run()
    assert len(started) == 3
    assert started[2] == started[1]


def test_a_problem_stands_under_its_field_and_under_the_start(page):  # noqa: F811
    page.run()
    for kind, key, value, said in (
        ("text_input", "seeds", "30", "120 runs are more than the 64 of one race"),
        ("text_input", "validation", "20000", "Only 0 of 20,000 training images are left; a batch has 128."),
        ("text_input", "replicas", "3", "1, 2, 4 or 8, and no more than there are cores or GPUs (got 3)"),
        ("text_input", "other_depths", "21", "nearest 20 and 26"),
        ("pills", "shortcuts", [], "Choose at least one shortcut"),
        ("pills", "depths", [], "Choose at least one depth."),
    ):
        field = getattr(page, kind)(key=key)
        before = field.value
        field.set_value(value).run()
        lines = [caption.value for caption in page.sidebar.caption if said in caption.value]
        assert [line.startswith(":red[") for line in lines] == [True, True], "beside the field, and under the start"
        assert lines[1].startswith(":red[Cannot start: ")
        assert page.button(key="start").disabled
        assert not page.exception
        getattr(page, kind)(key=key).set_value(before)
    assert page.button(key="start").label == "Start race"


def test_what_no_field_knows_is_said_under_the_start(page):  # noqa: F811
    page.query_params["set_variants"] = "A:layers=3"
    page.query_params["set_depths"] = "14"
    page.run()
    assert "Cannot start: layers=3 does not divide the 4 layers" in captions(page)
    assert page.button(key="start").disabled


def test_doubts_are_said_and_keep_nobody_from_starting(page, started):  # noqa: F811
    page.run()
    page.text_input(key="steps").set_value("49").run()
    assert ":orange[Too short to compare: the running training error is a mean over 50 steps.]" in captions(page)
    page.text_input(key="lr").set_value("5.0").run()
    assert "Rates above 1 usually diverge" in captions(page)
    page.selectbox(key="optimizer").set_value("adamw").run()
    assert (page.text_input(key="lr").value, "usually diverge" in captions(page)) == ("0.001", False)
    page.text_input(key="lr").set_value("0.1").run()
    assert "This rate is high for AdamW; 0.001 is usual." in captions(page)
    assert not page.button(key="start").disabled
    page.text_input(key="steps").set_value("50").run()
    assert "Too short" not in captions(page)


def test_the_optimizer_and_its_warm_up_reach_the_race(page, started):  # noqa: F811
    page.run()
    page.selectbox(key="optimizer").set_value("adamw").run()
    page.text_input(key="warmup_steps").set_value("400").run()
    assert "optim.warmup_steps is at most the run's 300 steps (got 400)" in captions(page).replace("\\", "")
    page.text_input(key="warmup_steps").set_value("100").run()
    assert {key: page.query_params[f"set_{key}"] for key in ("optimizer", "warmup_steps", "lr")} == {
        "optimizer": "adamw", "warmup_steps": "100", "lr": "0.001",
    }  # fmt: skip
    page.button(key="start").click().run()
    optim = started[0].run.optim
    assert (optim.optimizer, optim.lr, optim.weight_decay, optim.warmup_steps) == ("adamw", 0.001, 0.0, 100)


def test_replicas_reach_the_race_the_address_and_no_more_of_them_than_cores(page, started, monkeypatch):  # noqa: F811
    page.run()
    page.button(key="start").click().run()
    page.text_input(key="replicas").set_value("2").run()
    assert page.query_params["set_replicas"] == "2"
    page.button(key="start").click().run()
    assert [race.run.replicas for race in started] == [1, 2]
    monkeypatch.setattr("engine.runs.protocol.planning.cores", lambda: 2)
    monkeypatch.setattr("engine.runs.protocol.planning.devices", lambda: ("cpu",))
    page.text_input(key="replicas").set_value("4").run()
    assert captions(page).count("replicas=4 need a core each; this machine has 2") == 2
    assert page.button(key="start").disabled


def test_missing_data_say_how_much_is_downloaded(page, monkeypatch):  # noqa: F811
    monkeypatch.setattr(options, "data_present", lambda name: name == "fashion-mnist-mini")
    page.run()
    page.selectbox(key="data").set_value("svhn").run()
    assert "it is downloaded when the race starts (246 MB)" in captions(page)


def test_the_address_holds_what_differs_from_the_preset(page):  # noqa: F811
    page.run()
    assert not [key for key in page.query_params if key.startswith("set_")]
    page.text_input(key="steps").set_value("900")
    page.pills(key="depths").set_value([8, 20]).run()
    assert (page.query_params["set_steps"], page.query_params["set_depths"]) == ("900", "8,20")
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_steps", "set_depths"}
    page.selectbox(key="preset").set_value("talk").run()
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_preset"}
    page.selectbox(key="preset").set_value("quick").run()
    assert not [key for key in page.query_params if key.startswith("set_")]


def test_a_link_brings_the_set_up_back(page, started):  # noqa: F811
    page.query_params["set_preset"] = "talk"
    page.query_params["set_depths"] = "14"
    page.query_params["set_other_depths"] = "26"
    page.query_params["set_shortcuts"] = "A"
    page.query_params["set_variants"] = "gated:bias=-7,highway"
    page.query_params["set_rates"] = "tuned"
    page.query_params["set_seeds"] = "2"
    page.query_params["set_width"] = "4"
    page.query_params["race"] = "7"
    page.run()
    page.button(key="start").click().run()
    race = started[0]
    assert (race.depths, race.shortcuts) == ((14, 26), ("A", "gated:bias=-7", "highway"))
    assert (race.preset, race.seeds, race.run.optim.steps) == ("talk", 2, 600)
    assert (race.run.optim.lr, race.run.model.width) == ("tuned", 4)
    assert not page.exception


def test_seeds_are_the_presets_until_one_chooses(page, started):  # noqa: F811
    page.run()
    page.selectbox(key="preset").set_value("start").run()
    assert page.text_input(key="seeds").value == "3"
    assert page.button(key="start").label == "Start race of 24 runs"
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_preset"}
    page.text_input(key="seeds").set_value("1").run()
    assert page.query_params["set_seeds"] == "1"
    page.button(key="start").click().run()
    assert (started[0].seeds, started[0].shortcuts) == (1, ("none", "A", "dirac", "zero-gamma"))
    page.selectbox(key="preset").set_value("quick").run()
    assert page.text_input(key="seeds").value == "1"


@pytest.mark.parametrize(("address", "seeds"), [({}, 3), ({"set_seeds": "2"}, 2)])
def test_a_link_to_a_preset_has_its_seeds_unless_it_names_others(page, started, address, seeds):  # noqa: F811
    for key, text in ({"set_preset": "start"} | address).items():
        page.query_params[key] = text
    page.run()
    page.button(key="start").click().run()
    assert started[0].seeds == seeds


def test_nonsense_in_the_address_changes_nothing(page):  # noqa: F811
    nonsense = {
        "preset": "imagenet", "steps": "0", "depths": "20,21", "shortcuts": "Z", "data": "folder:/etc", "lr": "nan",
        "seeds": "-1", "precision": "int8", "width": "9" * 3000, "first_seed": "-1", "lead": "", "pace": "slow",
    }  # fmt: skip
    for key, text in nonsense.items():
        page.query_params[f"set_{key}"] = text
    page.run()
    assert not page.exception
    assert page.button(key="start").label == "Start race of 4 runs"
    assert not page.button(key="start").disabled
    assert (page.text_input(key="steps").value, page.selectbox(key="data").value) == ("300", "fashion-mnist-mini")
    assert page.selectbox(key="precision").value == "auto"
    assert not [key for key in page.query_params if key.startswith("set_")]


def test_what_is_refused_below_a_path_disables_start_and_a_doubt_stands_beside_it(page, started, tmp_path, monkeypatch):  # noqa: F811
    root = tmp_path / "offered"
    fine = pictures.folder(root / "fine", each=90)
    pictures.folder(root / "few", each=12)
    for site in ("here", "there"):
        pictures.folder(root / "sites" / site, each=45)
    pictures.folder(root / "unclear" / "train_x", each=45)
    pictures.folder(root / "unclear" / "test", each=45)
    monkeypatch.setenv("SKIPSCOPE_DATA", str(root))
    page.run()

    def chosen(name, until, times=1):
        page.selectbox(key="data").set_value(f"folder:{root}/{name}").run()
        for _ in range(100):
            # What is found while the page is drawn stands in one place first; a browser's next tick brings the other.
            if captions(page).count(until) >= times:
                return captions(page)
            time.sleep(0.05)
            page.run()
        raise AssertionError(captions(page))

    said = chosen("unclear", "is the only split", times=2)
    assert said.count("is the only split") == 2, "below the field and beside the button"
    assert "Cannot start" in said
    assert page.button(key="start").disabled
    said = chosen("sites", ":orange[every class folder holds the folders cats, dogs")
    assert said.count(":orange[every class folder holds the folders cats, dogs") == 1
    assert not page.button(key="start").disabled
    assert "128 is more than the 20 training images" in chosen("few", "Cannot start")
    assert page.button(key="start").disabled
    assert "Cannot start" not in chosen("fine", "left out: nothing")
    assert "holds the folders" not in captions(page)
    page.button(key="start").click().run()
    assert [race.run.data.name for race in started] == [f"folder:{fine}"]


def test_a_preset_of_another_family_has_its_depths_in_blocks_its_shortcuts_and_its_own_problems(page, started):  # noqa: F811
    page.run()
    page.selectbox(key="preset").set_value("start-vit").run()
    depths, shortcuts = page.pills(key="depths"), page.pills(key="shortcuts")
    assert (depths.label, depths.options[1], depths.value) == ("Depths in blocks", "4", [18, 50])
    assert (shortcuts.options, shortcuts.value) == (["plain", "A"], ["none", "A"])
    assert set(page.multiselect(key="variants").value) == {"shaped", "shaped:wire=mlp"}
    page.text_input(key="other_depths").set_value("20").run()
    assert "depth 20 is not 4n+2 with n = 1 to 300; nearest 18 and 22" in captions(page)
    page.text_input(key="other_depths").set_value("").run()
    page.button(key="start").click().run()
    (race,) = started
    assert (race.preset, race.depths, race.seeds, race.run.model.family) == ("start-vit", (18, 50), 3, "vit")
    assert set(race.shortcuts) == {"none", "A", "shaped", "shaped:wire=mlp"}
    page.selectbox(key="preset").set_value("quick").run()
    assert page.pills(key="depths").value == [20, 56] and "C" in page.pills(key="shortcuts").options
