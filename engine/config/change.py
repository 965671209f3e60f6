"""Changes of a live run: their keys, their ranges and one change as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.config.values import number_from, shown
from engine.errors import ConfigError

#: The key under which an extension of a run is recorded: its new number of steps.
STEPS = "steps"


@dataclass(frozen=True, slots=True)
class LiveSetting:
    """A setting that a live run adopts between two steps: ``low`` to ``high``, without ``low`` if ``above``."""

    label: str
    low: float
    high: float
    above: bool = False

    @property
    def range(self) -> str:
        """The allowed values in words."""
        return f"above {self.low:g} and at most {self.high:g}" if self.above else f"from {self.low:g} to {self.high:g}"

    def allows(self, value: float) -> bool:
        """Return whether ``value`` is in the range; not-a-number is not."""
        return (self.low < value if self.above else self.low <= value) and value <= self.high


LIVE: Mapping[str, LiveSetting] = {
    "lr": LiveSetting("learning rate", 0, 100, above=True),
    "weight_decay": LiveSetting("weight decay", 0, 1),
    "strength": LiveSetting("shortcut strength", 0, 1),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a live run: ``key`` has ``value`` from update ``step`` on (1 is the first; None: not yet applied).

    ``step`` of an extension (key ``steps``) is the previous number of steps.
    """

    id: int
    key: str
    value: float
    step: int | None = None


def check_change(key: str, value: str | float) -> float:
    """Return the value of a change as a number. Raises ConfigError with the keys or the range."""
    if key not in LIVE:
        raise ConfigError(f"{key!r} cannot be changed in a live run; choose from {', '.join(LIVE)}")
    setting = LIVE[key]
    number = number_from(str(value))
    if number is None or not setting.allows(number):
        given = shown(value).strip("'")
        raise ConfigError(f"{key} ({setting.label}) is a number {setting.range} (got {given})")
    return number
