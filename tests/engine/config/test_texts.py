"""Texts of configurations: what a database and JSON cannot hold is refused before it gets there."""

import pytest

from engine.config import (
    DataConfig,
    LabConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    RaceConfig,
    RunConfig,
    apply_settings,
    replace,
)  # fmt: skip
from engine.config.values import setting_of
from engine.errors import ConfigError

HALF = "a\ud800"


@pytest.mark.parametrize("key", ["shortcut", "data.name", "device", "model.family"])
def test_half_a_letter_is_no_text_of_a_run(key):
    for text in (HALF, '"a\\ud800"'):
        with pytest.raises(ConfigError) as refused:
            apply_settings(RunConfig(), {key: text})
        assert str(refused.value).isprintable()
    path = "model.shortcut" if key == "shortcut" else key
    with pytest.raises(ConfigError):
        replace(RunConfig(), {path: HALF})


@pytest.mark.parametrize("values", [{"shortcuts": ("A", HALF)}, {"preset": HALF}, {"name": HALF}, {"pace": HALF}])
def test_half_a_letter_is_no_text_of_a_race(values):
    with pytest.raises(ConfigError) as refused:
        RaceConfig.checked(**values)
    assert str(refused.value).isprintable()
    (key,) = values
    assert key in str(refused.value)


@pytest.mark.parametrize(
    "values", [{"lab": HALF}, {"lab": "x", "settings": {HALF: 1}}, {"lab": "x", "settings": {"a": HALF}}]
)
def test_half_a_letter_is_no_text_of_a_lab(values):
    with pytest.raises(ConfigError) as refused:
        LabConfig.checked(**values)
    assert str(refused.value).isprintable()


#: Texts with a check of their own.
CHECKED = {"DataConfig.name", "RaceConfig.pace"}


@pytest.mark.parametrize(
    "config", [ModelConfig, DataConfig, OptimConfig, ProbeConfig, RunConfig, RaceConfig, LabConfig]
)
def test_every_text_of_a_config_has_a_bound(config):
    def unbounded(schema):
        if schema.get("type") == "string" and not {"maxLength", "pattern", "enum", "const"} & schema.keys():
            return True
        inner = [*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]
        return any(isinstance(each, dict) and unbounded(each) for each in inner)

    found = setting_of(config, ())[1]["properties"]
    assert {f"{config.__name__}.{name}" for name, schema in found.items() if unbounded(schema)} <= CHECKED


def test_other_letters_are():
    race = RaceConfig.checked(name="Größe \U0001f4a9", preset="e\u0301")
    assert RaceConfig.from_json(race.to_json()) == race
