"""What the table of labs is made of: a lab's row, its settings, pictures and numbers. Torch-free."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """One setting of a lab. ``low`` and ``high`` bound numbers; ``step`` is what a slider moves by."""

    name: str
    label: str
    help: str
    default: bool | int | float | str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One picture of a lab: curves over ``x``. Scales are ``linear`` or ``log``; ``neutral`` a reference line."""

    name: str
    title: str
    x: str
    y: str
    x_scale: str = "linear"
    y_scale: str = "linear"
    neutral: float | None = None
    reading: str = ""
    misleads: str = ""


@dataclass(frozen=True)
class Figure:
    """One number of a lab: stable name, unit, where it is published or defined, and what to expect."""

    name: str
    label: str
    unit: str
    source: str
    expected: str = ""


@dataclass(frozen=True)
class Lab:
    """One lab: its question, the short answer, settings, pictures and numbers.

    ``device`` is where its jobs compute, as ``RunConfig.device``. ``timed``: its numbers are times, so that doing it
    again finds others.
    """

    name: str
    question: str
    answer: str
    takes: str
    source: str
    caveats: str
    options: tuple[Option, ...]
    panels: tuple[Panel, ...]
    figures: tuple[Figure, ...]
    lab: str
    device: str = "cpu"
    timed: bool = False

    def defaults(self) -> dict[str, Any]:
        """Return every setting at its default."""
        return {option.name: option.default for option in self.options}
