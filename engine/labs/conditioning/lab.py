"""The lab ``conditioning``: kernels at the start and along training, linear nets, the scalar product."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from engine.hardware.device import Device
from engine.labs.conditioning.dynamics import Course
from engine.labs.conditioning.linear_maps import Maps
from engine.labs.conditioning.products import Products
from engine.labs.conditioning.spectra import Spectra
from engine.labs.part import Done, Found, Part
from engine.labs.tasks import Result, Unit, UnitLab

#: The setting ``part`` and what does it, in the order in which they are done.
PARTS: dict[str, type[Part]] = {"kernel": Spectra, "training": Course, "linear": Maps, "scalar": Products}


class ConditioningLab(UnitLab):
    """One job of the lab; see ``engine.labs.tasks.UnitLab``."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: dict | None = None) -> None:
        super().__init__(settings, device, state)
        chosen = PARTS if settings["part"] == "all" else {settings["part"]: PARTS[settings["part"]]}
        self._units: dict[Unit, Part] = {}
        for make in chosen.values():
            part = make(self.settings)
            self._units |= dict.fromkeys(part.plan(), part)

    def plan(self) -> list[Unit]:
        """The kernels of the first seed come first, so that there is something to see within a second."""
        return list(self._units)

    def measure(self, unit: Unit, done: Done) -> Generator[Found, None, Result]:
        """Let the unit's part do it."""
        return self._units[unit].measure(unit, done)

    def findings(self, unit: Unit, done: Done) -> Iterator[Found]:
        """Let the unit's part say what it changed."""
        return self._units[unit].findings(unit, done)
