"""What differs between the settings of two races or runs."""

from engine.analysis.settings import race_of, setting_differences
from engine.config import RaceConfig, RunConfig, replace

RACE = RaceConfig(depths=(20, 56), shortcuts=("none", "A"), preset="quick")


def test_races_differ_in_arms_seeds_and_settings():
    other = RaceConfig(
        depths=(56,),
        shortcuts=("none", "gated:bias=-7"),
        preset="talk",
        name="a name is no setting",
        seeds=3,
        run=replace(RACE.run, {"optim.lr": 0.05, "optim.drops": (0.5, 0.75), "optim.steps": 64_000, "compile": True}),
        per_depth={56: {"optim.warmup_lr": 0.01}},
    )
    assert setting_differences(RACE, other) == [
        ("depths", "20, 56", "56"),
        ("shortcuts", "plain, A", "plain, gated bias −7"),
        ("seeds", "1", "3"),
        ("preset", "quick", "talk"),
        ("optim.lr", "0.1", "0.05"),
        ("optim.steps", "300", "64,000"),
        ("optim.drops", "none", "0.5, 0.75"),
        ("compile", "no", "yes"),
        ("optim.warmup_lr of depth 56", "", "0.01"),
    ]
    assert [row.setting for row in setting_differences(other, RACE)] == [
        row.setting for row in setting_differences(RACE, other)
    ]


def test_depths_that_people_name_by_blocks_have_their_names():
    run = replace(RunConfig(), {"model.family": "mlp", "model.depth": 8})
    race = RaceConfig(depths=(8, 32), shortcuts=("A",), run=run)
    warmed = race.model_copy(update={"per_depth": {32: {"optim.warmup_lr": 0.01}}})
    assert setting_differences(race, warmed) == [("optim.warmup_lr of depth 15 blocks (32 layers)", "", "0.01")]


def test_equal_ones_differ_in_nothing_whatever_the_order_of_depths():
    assert setting_differences(RACE, replace(RACE, {"depths": (56, 20), "name": "again"})) == []


def test_runs_differ_from_each_other_and_from_races():
    one = RunConfig()
    other = replace(one, {"model.depth": 56, "model.shortcut": "none", "seed": 4, "model.width": 8})
    assert setting_differences(one, other) == [
        ("depths", "20", "56"), ("shortcuts", "A", "plain"), ("first_seed", "0", "4"), ("model.width", "16", "8"),
    ]  # fmt: skip
    assert setting_differences(one, race_of(one)) == []
    assert setting_differences(RACE, one)[0] == ("depths", "20, 56", "20")
