"""The guide's parts as Markdown: measured numbers and findings, citations, the lists at a page's end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

from app import terms
from app.data import guide
from app.views.markdown_escape import literal

#: The words beside a source's place; a work's own text needs no words.
_READ = {
    "abstract": "from its abstract",
    "logs": "its record",
    "secondary": "secondary source, the work itself not read",
}


def running(
    parts: Iterable[guide.Part],
    measurements: guide.Measurements,
    works: Sequence[str] = (),
    seen: set[str] | None = None,
) -> str:
    """Return a section as Markdown with HTML: measured results bold, recorded ones underlined, sources as numbers.

    Settings stand at the first number of a lab alone, the expectation at the first place of a number without a result.

    Args:
        works: The page's works in the order of their numbers.
        seen: The terms that the page has explained already; None explains none.
    """
    texts, explained = [], set()
    for part in parts:
        match part:
            case guide.ResultReference():
                measurement = measurements.get(part)
                mark = part.lab if measurement and measurement.job is not None and measurement.known else part
                texts.append(measured(measurement, briefly=mark in explained))
                explained.add(mark)
            case guide.Citation():
                texts.append(cited(part, works))
            case guide.Power():
                texts.append(part.text)
            case guide.RecordedTable():
                texts.append(f"\n\n{part.text}\n\n")
            case _:
                texts.append(part if seen is None else terms.explained(part, seen))
    return "".join(texts)


def measured(measurement: guide.Measurement | None, briefly: bool = False) -> str:
    """Return a number or a finding in words, with what makes the inspected runs arms of their own.

    ``briefly``: without settings and expectation.
    """
    if measurement is None or not measurement.known:
        expected = measurement.expected if measurement and not briefly else ""
        none = "no number in the newest job" if measurement and measurement.job is not None else "not measured here yet"
        return f"*{none}{literal(f', expected: {expected}') if expected else ''}*"
    if measurement.job is None:
        return recorded(measurement)
    words = f"**{literal(measurement.text) or number(measurement, literal(measurement.unit))}**"
    if measurement.differences:
        words += f" ({literal(measurement.differences)})"
    return f"{words} (with {literal(measurement.basis)})" if measurement.basis and not briefly else words


def recorded(measurement: guide.Measurement) -> str:
    """Return a recorded number or finding, underlined with dots, with its origin in a tooltip."""
    words = measurement.text or f"about {number(measurement, measurement.unit)}"
    on = f" on {measurement.basis}" if measurement.basis else ""
    origin = f"Reference{on}, {measurement.recorded}. {measurement.again}"
    return f'<abbr title="{escape(origin)}">{literal(words)}</abbr>'


def number(measurement: guide.Measurement, unit: str) -> str:
    """Return the number with its unit, '' without a number."""
    return "" if measurement.value is None else f"{guide.in_words(measurement.value)} {unit}".rstrip()


def works_of(page: guide.GuidePage) -> list[str]:
    """Return the works that a page cites, in the order of their numbers."""
    return list(dict.fromkeys(citation.source.work for citation in page.parts(guide.Citation)))


def cited(citation: guide.Citation, works: Sequence[str]) -> str:
    """Return a citation with the number of its work, which says name and place when one points at it.

    Without an address the number is no link, and a screen reader reads name and place in its stead.
    """
    source = citation.source
    doubt = "secondary source: " if source.read == "secondary" else ""
    number = works.index(source.work) + 1 if source.work in works else source.short
    place = escape(f"{doubt}{source.short}, {source.where}")
    if source.link:
        link = f'href="{escape(source.link)}" target="_blank" title="{place}" aria-label="source {number}: {place}"'
        mark = f"<a {link}>{number}</a>"
    else:
        seen = f'<span title="{place}" aria-hidden="true">{number}</span>'
        mark = f'{seen}<span class="ss-unseen">source: {place}</span>'
    return f"{literal(citation.words)}<sup>{mark}</sup>"


def source_list(citations: Iterable[guide.Citation]) -> str:
    """Return the cited works as a numbered Markdown list, each once, with all places and how they were read."""
    works = defaultdict(list)
    for source in dict.fromkeys(citation.source for citation in citations):
        doubt = f" ({_READ[source.read]})" if source.read in _READ and source.where != source.read else ""
        works[replace(source, key="", where="", read="")].append(f"{source.where}{doubt}")
    lines: list[str] = []
    for work, places in works.items():
        when = f" {work.year}" if work.year else ""
        address = f"[{work.place}]({work.link})" if work.link else f"`{work.place}`"
        authors = f"{work.authors[:1].upper()}{work.authors[1:]}{when}"
        lines.append(f"{len(lines) + 1}. {authors}, *{literal(work.title)}*, {address}: {', '.join(places)}")
    return "\n".join(lines)


def number_rows(numbers: guide.Measurements) -> list[dict[str, str]]:
    """Return the measured numbers of a page as rows of a table, with expectation and source."""
    return [
        {
            "number": measurement.label,
            "lab": reference.lab,
            "measured here": _value(measurement),
            "expected": measurement.expected,
            "defined or published": measurement.source,
        }
        for reference, measurement in numbers.items()
    ]


def _value(measurement: guide.Measurement) -> str:
    shown = number(measurement, measurement.unit) or "no number"
    if measurement.job is None:
        return f"not yet (reference: {shown})" if measurement.recorded else "not yet"
    return f"{shown} ({', '.join(filter(None, (f'job {measurement.job}', measurement.differences)))})"
