"""The recorded results of labs, which pages show until a lab has run in the workspace."""

from functools import cache

from engine.events import Found
from engine.exchange.lab_reference import LabReference as LabReference
from engine.exchange.lab_reference import read
from engine.labs.registry import LABS


@cache
def lab_reference(name: str) -> LabReference | None:
    """Return the recorded results of a lab, None where there are none. Raises SkipscopeError for a broken file."""
    return read(name) if name in LABS else None


def reference_findings(reference: LabReference) -> list[Found]:
    """Return the sentences that the lab's rules find in the recorded curves."""
    lab = LABS[reference.lab]
    return lab.found(curve for curve in reference.curves if curve.panel in lab.found_in)


def reference_origin(name: str) -> str:
    """Return day, processor and version of a lab's recorded results in words, '' where there are none."""
    reference = lab_reference(name)
    return reference.origin.text if reference else ""
