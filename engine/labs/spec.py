"""The parts of a lab's specification: settings, panels, metrics. Torch-free."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.config import RunConfig
from engine.events import Found
from engine.hardware.cores import cores
from engine.labs.job_curves import JobCurves, kind_name

#: Types of a setting.
Value = bool | int | float | str

#: Kinds of panels; see ``Panel``.
KINDS = ("curves", "bars", "bands", "heat", "plane")


def metric_key(kind: str) -> str:
    """Return the prefix of a kind's metrics: words joined by ``_``, ``with BN`` as ``bn``."""
    return re.sub("[ ,-]+", "_", kind.lower().replace(" without bn", "").replace(" with bn", "_bn"))


@dataclass(frozen=True)
class Option:
    """One setting of a lab. ``low`` and ``high`` bound a number; ``step`` is the step of its slider, None for 1.

    A ``primary`` setting, of three at most, has a slider or switch beside the button; other settings have fields behind
    the button. ``run_reference``: the setting names trainings of the workspace. ``run`` names one by its id (0: the
    newest that suits), ``runs`` several as text such as ``"3,4"`` (empty: the newest that suit).
    """

    name: str
    label: str
    help: str
    default: Value
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    primary: bool = False
    run_reference: str = ""


@dataclass(frozen=True)
class Panel:
    """One plot of a lab; ``engine.events.CurveName`` identifies its curves.

    ``x_scale`` and ``y_scale`` are ``linear`` or ``log``; ``neutral`` is a reference line. ``kind``:

    curves   lines over x, an index into ``columns`` if there are any
    bars     a bar at every x, kinds beside each other; ``columns`` as above
    bands    the area between the parts ``low`` and ``high`` of each kind, its curve without a part as a line
    heat     a heat map: every curve is a row, x an index into ``columns``, y the colour on ``y_scale``
    plane    contours or a surface for each kind: the curve ``KIND, b VALUE`` holds the heights at that b over x = a;
             curves of the panel ``path`` named ``KIND`` are drawn on it, x = a and y = b

    A cell of a heat map shows the curves of the panel ``opens`` with its ``cell``. With ``digits``, y is a relative
    distance, and the hover text also says in how many of so many decimal digits two numbers at that distance differ.
    With ``rows`` each curve has a row of its own, and y no numbers. ``nets_of`` names the option that says how many
    layers the drawn nets have, where those are not the nets of the lab's sentences. ``event`` names the option whose
    value is a place on the x axis at which something happens to the nets: ``event_words`` says what.
    """

    name: str
    title: str
    x: str
    y: str
    x_scale: str = "linear"
    y_scale: str = "linear"
    neutral: float | None = None
    how_to_read: str = ""
    caveat: str = ""
    kind: str = "curves"
    columns: tuple[str, ...] = ()
    opens: str = ""
    path: str = ""
    digits: int = 0
    rows: bool = False
    nets_of: str = ""
    event: str = ""
    event_words: str = ""


@dataclass(frozen=True)
class Metric:
    """One number of a lab: its stable name, unit, source, and expected value."""

    name: str
    label: str
    unit: str
    source: str
    expected: str = ""


@dataclass(frozen=True)
class FindingRule:
    """A rule that turns curves into findings: stable name, panels that ``find`` reads, the rule itself."""

    name: str
    panels: tuple[str, ...]
    find: Callable[[JobCurves], Iterable[Found]]


@dataclass(frozen=True)
class LabSpec:
    """One lab: its question, settings, panels and metrics.

    The answer is measured: the first sentence of ``findings``. ``context`` says in a few sentences what that means, and
    has no number of its own; ``caveats`` are its limits, ``refutation`` what would speak against it. The first panel
    with curves is the page's picture, so the first one shows what the first sentence says. ``names`` are patterns in
    kinds of curves and their words for people.

    ``title`` is the title of its page, '' without a page. ``device`` is the device of its jobs, as in ``RunConfig``,
    ``threads`` the CPU threads that a job can use, with the same bits for fewer. ``findings`` are rules, in the order
    of their sentences. ``seconds`` estimates the time of settings on one common core; the page divides it by
    ``threads_here`` or scales it by an earlier job. ``refuse`` returns one line about settings that conflict, else ''.

    A lab with an option of trainings (``run_reference``) uses the device and threads of the first training. ``suits``
    returns one line about trainings that the lab cannot inspect, else ''. ``choose`` returns the indices of the newest
    race's trainings that the lab takes when a visitor names none.
    """

    name: str
    question: str
    context: str
    source: str
    caveats: str
    refutation: str
    options: tuple[Option, ...]
    panels: tuple[Panel, ...]
    metrics: tuple[Metric, ...]
    lab: str
    device: str = "cpu"
    threads: int = 1
    title: str = ""
    findings: tuple[FindingRule, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    seconds: Callable[[Mapping[str, Any]], float] | None = None
    refuse: Callable[[Mapping[str, Any]], str] | None = None
    suits: Callable[[Sequence[RunConfig]], str] | None = None
    choose: Callable[[Sequence[RunConfig]], Sequence[int]] | None = None

    @property
    def threads_here(self) -> int:
        """The threads of a job on this machine."""
        return min(self.threads, cores())

    def defaults(self) -> dict[str, Any]:
        """Return every setting at its default."""
        return {option.name: option.default for option in self.options}

    def found(self, curves: Iterable[Any]) -> list[Found]:
        """Return the findings of a job's curves; only the panels ``found_in`` count."""
        job = JobCurves(curves)
        return [finding for rule in self.findings for finding in rule.find(job)]

    def kind_name(self, kind: str) -> str:
        """Return a kind of curve in words for people."""
        return kind_name(self.names, kind)

    @property
    def found_in(self) -> tuple[str, ...]:
        """The panels whose curves the findings read."""
        return tuple(dict.fromkeys(panel for rule in self.findings for panel in rule.panels))

    @property
    def run_option(self) -> Option | None:
        """The option that names the inspected trainings; None for a lab without."""
        return next((option for option in self.options if option.run_reference), None)
