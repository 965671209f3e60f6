"""The guide: one text per question in ``assets/guide``, read and checked, and the results of finished labs for it.

A text is a Markdown file:

    # THE QUESTION
    menu: short words for the navigation
    lab: NAME                       the lab that is embedded
    panels: NAME, NAME              up to four of its panels; without the line all
    also: NAME, NAME                other labs, as links
    see: race, layers               other pages, as links

    ## Short answer                 a few short sentences
    ## Experiment
    ## What would refute it
    ## Caveats

Placeholders: ``{{figure LAB.NAME}}`` for a number of one of the page's labs in this workspace, ``{{finding LAB.NAME}}``
for the sentence of a rule in the lab's ``findings.py``, ``{{race PRESET.ARM_gaps}}`` for the per-seed gaps of a
recorded race, ``{{cite WORK.PLACE: words}}`` or ``{{cite WORK.PLACE}}`` for a place in ``sources.toml``,
``{{power BASE^EXPONENT}}`` for a computed power. ``assets/make_tables.py`` writes what is between ``<!-- recorded``.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.data.labs import basis_of, comparable_job, lab_reference, reference_findings
from app.data.races import recorded_gaps
from app.data.workspace import current, reading
from engine.analysis.numbers import in_words as in_words
from engine.errors import GuideError
from engine.events import Found
from engine.labs.registry import LABS
from engine.paths import PROJECT
from engine.runs.client.conclusions import lab_differences, lab_findings

FOLDER = PROJECT / "assets" / "guide"
SECTIONS = ("Short answer", "Experiment", "What would refute it", "Caveats")
#: The pages that a text may name under ``see``.
PAGES = ("race", "layers", "gradients")
#: How a source was checked; ``sources.toml`` explains the words.
READ = ("full text", "claim list", "abstract", "logs", "secondary", "recorded")

_HOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_RESULT = re.compile(r"(figure|finding|race) ([a-z_-]+)\.([A-Za-z0-9_]+)")
_CITE = re.compile(r"cite ([a-z0-9_]+)\.([a-z0-9]+)(?:: (.*\S))?", re.DOTALL)
_POWER = re.compile(r"power (\d+(?:\.\d+)?)\^(\d+)")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_TABLE = re.compile(r"<!-- recorded \w+ -->\n(.*?)\n<!-- end -->", re.DOTALL)
_HEAD = re.compile(r"([a-z]+): (.*\S)")
_KEYS = ("menu", "lab", "panels", "also", "see")


@dataclass(frozen=True, slots=True)
class Source:
    """One place in one work; ``year`` 0 is unknown, ``read`` is one of ``READ``.

    ``address`` is ``arXiv:NUMBER``, a page, or a file of this repository.
    """

    key: str
    authors: str
    year: int
    title: str
    address: str
    where: str
    read: str

    @property
    def work(self) -> str:
        """The work's name in ``sources.toml``."""
        return self.key.partition(".")[0]

    @property
    def short(self) -> str:
        """Authors and year, as in the running text."""
        names = self.authors.replace(" and ", ", ").split(", ")
        several = f"{names[0]} et al." if len(names) > 2 else self.authors
        return f"{several} {self.year}" if self.year else several

    @property
    def link(self) -> str:
        """The page of the work, '' for a file of this repository."""
        number = self.address.removeprefix("arXiv:")
        if number != self.address:
            return f"https://arxiv.org/abs/{number}"
        return self.address if self.address.startswith("https://") else ""

    @property
    def place(self) -> str:
        """The address in few words: without protocol, and without a repository's commit and file."""
        return self.address.removeprefix("https://").partition("/blob/")[0]


@dataclass(frozen=True, slots=True)
class ResultReference:
    """A result: of a lab a ``figure`` or ``finding``, of a recorded ``race`` (``lab``: its preset) the ``ARM_gaps``."""

    kind: str
    lab: str
    name: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation, with its number in ``words``."""

    source: Source
    words: str


@dataclass(frozen=True, slots=True)
class Power:
    """A power with its value, such as ``0.8⁵⁰ = 1.4×10⁻⁵``: arithmetic, neither measured nor cited."""

    base: str
    exponent: str

    @property
    def text(self) -> str:
        """The power in words."""
        value = float(self.base) ** int(self.exponent)
        return f"{self.base}{self.exponent.translate(_RAISED)} = {in_words(value, 2)}"


class RecordedTable(NamedTuple):
    """A Markdown table with the errors of a recorded race."""

    text: str


Part = str | ResultReference | Citation | Power | RecordedTable
_Kind = TypeVar("_Kind", ResultReference, Citation)


@dataclass(frozen=True, slots=True)
class GuidePage:
    """One question with its labs, and its sections as parts: texts, results and citations."""

    name: str
    question: str
    menu: str
    lab: str
    panels: tuple[str, ...]
    also: tuple[str, ...]
    see: tuple[str, ...]
    sections: Mapping[str, tuple[Part, ...]]

    @property
    def number(self) -> str:
        """``Q1`` of the text ``q1-why-can-depth-hurt``."""
        return self.name.partition("-")[0].upper()

    @property
    def labs(self) -> tuple[str, ...]:
        """The embedded lab, then the linked ones."""
        return (self.lab, *self.also)

    def parts(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the parts of one kind in their order, each once."""
        parts = (part for section in self.sections.values() for part in section if isinstance(part, kind))
        return list(dict.fromkeys(parts))


