import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.config import (
    TRIAL_SEED,
    TUNED,
    DataConfig,
    ModelConfig,
    OptimConfig,
    RaceConfig,
    RunConfig,
    ShortcutConfig,
    apply_settings,
    arm_name,
    diff,
    leaves,
    nearest_depths,
    replace,
)  # fmt: skip
from engine.config.presets import PRESETS, get_preset
from engine.config.race import MAX_FIRST_SEED
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.models.registry import SHORTCUTS


def test_depth_21_names_the_nearest_depths():
    with pytest.raises(ConfigError, match=r"^depth 21 is not 6n\+2 .*nearest 20 and 26$"):
        replace(RunConfig(), {"model.depth": 21})


@pytest.mark.parametrize(("depth", "words"), [(2, "8"), (9, "8 and 14"), (1201, "1196 and 1202"), (5000, "1202")])
def test_nearest_depths_stay_in_the_family(depth, words):
    assert nearest_depths(depth) == words


@pytest.mark.parametrize(
    ("key", "value"),
    [("optim.steps", 0), ("optim.lr", 0.0), ("optim.drops", [0.5, 0.5]), ("data.pool", 0), ("model.width", 0)],
)
def test_a_value_out_of_range_is_one_line(key, value):
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), {key: value})
    assert "\n" not in str(caught.value)


def test_configs_are_immutable_and_know_their_keys():
    with pytest.raises(ValidationError):
        RunConfig().seed = 1
    with pytest.raises(ConfigError, match="colour"):
        RunConfig.from_json('{"colour": 1}')


def test_json_round_trip():
    run = replace(RunConfig(), {"optim.drops": [0.5, 0.75], "model.shortcut": "B", "seed": 3})
    assert RunConfig.from_json(run.to_json()) == run
    assert "\n" not in run.to_json()


def test_settings_from_text():
    run = apply_settings(RunConfig(), {"lr": "0.05", "data.name": "cifar10", "drops": "[0.5]", "flip": "false"})
    assert run.optim.lr == 0.05
    assert run.data.name == "cifar10"
    assert run.optim.drops == (0.5,)
    assert run.data.flip is False
    with pytest.raises(ConfigError, match="unknown setting 'speed'"):
        apply_settings(run, {"speed": "9"})


def test_diff_names_what_changed():
    old, new = RunConfig(), replace(RunConfig(), {"optim.lr": 0.05})
    assert diff(old, new) == {"optim.lr": (0.1, 0.05)}
    assert diff(old, old) == {}


def test_schedule_drops_after_its_shares():
    optim = OptimConfig(lr=0.1, steps=64_000, drops=(0.5, 0.75))
    at = {step: optim.lr_at(step) for step in (1, 32_000, 32_001, 48_000, 48_001, 64_000)}
    assert at == pytest.approx({1: 0.1, 32_000: 0.1, 32_001: 0.01, 48_000: 0.01, 48_001: 0.001, 64_000: 0.001})


@given(steps=st.integers(1, 100_000))
@example(steps=1)
@example(steps=8)
@example(steps=300)
def test_evaluations_are_few_ascending_and_end_with_the_last_step(steps):
    at = RunConfig(optim=OptimConfig(steps=steps)).evaluation_steps()
    assert at[-1] == steps
    assert at == sorted(set(at))
    assert len(at) <= 129
    if steps >= 300:
        assert len(at) >= 8


def test_a_short_run_is_not_evaluated_more_closely_than_one_of_300_steps():
    assert RunConfig(optim=OptimConfig(steps=200)).evaluation_steps() == [38, 76, 114, 152, 200]


def test_a_long_run_is_evaluated_every_hundred_steps_and_at_most_128_times():
    assert RunConfig(optim=OptimConfig(steps=6_400)).evaluation_steps() == list(range(100, 6_401, 100))
    assert RunConfig(optim=OptimConfig(steps=64_000)).evaluation_steps() == list(range(500, 64_001, 500))


def test_an_extended_run_keeps_its_evaluations_and_goes_on_as_one_of_the_new_length():
    run = RunConfig(optim=OptimConfig(steps=300))
    assert run.evaluation_steps([600]) == [*run.evaluation_steps(), 375, 450, 525, 600]
    assert run.evaluation_steps([310]) == [*run.evaluation_steps(), 310]
    assert run.evaluation_steps([600, 700])[-2:] == [600, 700]
    assert replace(run, {"eval_every": 40}).evaluation_steps([400])[-4:] == [300, 320, 360, 400]


