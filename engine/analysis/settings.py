"""What differs between the settings of two races or runs, as rows for people. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.config import RaceConfig, RunConfig, depth_name, leaves
from engine.models.arm_names import variant_name

#: Settings of a race that arms, seeds, data set and pool decide, or that only name the race.
_DECIDED = {
    "run.model.depth", "run.model.shortcut", "run.model.channels", "run.model.classes", "run.model.image_size",
    "run.seed", "name",
}  # fmt: skip
_RUN = "run."


class SettingDifference(NamedTuple):
    """A setting, as ``--set`` names it or in a word, with its value on either side; '' where it is not set."""

    setting: str
    one: str
    other: str


def race_of(run: RunConfig, preset: str = "") -> RaceConfig:
    """Return a race that trains one stored run again."""
    arm = {"depths": (run.model.depth,), "shortcuts": (str(run.model.shortcut),), "first_seed": run.seed}
    return RaceConfig.checked(**arm, preset=preset, run=run)


def setting_differences(one: RaceConfig | RunConfig, other: RaceConfig | RunConfig) -> list[SettingDifference]:
    """Return the settings in which two races or runs differ, in the order of a configuration."""
    return differing(dict(_settings(one)), dict(_settings(other)))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[SettingDifference]:
    """Return what differs between two tables of texts."""
    return [
        SettingDifference(key, before.get(key, ""), after.get(key, ""))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def _settings(config: RaceConfig | RunConfig) -> Iterator[tuple[str, str]]:
    race = config if isinstance(config, RaceConfig) else race_of(config)
    yield "depths", ", ".join(depth_name(depth, race.run.model.family) for depth in sorted(race.depths))
    yield "shortcuts", ", ".join(map(variant_name, race.shortcuts))
    for key, value in leaves(race).items():
        if key not in _DECIDED | {"depths", "shortcuts"} and not key.startswith("per_depth."):
            yield key.removeprefix(_RUN), _text(value)
    for depth, settings in sorted(race.per_depth.items()):
        for key, value in settings.items():
            yield f"{key} of depth {depth_name(depth, race.run.model.family)}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