def guide_names() -> list[str]:
    """Return the names of the texts in the order of their questions."""
    return sorted(path.stem for path in FOLDER.glob("q*.md"))


@cache
def guide_page(name: str) -> GuidePage:
    """Return one page. Raises GuideError in one line that names the file and the mistake."""
    path = FOLDER / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GuideError(f"{_named(path)} cannot be read ({error.__class__.__name__})") from None
    return parse(text, name, guide_sources())


@cache
def guide_sources() -> Mapping[str, Source]:
    """Return every place for citations, by its key ``WORK.PLACE``. Raises GuideError in one line."""
    path = FOLDER / "sources.toml"
    try:
        works = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {}
        for work, facts in works.items():
            address = f"arXiv:{facts['arxiv']}" if "arxiv" in facts else facts["address"]
            known = facts["authors"], facts.get("year", 0), facts["title"], address
            for place, about in facts["places"].items():
                source = Source(f"{work}.{place}", *known, about["where"], about["read"])
                if source.read not in READ:
                    raise GuideError(f"{_named(path)}: {source.key} is read {source.read!r}; one of {', '.join(READ)}")
                sources[source.key] = source
        return sources
    except (OSError, ValueError) as error:
        raise GuideError(f"{_named(path)} cannot be read ({error})") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise GuideError(f"{_named(path)}: a work lacks {error}") from None


def parse(text: str, name: str, sources: Mapping[str, Source]) -> GuidePage:
    """Return the page that a text describes. Raises GuideError in one line."""
    try:
        return _page(text, name, sources)
    except _Broken as broken:
        raise GuideError(f"assets/guide/{name}.md: {broken}") from None


class _Broken(Exception):
    """A mistake in a text; ``parse`` adds the file's name."""


def _page(text: str, name: str, sources: Mapping[str, Source]) -> GuidePage:
    top, *blocks = re.split(r"^## ", text, flags=re.MULTILINE)
    first, *rest = top.strip().splitlines() or [""]
    if not first.startswith("# "):
        raise _Broken("the first line must be '# ' and the question")
    head = dict(_head(rest))
    for key in ("menu", "lab"):
        if key not in head:
            raise _Broken(f"the line '{key}: ...' is missing below the question")
    titles = tuple(block.partition("\n")[0].strip() for block in blocks)
    if titles != SECTIONS:
        raise _Broken(f"the sections must be {', '.join(SECTIONS)} (got {', '.join(titles) or 'none'})")
    bodies = [block.partition("\n")[2].strip() for block in blocks]
    also, panels, see = (_listed(head.get(key, "")) for key in ("also", "panels", "see"))
    if unknown := [page for page in see if page not in PAGES]:
        raise _Broken(f"unknown page {unknown[0]!r}; choose from {', '.join(PAGES)}")
    page = GuidePage(
        name, first.removeprefix("# ").strip(), head["menu"], head["lab"], panels, also, see,
        {title: tuple(_parts(body, sources)) for title, body in zip(titles, bodies, strict=True)},
    )  # fmt: skip
    if empty := [title for title, parts in page.sections.items() if not parts]:
        raise _Broken(f"the section '{empty[0]}' is empty")
    _check_labs(page)
    return page