def test_arms_share_their_evaluation_steps():
    race = RaceConfig(run=replace(RunConfig(), {"eval_every": 7, "optim.steps": 20}))
    assert {tuple(run.evaluation_steps()) for run in race.runs()} == {(7, 14, 20)}


def test_race_expands_seed_by_seed():
    race = RaceConfig(depths=(56, 20), shortcuts=("none", "A"), seeds=2, first_seed=5)
    arms = [(run.model.arm, run.seed) for run in race.runs()]
    assert arms[:4] == [("plain-20", 5), ("plain-56", 5), ("A-20", 5), ("A-56", 5)]
    assert len(arms) == 8
    assert len({run.model_copy(update={"model": None, "seed": 0}).to_json() for run in race.runs()}) == 1
    with pytest.raises(ValidationError):
        RaceConfig(depths=(20, 20))


def test_arm_names():
    assert arm_name(56, "none") == "plain-56"
    assert arm_name(56, "none:norm=none") == "plain-56 norm=none"
    assert arm_name(110, "gated:bias=-7") == "gated-110 bias=-7"
    assert arm_name(20, "A:order=full-pre:layers=1") == "A-20 order=full-pre layers=1"
    assert ModelConfig(depth=20, shortcut="B").arm == "B-20"


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_name_what_exists(preset):
    assert get_preset(preset.name) is preset
    assert preset.data or preset.name == "imagenet"
    assert all(name in SOURCES for name in preset.data)
    assert all(ShortcutConfig(text).name in SHORTCUTS for text in preset.shortcuts)
    for name in preset.data:
        assert SOURCES[name].image_size % preset.run.data.pool == 0
    race = RaceConfig(depths=preset.depths, shortcuts=preset.shortcuts, run=preset.run)
    assert len(race.runs()) == len(preset.depths) * len(preset.shortcuts)
    assert preset.shows
    assert re.search(r"et al\. \d{4}", preset.source)


def test_unknown_preset_names_the_choices():
    with pytest.raises(ConfigError, match=r"unknown preset 'slow'; choose from quick, .*talk, .*start, depth, paper"):
        get_preset("slow")


def test_quick_is_the_measured_recipe():
    run = get_preset("quick").run
    assert (run.model.width, run.data.pool, run.data.crop, run.data.flip) == (8, 2, 0, True)
    assert (run.optim.lr, run.optim.momentum, run.optim.weight_decay, run.optim.batch_size) == (0.1, 0.9, 1e-4, 128)
    assert run.data.eval_images == DataConfig().eval_images == 1000
    assert len(run.evaluation_steps()) >= 8


def test_leaves_cover_every_setting_once():
    assert len(leaves(RunConfig())) == len(set(leaves(RunConfig())))
    assert "optim.warmup_lr" in leaves(RunConfig())


@pytest.mark.parametrize("name", ["folder:/data/bad\udcff", "bad\ud800"])
def test_a_data_set_whose_name_is_not_utf8_is_refused_in_one_line(name):
    shown = name.encode("utf-8", "backslashreplace").decode()
    for make in (lambda: DataConfig.checked(name=name), lambda: replace(RunConfig(), {"data.name": name})):
        with pytest.raises(ConfigError) as caught:
            make()
        assert str(caught.value) == f"{shown} is not valid UTF-8; rename it"
    with pytest.raises(ConfigError, match=r"a\\nb\\udcff is not valid UTF-8"):
        DataConfig.checked(name="folder:a\nb\udcff")
    with pytest.raises(ValidationError):
        DataConfig(name=name)
    assert DataConfig(name="folder:/d/Müller 猫").name == "folder:/d/Müller 猫"


def test_no_race_can_have_the_seed_of_the_trials():
    most = RaceConfig(depths=(8,), shortcuts=("A",), seeds=100, first_seed=MAX_FIRST_SEED)
    assert max(run.seed for run in most.runs()) < TRIAL_SEED
    tuned = replace(most, {"run.optim.lr": TUNED})
    assert {run.seed for run in tuned.trials()} == {TRIAL_SEED}
    with pytest.raises((ConfigError, ValidationError)):
        replace(most, {"first_seed": MAX_FIRST_SEED + 1})
