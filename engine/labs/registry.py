"""The table of labs, small experiments that answer one question each. Torch-free.

A lab job is like a run: a process of its own with progress, pause and stop, stored and streamed. The worker imports
the class that ``LabSpec.lab`` names as ``module:attribute``:

    Lab(settings: dict, device: Device, state: dict | None)     ``state``: of a checkpoint
    Lab(settings, device, state, inspected_runs)                with ``LabSpec.run_option``: a tuple of ``InspectedRun``
    .events() -> Iterator[LabEvent]                             Progressed, CurveUpdated, MetricReported, Concluded
    .state() -> dict                                            everything needed to continue; valid between two events

A lab consists of tasks. A task is a function of the settings alone, so a paused lab continues with the next task and
the same numbers. Its events depend on settings, device and precision, never on the worker's speed.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from engine.config.values import shown
from engine.errors import ConfigError
from engine.labs.conditioning.spec import CONDITIONING
from engine.labs.constructed.spec import CONSTRUCTED
from engine.labs.gradients.spec import GRADIENTS
from engine.labs.landscape.spec import LANDSCAPE
from engine.labs.lesion.spec import LESION
from engine.labs.mapping.spec import MAPPING
from engine.labs.predictability.spec import PREDICTABILITY
from engine.labs.rates.spec import RATES_LAB
from engine.labs.shattering.spec import SHATTERING
from engine.labs.smoothness.spec import SMOOTHNESS
from engine.labs.spec import LabSpec, Metric, Option, Panel, Value

__all__ = ["LABS", "Metric", "LabSpec", "Option", "Panel", "check_setting", "check_settings", "get_lab"]

_SPECS = (
    CONSTRUCTED, MAPPING, CONDITIONING, GRADIENTS, SHATTERING, PREDICTABILITY, RATES_LAB, SMOOTHNESS, LESION, LANDSCAPE,
)  # fmt: skip
LABS: dict[str, LabSpec] = {lab.name: lab for lab in _SPECS}
#: Settings are not converted: true is no number, a number is no text.
_SETTING = ConfigDict(strict=True, allow_inf_nan=False)


def get_lab(name: str) -> LabSpec:
    """Return the spec of a lab. Raises ConfigError with the choices."""
    if name not in LABS:
        raise ConfigError(f"unknown lab {shown(name)}; choose from {', '.join(LABS)}")
    return LABS[name]


def check_settings(lab: LabSpec, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a job: the given ones, checked, and the defaults of the others.

    Texts are parsed as in ``--set key=value``. Raises ConfigError in one line, also for settings that conflict.
    """
    options = {option.name: option for option in lab.options}
    checked = lab.defaults()
    for name, value in settings.items():
        if name not in options:
            raise ConfigError(f"unknown setting {shown(name)} of lab {lab.name}; choose from {', '.join(options)}")
        checked[name] = check_setting(options[name], value)
    if lab.refuse is not None and (reason := lab.refuse(checked)):
        raise ConfigError(reason)
    return checked


def check_setting(option: Option, value: Any) -> Value:
    """Return the checked value of one setting. Raises ConfigError."""
    kind: Any = Literal[option.choices] if option.choices else type(option.default)
    bounded = TypeAdapter[Value](Annotated[kind, Field(ge=option.low, le=option.high)], config=_SETTING)
    try:
        if isinstance(value, str) and not isinstance(option.default, str):
            value = json.loads(value)
        if kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        if kind is float and type(value) is int:
            value = float(value)
        return bounded.validate_python(value)
    except (ValueError, OverflowError, RecursionError):  # a whole number may be too large for a float
        raise ConfigError(f"{option.name} must be {_kind(option)} (got {shown(value)})") from None


def _kind(option: Option) -> str:
    if isinstance(option.default, bool):
        return "true or false"
    if option.choices:
        return f"one of {', '.join(option.choices)}"
    if isinstance(option.default, str):
        return "text"
    kind = "a whole number" if isinstance(option.default, int) else "a number"
    return kind if option.low is None else f"{kind} from {option.low:g} to {option.high:g}"