def _head(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in filter(None, map(str.strip, lines)):
        match = _HEAD.fullmatch(line)
        if match is None or match[1] not in _KEYS:
            raise _Broken(f"below the question stand lines of {', '.join(_KEYS)} (got {line!r})")
        yield match[1], match[2]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _parts(text: str, sources: Mapping[str, Source]) -> Iterator[Part]:
    for place, piece in enumerate(_HOLDER.split(_TABLE.sub(r"{{table \1}}", text))):
        if place % 2:
            yield RecordedTable(piece[6:]) if piece.startswith("table ") else _held(" ".join(piece.split()), sources)
        elif "{{" in piece or "}}" in piece:
            raise _Broken(f"a placeholder is not closed or not opened near {piece.strip()[:40]!r}")
        elif piece:
            yield piece


def _held(placeholder: str, sources: Mapping[str, Source]) -> Part:
    if match := _RESULT.fullmatch(placeholder):
        return ResultReference(match[1], match[2], match[3])
    if match := _CITE.fullmatch(placeholder):
        key = f"{match[1]}.{match[2]}"
        if key not in sources:
            raise _Broken(f"nothing in sources.toml is {key!r}")
        return Citation(sources[key], match[3] or "")
    if match := _POWER.fullmatch(placeholder):
        return Power(match[1], match[2])
    raise _Broken(
        "a placeholder is 'figure LAB.NAME', 'finding LAB.NAME', 'cite WORK.PLACE: words' or 'power BASE^EXPONENT' "
        f"(got {placeholder!r})"
    )


def _check_labs(page: GuidePage) -> None:
    """Refuse unknown results and panels of a registered lab; the view handles an unregistered lab."""
    for part in page.parts(ResultReference):
        if part.kind == "race":
            continue
        if part.lab not in page.labs:
            raise _Broken(f"the {part.kind} {part.lab}.{part.name} is of a lab that the page neither shows nor links")
        if part.lab in LABS:
            rows = LABS[part.lab].metrics if part.kind == "figure" else LABS[part.lab].findings
            if part.name not in {row.name for row in rows}:
                raise _Broken(f"the lab {part.lab} has no {part.kind} {part.name!r}")
    if page.lab in LABS:
        known = {panel.name for panel in LABS[page.lab].panels}
        if unknown := [panel for panel in page.panels if panel not in known]:
            raise _Broken(f"the lab {page.lab} has no panel {unknown[0]!r}; choose from {', '.join(known)}")


def _named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@dataclass(frozen=True, slots=True)
class Measurement:
    """A result of a lab: a number or the ``text`` of a finding, measured in this workspace or recorded elsewhere.

    ``job`` is None before the lab's first finished job: then the reference counts, and ``recorded`` says when and where
    that was. ``value`` is None without a finite number. ``basis`` names the inspected runs, and the settings that
    differ from the usual ones; ``differences`` what makes some of these runs arms of their own.
    """

    label: str
    unit: str = ""
    expected: str = ""
    source: str = ""
    job: int | None = None
    value: float | None = None
    basis: str = ""
    text: str = ""
    differences: str = ""
    recorded: str = ""
    again: str = "Run the lab to measure it here."

    @property
    def known(self) -> bool:
        """Whether there is a number or a finding."""
        return self.value is not None or bool(self.text)


Measurements = Mapping[ResultReference, Measurement]


def finished_labs() -> dict[str, int]:
    """Return the newest finished job by lab. Raises SkipscopeError."""
    if current().pool.file() is None:
        return {}
    with reading() as reader:
        return reader.labs.finished()


def measurements(references: Iterable[ResultReference]) -> Measurements:
    """Return the results of registered labs: of this workspace, else of the reference; recorded gaps of races.

    Raises SkipscopeError.
    """
    references = list(references)
    wanted = [reference for reference in references if reference.kind != "race" and reference.lab in LABS]
    newest, results = finished_labs(), {}
    for lab in {reference.lab for reference in wanted} & newest.keys():
        with reading() as reader, reader.snapshot():
            if (job := comparable_job(reader, lab, newest[lab])) is not None:
                findings = [finding for finding in lab_findings(reader, job) if finding.holds_at(job.config.settings)]
                differences = "; ".join(lab_differences(reader, job))
                basis = basis_of(LABS[lab], job.config.settings)
                results[lab] = _Results(reader.labs.metrics(job.id), findings, job.id, basis, differences)
    found = {reference: _measurement(reference, results.get(reference.lab)) for reference in wanted}
    for reference in wanted:
        if not found[reference].known and (recorded := _recorded(reference.lab)):
            found[reference] = _measurement(reference, recorded)
    for reference in references:
        if reference.kind == "race" and (gaps := recorded_gaps(reference.lab, reference.name.removesuffix("_gaps"))):
            found[reference] = Measurement(reference.name, text=gaps.text, recorded=gaps.origin, again=gaps.again)
    return found


class _Results(NamedTuple):
    """What one job has found; job to ``recorded`` as in ``Measurement``."""

    numbers: Mapping[str, float | None]
    findings: list[Found]
    job: int | None = None
    basis: str = ""
    differences: str = ""
    recorded: str = ""


def _recorded(lab: str) -> _Results | None:
    """Return the results of a lab's reference, None without one."""
    if (reference := lab_reference(lab)) is None:
        return None
    findings = [finding for finding in reference_findings(reference) if finding.holds_at(reference.settings)]
    basis = ", ".join(reference.inspected)
    return _Results(reference.metrics, findings, basis=basis, recorded=reference.origin.text)


def _measurement(reference: ResultReference, results: _Results | None) -> Measurement:
    found = results or _Results({}, [])
    if reference.kind == "finding":
        # Each sentence says the differences of its own net.
        text = " ".join(finding.text for finding in found.findings if finding.name == reference.name)
        return Measurement(reference.name, job=found.job, basis=found.basis, recorded=found.recorded, text=text)
    row = next(metric for metric in LABS[reference.lab].metrics if metric.name == reference.name)
    usual = Measurement(row.label, row.unit, row.expected, row.source)
    if row.name not in found.numbers:
        return usual
    return replace(
        usual, value=found.numbers[row.name], job=found.job, basis=found.basis, differences=found.differences,
        recorded=found.recorded,
    )  # fmt: skip
