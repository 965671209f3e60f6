"""The set-up: cards, times, the drawn block, problems beside fields, the address, the zoo. No engine."""

import time

import pytest

from app.data import commands, options, run_times
from app.views.setup import preset_cards
from engine.config.presets import PRESETS
from tests.app.views.race.test_race import page, started  # noqa: F401
from tests.engine.data import pictures

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
    assert started[0].shortcuts == ("none", "A", "gated:bias=-7")


def test_a_race_is_planned_once_for_each_run_of_the_page_and_handed_over_as_it_is(page, started, monkeypatch):  # noqa: F811
    page.run()
    plans = []
    monkeypatch.setattr(
        commands, "planned", lambda request, planned=commands.planned: plans.append(planned(request)) or plans[-1]
    )
    page.number_input(key="steps").set_value(900).run()
    assert len(plans) == 1
    page.button(key="start").click().run()
    # The run of the page in which the button is pressed; the page is run again to show the race.
    assert len(plans) == 3
    assert started[0] is plans[1]
    assert started[0].run.optim.steps == 900


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
    assert not [field for field in page.number_input if field.key == "lr"]
    page.button(key="start").click().run()
    assert started[0].run.optim.lr == "tuned"
    page.segmented_control(key="rates").set_value("one").run()
    assert page.number_input(key="lr").value == 0.1
    page.button(key="start").click().run()
    assert started[1].run.optim.lr == 0.1


def test_pace_and_held_out_images_reach_the_race(page, started):  # noqa: F811
    page.run()
    assert page.number_input(key="lead").disabled
    page.button(key="start").click().run()
    assert (started[0].pace, started[0].run.data.validation) == ("free", 0)
    page.segmented_control(key="pace").set_value("lockstep").run()
    page.number_input(key="lead").set_value(9)
    page.number_input(key="validation").set_value(5000).run()
    page.button(key="start").click().run()
    assert (started[1].pace, started[1].run.data.validation) == ("lockstep:9", 5000)


def test_presets_are_cards_that_say_what_they_show_and_how_long_it_takes(page, monkeypatch):  # noqa: F811
    times = {
        "quick": run_times.RunTime(43.0, here=True, scaled=False),
        "talk": run_times.RunTime(400.0, here=True, scaled=True),
        "start": run_times.RunTime(250.0, here=True, scaled=True),
        "depth": run_times.RunTime(180.0, here=True, scaled=True),
        "paper": run_times.RunTime(1e6, here=False, scaled=True),
    }
    monkeypatch.setattr(run_times, "preset_times", lambda: times)
    page.run()
    cards = page.radio(key="preset")
    said = cards.proto.captions
    assert cards.options == [f"**{preset.label}**" for preset in options.presets().values()]
    purposes = [preset.shows for preset in options.presets().values()]
    assert [purpose in text for purpose, text in zip(purposes, said, strict=True)] == [True, *[False] * 4]
    assert "**About 45 s here (by finished runs).**" in said[0]
    assert "**About 7 min here (scaled from finished runs).**" in said[1]
    assert "**About 12 days on two cores.**" in said[4]
    cards.set_value("talk").run()
    said = page.radio(key="preset").proto.captions
    assert [purpose in text for purpose, text in zip(purposes, said, strict=True)] == [False, True, *[False] * 3]
    assert page.radio(key="preset").value == "talk"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8.4, "8 s"), (43, "45 s"), (120, "2 min"), (3600, "60 min"), (4 * 3600, "4 h"), (1e6, "12 days")],
)
def test_durations_are_as_coarse_as_they_are_known(seconds, words):
    assert preset_cards.spoken(seconds) == words


def test_the_time_of_the_set_up_stands_beside_the_start_and_nothing_when_unknown(page, monkeypatch):  # noqa: F811
    raced, times = [], run_times.preset_times()
    monkeypatch.setattr(run_times, "preset_times", lambda: times)
    monkeypatch.setattr(run_times, "race_time", lambda race: raced.append(race))
    page.run()
    assert "4 runs of 300 steps" in [caption.value for caption in page.sidebar.caption]
    monkeypatch.setattr(
        run_times, "race_time", lambda race: raced.append(race) or run_times.RunTime(130.0, True, False)
    )
    page.number_input(key="steps").set_value(900).run()
    assert "4 runs of 900 steps, about 2 min here (by finished runs)" in captions(page)
    assert (raced[-1].run.optim.steps, raced[-1].depths, raced[-1].preset) == (900, (20, 56), "quick")


def test_the_first_visit_says_how_long_the_quick_race_takes(page):  # noqa: F811
    page.run()
    assert "Four nets at once, about " in page.button(key="start_quick").help
    assert " on two cores. Nothing is downloaded." in page.button(key="start_quick").help


