"""What all configs share: frozen, validated, JSON round trip, dotted keys, difference."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ConfigError

T = TypeVar("T", bound="Config")


class Config(BaseModel):
    """Base of all configs: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Make a config. Raises ConfigError with one line when a value is not allowed."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise ConfigError(first_line(error)) from None

    def to_json(self) -> str:
        """Return the config as one line of JSON with stable key order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a config. Raises ConfigError with one line when a value is not allowed."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(first_line(error)) from None


def replace(config: T, changes: Mapping[str, Any]) -> T:
    """Return a validated copy with dotted keys changed, for example ``{"optim.lr": 0.05}``.

    Raises ConfigError naming the key when it does not exist or the value is not allowed.
    """
    document = config.model_dump(mode="json")
    for key, value in changes.items():
        *parents, last = key.split(".")
        target: Any = document
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or last not in target or isinstance(target[last], dict):
            raise ConfigError(f"unknown setting {key!r}; choose from {', '.join(leaves(config))}")
        target[last] = value
    try:
        return type(config).model_validate(document)
    except ValidationError as error:
        raise ConfigError(first_line(error)) from None


def apply_settings(config: T, settings: Mapping[str, str]) -> T:
    """Apply ``--set key=value`` pairs. A key may be dotted or, where it is unambiguous, its last part alone.

    Values are JSON where they parse as JSON, else text. Raises ConfigError in one line.
    """
    paths = leaves(config)
    changes = {}
    for key, text in settings.items():
        matches = [path for path in paths if path == key or path.rsplit(".", 1)[-1] == key]
        if len(matches) != 1:
            raise ConfigError(f"unknown setting {key!r}; choose from {', '.join(paths)}")
        try:
            changes[matches[0]] = json.loads(text)
        except json.JSONDecodeError:
            changes[matches[0]] = text
    return replace(config, changes)


def leaves(config: Config) -> dict[str, Any]:
    """Return every setting as ``{"optim.lr": 0.1, ...}``, in declaration order."""
    return dict(_leaves(config.model_dump(mode="json"), ""))


def _leaves(document: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        yield from _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]


def diff(old: Config, new: Config) -> dict[str, tuple[Any, Any]]:
    """Return what differs as ``{"optim.lr": (0.1, 0.05)}``."""
    before, after = leaves(old), leaves(new)
    return {key: (before.get(key), after.get(key)) for key in {**before, **after} if before.get(key) != after.get(key)}


def first_line(error: ValidationError) -> str:
    """Return the first complaint of pydantic as one readable line."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error" or not where:
        return message
    message = message.removeprefix("Input ")
    return f"{where} {message} (got {first.get('input')!r})"
