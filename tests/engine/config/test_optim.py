"""Optimizers and warm-ups as settings: whose defaults hold, which pairs are refused, which rate an update has."""

import pytest

from engine.config import TRIAL_SEED, OptimConfig, RaceConfig, RunConfig, replace
from engine.config.optim import OPTIMIZER_DEFAULTS
from engine.errors import ConfigError


def test_each_optimizer_has_its_own_rate_decay_and_grid():
    for optimizer, own in OPTIMIZER_DEFAULTS.items():
        config = OptimConfig(optimizer=optimizer)
        assert {key: getattr(config, key) for key in own} == own
    assert OptimConfig() == OptimConfig(optimizer="sgd")
    assert OptimConfig(optimizer="adamw", lr=0.003, weight_decay=0.01).lr == 0.003
    # A file of an older version names neither optimizer nor warm-up.
    older = '{"optim": {"lr": 0.05, "weight_decay": 0.0001, "momentum": 0.9}}'
    assert RunConfig.from_json(older).optim == OptimConfig(lr=0.05)


def test_adamw_is_shown_with_its_fixed_settings():
    assert OptimConfig().optimizer_in_words == "SGD"
    assert OptimConfig(optimizer="adamw").optimizer_in_words == "AdamW, betas 0.9 and 0.999, eps 1e-08"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adamw", "momentum": 0.5}, "momentum is SGD's; AdamW has fixed betas, 0.9 and 0.999 (got 0.5)"),
        ({"optimizer": "adamw", "warmup_lr": 0.001}, "warmup_lr is a rule for SGD; AdamW warms up over optim.warmup_s"),
        ({"warmup_lr": 0.01, "warmup_steps": 10}, "warmup_lr and optim.warmup_steps are two warm-ups; choose one"),
        ({"warmup_steps": 301}, "optim.warmup_steps is at most the run's 300 steps (got 301)"),
        ({"warmup_steps": 151, "drops": (0.5, 0.75)}, "warmup_steps is at most 150, the first drop's step (got 151)"),
        ({"warmup_steps": -1}, "optim.warmup_steps is a whole number from 0 to 10,000,000 (got -1)"),
        ({"optimizer": "adam"}, "optim.optimizer is sgd or adamw (got 'adam')"),
    ],
)
def test_what_has_no_meaning_is_refused_in_one_line(settings, words):
    with pytest.raises(ConfigError) as refused:
        replace(RunConfig(), {f"optim.{key}": value for key, value in settings.items()})
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_rate_rises_linearly_and_then_follows_the_schedule():
    config = OptimConfig(lr=0.2, steps=20, warmup_steps=4, drops=(0.5,))
    assert [config.lr_at(step) for step in (1, 2, 3, 4, 5, 10, 11)] == pytest.approx(
        [0.05, 0.1, 0.15, 0.2, 0.2, 0.2, 0.02]
    )
    assert [config.ramps_at(step) for step in (1, 3, 4)] == [True, True, False]
    assert OptimConfig(lr=0.2, warmup_steps=1).lr_at(1) == 0.2


def test_trials_keep_the_shape_of_the_warm_up():
    optim = OptimConfig(optimizer="adamw", lr="tuned", steps=200, warmup_steps=100, drops=(0.5,))
    race = RaceConfig(depths=(8,), shortcuts=("A",), run=RunConfig(optim=optim))
    trials = race.trials()
    assert [trial.optim.lr for trial in trials] == list(OPTIMIZER_DEFAULTS["adamw"]["tune_grid"])
    assert {(trial.optim.steps, trial.optim.warmup_steps, trial.seed) for trial in trials} == {(66, 33, TRIAL_SEED)}
