"""The base of all configs: validation, JSON, dotted keys, difference."""

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from engine.config.values import fits, setting_of, shown, wrong
from engine.errors import ConfigError

T = TypeVar("T", bound="Config")
#: Characters of an unknown key that are compared with the names of settings.
_LONGEST_KEY = 40
#: Characters of a dotted key that a line shows as it stands.
_LONGEST_PATH = 60


class _Switch(ValueError):
    """True or false in the place of another value: the field's name, and what it was given."""


class Config(BaseModel):
    """Base of all configs: immutable, finite, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, values: Any) -> Any:
        """Refuse true and false where they are no value, also in a list: validation would take them for 1 and 0."""
        for name, value in values.items() if isinstance(values, dict) else ():
            parts = value if isinstance(value, list | tuple) else (value,)
            switch = next((part for part in parts if isinstance(part, bool)), None)
            field = None if switch is None else cls.model_fields.get(name)
            # A field with a validator of its own judges for itself.
            if field is None or any(isinstance(each, BeforeValidator) for each in field.metadata):
                continue
            if not fits(setting_of(cls, [name])[1], switch):
                raise _Switch(name, value)
        return values

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Return a config of ``values``. Raises ConfigError in one line."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise ConfigError(first_line(error, cls)) from None

    def to_json(self) -> str:
        """Return the config as one line of JSON with stable key order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the config of a JSON text. Raises ConfigError in one line."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(first_line(error, cls)) from None


def replace(config: T, changes: Mapping[str, Any]) -> T:
    """Return a validated copy with dotted keys changed: ``{"optim.lr": 0.05}``. Raises ConfigError naming the key."""
    document = config.model_dump(mode="json")
    for key, value in changes.items():
        *parents, last = key.split(".")
        target: Any = document
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or last not in target or isinstance(target[last], dict):
            raise ConfigError(_unknown(key, leaves(config)))
        target[last] = value
    try:
        return type(config).model_validate(document)
    except ValidationError as error:
        raise ConfigError(first_line(error, type(config))) from None


def apply_settings(config: T, settings: Mapping[str, str], implied: Mapping[str, Any] | None = None) -> T:
    """Return a copy with ``--set key=value`` pairs, and ``implied`` values of dotted keys, applied together.

    A key is dotted, or its last part alone where that is unambiguous. A value that is not JSON is text. Raises
    ConfigError in one line, also for what would silently be the default: null, and 0 for a derived setting.
    """
    paths = leaves(config)
    changes: dict[str, Any] = dict(implied or {})
    for key, text in settings.items():
        matches = [path for path in paths if path == key or path.rsplit(".", 1)[-1] == key]
        if len(matches) != 1:
            raise ConfigError(_unknown(key, paths))
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or more digits and brackets than Python reads
            value = text
        name, schema = setting_of(type(config), matches[0].split("."))
        if not fits(schema, value):
            raise ConfigError(wrong(name, schema, value))
        changes[name] = value
    return replace(config, changes)


def _unknown(key: str, paths: Iterable[str]) -> str:
    """Return the refusal of a key; the settings of similar names stand first, where a long line is not cut."""
    by_name = {path.rsplit(".", 1)[-1]: path for path in paths}
    similar = [by_name[name] for name in get_close_matches(key.rsplit(".", 1)[-1][:_LONGEST_KEY], by_name)]
    return f"unknown setting {key!r}; choose from {', '.join(dict.fromkeys([*similar, *paths]))}"


def leaves(config: Config) -> dict[str, Any]:
    """Return every setting as ``{"optim.lr": 0.1, ...}``, in declaration order."""
    return dict(_leaves(config.model_dump(mode="json"), ""))


def _leaves(document: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        yield from _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]


def diff(old: Config, new: Config) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ as ``{"optim.lr": (0.1, 0.05)}``."""
    before, after = leaves(old), leaves(new)
    return {key: (before.get(key), after.get(key)) for key in {**before, **after} if before.get(key) != after.get(key)}


def first_line(error: ValidationError, config: type[BaseModel]) -> str:
    """Return the first validation error as one readable line; ``config`` says what is right."""
    return every_line(error, config)[0]


def every_line(error: ValidationError, config: type[BaseModel]) -> list[str]:
    """Return each validation error as one readable line; ``config`` says what is right."""
    return [_line(fault, config) for fault in error.errors()]


def _key(name: str) -> str:
    """Return the name of a setting as one short word; a file from elsewhere may hold any text as a name."""
    return name if name.isprintable() and " " not in name and len(name) <= _LONGEST_PATH else shown(name)


def _line(fault: Mapping[str, Any], config: type[BaseModel]) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    where = _key(".".join(str(part) for part in fault["loc"]))
    switch = fault.get("ctx", {}).get("error")
    if isinstance(switch, _Switch):
        name, value = switch.args
        setting, schema = setting_of(config, [*fault["loc"], name])
        return wrong(setting, schema, value)
    if fault["type"] == "value_error" or not where:
        return message
    if fault["type"] == "extra_forbidden":
        return f"unknown setting {where}"
    if fault["type"] == "missing":
        return f"{where} is missing"
    name, schema = setting_of(config, fault["loc"])
    return wrong(name or where, schema, fault.get("input"))
