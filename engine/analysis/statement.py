"""What the page, the command line and exports say of a race: the finding, how sure it is, and its evidence.

The degradation gap (assets/docs/glossary.md) is that of ``engine.analysis.verdict``. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.analysis.certainty import Certainty, certainty
from engine.analysis.comparison import ComparedRun, common_step, is_early, pairs, still_trains, taking_part
from engine.analysis.evidence import EvidenceRow, apart, comparisons, in_sentences, joined, protocol
from engine.analysis.headline import headline
from engine.analysis.interval import Interval
from engine.analysis.numbers import ends, signed
from engine.analysis.verdict import Judgement, RaceErrors, Verdict, judge, seeds_that_would_do


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean gap of one shortcut type in points, and the ends of its 95 % interval, None with one seed."""

    shortcut: str
    deep: int
    shallow: int
    seeds: int
    gap: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Cure:
    """What shortcuts take away of the plain gap: the mean per-seed difference of both gaps in points.

    ``low`` and ``high`` end its 95 % interval, None with one seed.
    """

    gap: float
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class GapFacts:
    """What the chart of gaps says beside its curves.

    The gaps are those of ``comparisons`` at ``step``, in clean training error where ``at_end``, else in the running
    one. ``cure`` names every cure, '' where there is none.
    """

    step: int
    at_end: bool
    cure: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said of a race, in three parts: the finding, how sure it is, and on what it rests."""

    headline: str = ""
    certainty: Certainty = Certainty()
    protocol: tuple[str, ...] = ()
    rows: tuple[EvidenceRow, ...] = ()

    @property
    def text(self) -> str:
        """All of it as sentences."""
        label = self.certainty.label and f"{self.certainty.label}."
        return joined(self.headline, label, self.certainty.why, *self.protocol, *in_sentences(self.rows))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What may be said of a race: the verdict on its first shortcut type, the statement, the figures behind it.

    ``provisional``: a run of the race has not ended, those aside that were changed while they trained. ``needed_seeds``
    would probably resolve an open verdict; None where it is not open, or where more would not do. ``facts`` is None
    while the headline does not compare yet.
    """

    kind: Verdict
    statement: Statement
    provisional: bool = False
    comparisons: tuple[Comparison, ...] = ()
    cure: Cure | None = None
    facts: GapFacts | None = None
    needed_seeds: int | None = None

    @property
    def text(self) -> str:
        """The statement as sentences."""
        return self.statement.text


def conclude(runs: Sequence[ComparedRun], errors: RaceErrors) -> Conclusion:
    """Return what may be said of a race.

    ``errors``: those of the compared runs at ``common_step(runs)``. A run without an error takes no part.
    """
    if not runs:
        return Conclusion(Verdict.NOTHING_TO_COMPARE, Statement())
    provisional = still_trains(runs)
    judgement = judge(runs, errors)
    statement = Statement(
        headline(runs, judgement.findings),
        certainty(runs, judgement),
        tuple(filter(None, protocol(runs, judgement, errors))),
        (*comparisons(runs, judgement), *apart(runs)),
    )
    if not judgement.findings:
        return Conclusion(_without_findings(runs), statement, provisional)
    found = tuple(
        Comparison(
            one.deep.shortcut, one.deep.depth, one.shallow.depth, one.training.seeds, one.gap, one.training.low,
            one.training.high,
        )
        for one in judgement.findings
    )  # fmt: skip
    cure = next((Cure(d.mean, d.low, d.high, d.seeds) for d in (each.difference for each in judgement.cures)), None)
    facts = None if is_early(runs) else GapFacts(common_step(runs), errors.at_end, _cure_text(judgement), found)
    head = judgement.findings[0]
    needed = seeds_that_would_do(head) if head.verdict in (Verdict.NOT_RESOLVED, Verdict.DISAGREE) else None
    return Conclusion(head.verdict, statement, provisional, found, cure, facts, needed)


def _without_findings(runs: Sequence[ComparedRun]) -> Verdict:
    if not pairs(runs):
        return Verdict.NOTHING_TO_COMPARE
    return Verdict.NO_FIGURES if taking_part(runs) else Verdict.TOO_EARLY


def _cure_text(judgement: Judgement) -> str:
    named = len(judgement.cures) > 1
    parts = []
    for cure in judgement.cures:
        found = cure.difference
        doubt = ", one seed" if found.seeds == 1 else "" if cure.resolved else ", not resolved"
        parts.append(f"{f'{cure.shortcut} ' if named else ''}{signed(found.mean)} points{_in_brackets(found)}{doubt}")
    return f"cure {'; '.join(parts)}" if parts else ""


def _in_brackets(found: Interval) -> str:
    return f" ({ends(found.low, found.high)})" if found.seeds > 1 else ""
