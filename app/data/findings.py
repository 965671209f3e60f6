"""What finished labs found: single numbers, each of the newest finished job of its lab in this workspace."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.data.guide import Figure
from app.data.labs import lab_changed
from app.data.place import here, reading
from engine.labs.registry import LABS, Lab


@dataclass(frozen=True, slots=True)
class Finding:
    """One number of a lab: what the row says of it, and what was found.

    ``job`` is None where no job of the lab has finished; ``value`` also where it found no finite one. ``basis``
    says what it was measured with where that is not the usual: settings, and the trainings that were looked at.
    """

    label: str
    unit: str
    expected: str
    source: str
    job: int | None = None
    value: float | None = None
    basis: str = ""


def finished_labs() -> dict[str, int]:
    """Return the newest finished job of every lab that has one. Raises SkipscopeError."""
    if here().pool.file() is None:
        return {}
    with reading() as reader:
        return reader.finished_labs()


def findings(figures: Iterable[Figure]) -> dict[Figure, Finding]:
    """Return what is known of these numbers; those of labs that are not registered are left out.

    Raises SkipscopeError.
    """
    wanted = [figure for figure in figures if figure.lab in LABS]
    jobs = finished_labs()
    found = {}
    values, basis = {}, {}
    for lab in {figure.lab for figure in wanted} & jobs.keys():
        with reading() as reader, reader.snapshot():
            row = reader.run(jobs[lab])
            values[lab] = reader.figures(jobs[lab])
        basis[lab] = _basis(LABS[lab], row.config.settings if row is not None else {})
    for figure in wanted:
        row = next(one for one in LABS[figure.lab].figures if one.name == figure.name)
        known = figure.lab in values and figure.name in values[figure.lab]
        found[figure] = Finding(
            row.label, row.unit, row.expected, row.source, jobs[figure.lab] if known else None,
            values[figure.lab][figure.name] if known else None, basis[figure.lab] if known else "",
        )  # fmt: skip
    return found


def _basis(lab: Lab, settings: Mapping[str, Any]) -> str:
    changed = lab_changed(lab.name, lab.defaults(), settings)
    looked_at = str(settings.get(lab.subject.name, "")) if lab.subject is not None else ""
    runs = f"{'runs' if ',' in looked_at else 'run'} {looked_at.replace(',', ', ')}" if looked_at else ""
    return ", ".join(filter(None, (runs, changed)))


def in_words(value: float, digits: int = 3) -> str:
    """Return a number for people: 3 digits, grouped up to a million, powers of ten beyond it and below 0.001."""
    size = abs(value)
    if size and (size >= 1e6 or size < 1e-3):
        mantissa, exponent = f"{value:.1e}".split("e")
        raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{'' if mantissa == '1.0' else f'{mantissa}×'}10{raised}".replace("-", "−")
    rounded = float(f"{value:.{digits}g}")
    return (f"{rounded:,.0f}" if size >= 1e3 else f"{rounded:g}").replace("-", "−")
