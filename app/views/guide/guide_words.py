"""The guide's parts as Markdown: numbers and findings that were measured here, citations, the lists at a page's end."""

from collections.abc import Iterable, Mapping

from app.data import guide
from app.views.markdown_escape import literal

#: What is said of a source beside its place; a work's own text needs no words.
_READ = {
    "abstract": "from its abstract",
    "logs": "its record",
    "secondary": "secondary source, the work itself not read",
}


def running(parts: Iterable[guide.Part], findings: Mapping[guide.Measurement, guide.Finding]) -> str:
    """Return a section as one Markdown text. What was measured here is bold, citations name their source.

    What is expected of a number that was not measured yet stands at its first place alone, and what a lab's numbers
    were measured with at the first of them: they are all of one job.
    """
    words, said = [], set()
    for part in parts:
        match part:
            case guide.Figure() | guide.LabFinding():
                finding = findings.get(part)
                found = finding is not None and finding.known
                mark = part.lab if found else part
                words.append(measured(finding, briefly=mark in said))
                said.add(mark)
            case guide.Citation():
                words.append(cited(part))
            case _:
                words.append(part)
    return "".join(words)


def measured(finding: guide.Finding | None, briefly: bool = False) -> str:
    """Return a number or a finding in words, with the settings it was measured with where those are not the usual ones.

    ``briefly``: without these, and of one that was not measured yet say no more than that.
    """
    if finding is None or not finding.known:
        none = "not measured here yet" if finding is None or finding.job is None else "no number in the newest job"
        expected = finding.expected if finding is not None and not briefly else ""
        return f"*{none}{literal(f', expected: {expected}') if expected else ''}*"
    unit = f" {literal(finding.unit)}" if finding.unit else ""
    number = "" if finding.value is None else f"{guide.in_words(finding.value)}{unit}"
    words = f"**{literal(finding.text) or number}**"
    return f"{words} (with {literal(finding.basis)})" if finding.basis and not briefly else words


def cited(citation: guide.Citation) -> str:
    """Return what a source says with its name and place."""
    source = citation.source
    doubt = "secondary source: " if source.read == "secondary" else ""
    name = f"[{source.short}](https://arxiv.org/abs/{source.arxiv})" if source.arxiv else source.short
    place = f"{doubt}{name}, {source.where}"
    return f"{literal(citation.words)} ({place})" if citation.words else f"({place})"


def source_list(citations: Iterable[guide.Citation]) -> str:
    """Return the works that a page cites as a Markdown list, each once, with all places and how they were read."""
    works: dict[tuple[str, int, str, str], list[str]] = {}
    for source in dict.fromkeys(citation.source for citation in citations):
        doubt = f" ({_READ[source.read]})" if source.read in _READ and source.where != source.read else ""
        places = works.setdefault((source.authors, source.year, source.title, source.arxiv), [])
        places.append(f"{source.where}{doubt}")
    lines = []
    for (authors, year, title, arxiv), places in works.items():
        when = f" {year}" if year else ""
        link = f", [arXiv:{arxiv}](https://arxiv.org/abs/{arxiv})" if arxiv else ""
        lines.append(f"- {authors[:1].upper()}{authors[1:]}{when}, *{literal(title)}*{link}: {', '.join(places)}")
    return "\n".join(lines)


def number_rows(findings: Mapping[guide.Figure, guide.Finding]) -> list[dict[str, str]]:
    """Return the measured numbers of a page as rows of a table, with what to expect and where it is published."""
    return [
        {
            "number": finding.label,
            "lab": figure.lab,
            "measured here": _value(finding),
            "expected": finding.expected,
            "defined or published": finding.source,
        }
        for figure, finding in findings.items()
    ]


def _value(finding: guide.Finding) -> str:
    if finding.job is None:
        return "not yet"
    if finding.value is None:
        return f"no number (job {finding.job})"
    unit = f" {finding.unit}" if finding.unit else ""
    return f"{guide.in_words(finding.value)}{unit} (job {finding.job})"