def test_a_problem_stands_under_its_field_and_under_the_start(page):  # noqa: F811
    page.run()
    for kind, key, value, said in (
        ("number_input", "seeds", 30, "120 runs are more than the 64 of one race"),
        ("number_input", "validation", 20_000, "Only 0 of 20,000 training images are left; a batch has 128."),
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
    assert page.button(key="start").label == "Choose depths and shortcuts"


def test_what_no_field_knows_is_said_under_the_start(page):  # noqa: F811
    page.query_params["set_variants"] = "A:layers=3"
    page.query_params["set_depths"] = "14"
    page.run()
    assert "Cannot start: layers=3 does not divide the 4 layers" in captions(page)
    assert page.button(key="start").disabled


def test_doubts_are_said_and_keep_nobody_from_starting(page, started):  # noqa: F811
    page.run()
    page.number_input(key="steps").set_value(49).run()
    assert ":orange[Too short to compare: the running training error is a mean over 50 steps.]" in captions(page)
    page.number_input(key="lr").set_value(5.0).run()
    assert "Rates above 1 usually diverge" in captions(page)
    assert not page.button(key="start").disabled
    page.number_input(key="steps").set_value(50).run()
    assert "Too short" not in captions(page)


def test_missing_data_say_how_much_is_downloaded(page, monkeypatch):  # noqa: F811
    monkeypatch.setattr(options, "data_present", lambda name: name == "fashion-mnist-mini")
    page.run()
    page.selectbox(key="data").set_value("svhn").run()
    assert "it is downloaded when the race starts (246 MB)" in captions(page)


def test_the_block_of_what_was_touched_last_is_drawn_with_its_size(page):  # noqa: F811
    page.run()
    assert block_of(page) == "A block of A"
    assert "A-56: 214 k parameters, 6.6 M multiply-adds  \nAs many as in the plain net." in captions(page)
    page.pills(key="shortcuts").set_value(["none", "A", "C"]).run()
    assert block_of(page) == "A block of C"
    assert "C-56: 227 k (+12.5 k) parameters, 6.96 M (+359 k) multiply-adds" in captions(page)
    page.selectbox(key="variant_of").set_value("highway").run()
    assert block_of(page) == "A block of highway"
    page.selectbox(key="order_highway").set_value("full-pre").run()
    assert block_of(page) == "A block of highway full pre"
    page.pills(key="shortcuts").set_value(["none"]).run()
    page.selectbox(key="variant_of").set_value("A").run()
    page.pills(key="shortcuts").set_value(["none", "B"]).run()
    assert block_of(page) == "A block of B"
    (picture,) = [image for part in page.sidebar.get("image") for image in part.proto.imgs]
    assert picture.alt.startswith("Branch: 3x3 conv; BN; ReLU; 3x3 conv; BN. Shortcut: identity; 1x1 conv, BN")
    assert not page.exception


def block_of(page):  # noqa: F811
    return next(words.value for words in page.sidebar.markdown if words.value.startswith("A block of"))


def test_the_address_holds_what_differs_from_the_preset(page):  # noqa: F811
    page.run()
    assert not [key for key in page.query_params if key.startswith("set_")]
    page.number_input(key="steps").set_value(900)
    page.pills(key="depths").set_value([8, 20]).run()
    assert (page.query_params["set_steps"], page.query_params["set_depths"]) == ("900", "8,20")
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_steps", "set_depths"}
    page.radio(key="preset").set_value("talk").run()
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_preset"}
    page.radio(key="preset").set_value("quick").run()
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
    page.radio(key="preset").set_value("start").run()
    assert page.number_input(key="seeds").value == 3
    assert page.button(key="start").label == "Start race of 24 runs"
    assert {key for key in page.query_params if key.startswith("set_")} == {"set_preset"}
    page.number_input(key="seeds").set_value(1).run()
    assert page.query_params["set_seeds"] == "1"
    page.button(key="start").click().run()
    assert (started[0].seeds, started[0].shortcuts) == (1, ("none", "A", "dirac", "zero-gamma"))
    page.radio(key="preset").set_value("quick").run()
    assert page.number_input(key="seeds").value == 1


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
        "seeds": "-1", "precision": "int8", "width": "9" * 3000, "first_seed": "1e9", "lead": "", "pace": "slow",
    }  # fmt: skip
    for key, text in nonsense.items():
        page.query_params[f"set_{key}"] = text
    page.run()
    assert not page.exception
    assert page.button(key="start").label == "Start race of 4 runs"
    assert not page.button(key="start").disabled
    assert (page.number_input(key="steps").value, page.selectbox(key="data").value) == (300, "fashion-mnist-mini")
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
