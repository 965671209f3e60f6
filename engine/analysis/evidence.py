"""On what a verdict rests: a row for each comparison and each run apart, and the protocol in short sentences. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from engine.analysis.comparison import ComparedRun, by, common_step, is_early, pairs, still_trains
from engine.analysis.interval import CONFIDENCE, MAX_SEEDS, Interval
from engine.analysis.numbers import ends, signed
from engine.analysis.verdict import MARGIN, Finding, Judgement, RaceErrors, Verdict, seeds_that_would_do
from engine.config import RUNNING_WINDOW, depth_name
from engine.config.optim import OPTIMIZERS
from engine.events import BROKEN, HALTED, RunState

#: What one training error alone would say.
BY_ONE_ERROR = {
    Verdict.DEGRADATION: "degradation",
    Verdict.NO_DEGRADATION: f"no degradation beyond {MARGIN:g} point",
    Verdict.NOT_RESOLVED: "not resolved",
}
#: Begins the row of a cure.
CURE = "Cure by"
#: These hold for a whole race, whatever the gap of a type is.
_OF_THE_RACE = {Verdict.PROVISIONAL, Verdict.TOO_FEW_STEPS, Verdict.ONE_SEED}


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One line of the table: what is compared, which seed or how many, points, their interval, and what follows.

    A row without points is that of a run apart. A row without ``arms`` is one seed of the row above.
    """

    arms: str
    seed: str
    gap: str = ""
    interval: str = ""
    note: str = ""


def comparisons(runs: Sequence[ComparedRun], judgement: Judgement) -> list[EvidenceRow]:
    """Return the gap of each shortcut type and the cures; of a race that has ended those of each seed as well."""
    if is_early(runs):
        return []
    ended = not still_trains(runs)
    rows = [row for finding in judgement.findings for row in _gaps(finding, ended)]
    for cure in judgement.cures:
        doubt = "" if cure.difference.seeds == 1 or not ended else "resolved" if cure.resolved else "not resolved"
        rows.append(_row(f"{CURE} {cure.shortcut}", cure.difference, doubt))
    return rows


def _gaps(finding: Finding, ended: bool) -> Iterator[EvidenceRow]:
    yield _row(f"{finding.deep.arm} minus {finding.shallow.arm}", finding.training, _conclusion(finding))
    several = finding.training.seeds > 1 and ended
    if several:
        for pair, gap in zip(finding.pairs, finding.training.values, strict=True):
            yield EvidenceRow("", str(pair.deep.seed), signed(gap))
    if several and finding.running and finding.by_running != finding.by_clean:
        yield _row("The same by the running error", finding.running, BY_ONE_ERROR[finding.by_running])
    if finding.verdict == Verdict.OVERFITTING and finding.test:
        yield _row("The same on the full test set", finding.test, "overfitting")


def _row(arms: str, found: Interval, note: str) -> EvidenceRow:
    seeds = f"{found.seeds} seed{'' if found.seeds == 1 else 's'}"
    return EvidenceRow(arms, seeds, signed(found.mean), ends(found.low, found.high), note)


def _conclusion(finding: Finding) -> str:
    """Return the conclusion about a type in the field's terms."""
    verdict, rates = finding.verdict, at_rates(finding)
    if verdict in _OF_THE_RACE:
        return ""
    if verdict == Verdict.DEEPEST_LOST:
        return f"no conclusion: no run of {few(finding.lost)} is left"
    if verdict == Verdict.DISAGREE:
        alone = "clean" if finding.by_clean == Verdict.DEGRADATION else "running"
        return f"no conclusion: degradation by the {alone} error alone"
    if verdict == Verdict.NOT_RESOLVED:
        held = ", not enough after Holm's correction" if finding.short_of_holm else ""
        return f"not resolved{held}: {more_seeds(finding)}"
    return f"{BY_ONE_ERROR[finding.by_clean]}{rates}"


def at_rates(finding: Finding) -> str:
    """Return the limit of a conclusion that lies in the rates, '' where each arm's lies inside its grid."""
    if not finding.tuned:
        return " at one learning rate" if len({run.lr for run in finding.runs}) == 1 else " at these learning rates"
    return " at the rates tried" if finding.deep.at_edge or finding.shallow.at_edge else ""


def more_seeds(finding: Finding) -> str:
    """Return how many seeds would resolve a finding."""
    seeds = seeds_that_would_do(finding)
    return f"about {seeds} seeds would probably do" if seeds else f"it would take more than {MAX_SEEDS} seeds"


def protocol(runs: Sequence[ComparedRun], judgement: Judgement, errors: RaceErrors) -> list[str]:
    """Return after how many steps, from how many seeds, at which rates, and in which error all of this was found.

    While the race trains no step is named: sentences that change are sent again.
    """
    findings = judgement.findings
    if not findings:
        return []
    seeds, most = len({run.seed for run in runs}), max(finding.training.seeds for finding in findings)
    count = f"{most} of {seeds} seeds" if most < seeds else f"{seeds} seed{'' if seeds == 1 else 's'}"
    fewer = [f"{each.deep.arm} has {each.training.seeds}" for each in findings if each.training.seeds < most]
    step = "the last step that all runs have reached" if still_trains(runs) else f"step {common_step(runs):,}"
    error = (
        "clean training errors: fixed images without augmentation, in evaluation mode"
        if errors.at_end
        else f"running training errors: means of the last {RUNNING_WINDOW} steps"
    )
    return [
        f"{count}, compared at {step}.",
        f"Fewer seeds: {few(fewer)}." if fewer else "",
        f"The errors are {error}.",
        f"Intervals are {100 * CONFIDENCE:g} % t intervals of the per-seed differences."
        if most > 1
        else "One seed has no interval: nothing is known of how much seeds differ.",
        f"Holm's correction covers {judgement.comparisons} comparisons." if most > 1 < judgement.comparisons else "",
        *_rates([run for finding in findings for run in finding.runs]),
        "Runs that broke or halted early are left out." if any(finding.left_out for finding in findings) else "",
        _edges(findings),
    ]


def _edges(findings: Sequence[Finding]) -> str:
    """Name the arms whose best rate is the smallest or the largest that was tried."""
    both = (run for finding in findings for run in (finding.shallow, finding.deep))
    names = list(dict.fromkeys(run.arm for run in both if run.tuned and run.at_edge))
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"{few(names)} {verb} best at the edge of the rates tried: a better one may lie outside."


def _rates(runs: Sequence[ComparedRun]) -> Iterator[str]:
    # The optimizer and the warm-up in steps are those of the whole race.
    if runs[0].optimizer != OPTIMIZERS["sgd"]:
        yield f"The optimizer is {runs[0].optimizer}."
    rates = sorted({run.lr for run in runs})
    ends_of = f"{rates[0]:g} to {rates[-1]:g}" if len(rates) > 1 else f"{rates[0]:g}"
    if all(run.tuned for run in runs):
        yield f"Learning rates are tuned per arm: {ends_of}."
    else:
        yield f"Learning rates: {ends_of}." if len(rates) > 1 else f"One learning rate for all: {ends_of}."
    depths = {run.depth for run in runs}
    for rate, own in by((run for run in runs if run.warmup_lr), attrgetter("warmup_lr")).items():
        warm = {run.depth for run in own}
        names = [depth_name(depth, own[0].family) for depth in sorted(warm)]
        layers = " layers" * (names[-1] == str(max(warm)))
        yield f"{'All arms' if warm == depths else f'{few(names)}{layers}'} start at {rate:g}."
    if runs[0].warmup_steps:
        yield f"The rate rises linearly over the first {runs[0].warmup_steps:,} steps."


def apart(runs: Sequence[ComparedRun]) -> list[EvidenceRow]:
    """Return every run that is an arm of its own, ended early, or is paused and waited for, with the reason."""
    waited = {run.run for pair in pairs(runs) for run in pair if run.state == RunState.PAUSED}
    reasons = ((run, f"paused at step {run.step:,}" if run.run in waited else _reason(run)) for run in runs)
    several = len({run.seed for run in runs}) > 1
    return [EvidenceRow(run.arm, str(run.seed) if several else "", note=reason) for run, reason in reasons if reason]


def _reason(run: ComparedRun) -> str:
    if run.changed:
        return f"changed while training: {', '.join(run.changed)}"
    if run.recipe:
        return f"of another recipe: {', '.join(run.recipe)}"
    return run.fate if run.state in BROKEN or (run.state in HALTED and run.step < run.total_steps) else ""


def in_sentences(rows: Sequence[EvidenceRow]) -> list[str]:
    """Return the rows as sentences, without those of single seeds; runs apart with one reason stand together."""
    found = []
    for row in rows:
        if row.gap and row.arms:
            parts = (f"{row.gap} points{row.interval and f' ({row.interval})'}", row.note)
            found.append(f"{row.arms}: {', '.join(filter(None, parts))}.")
    others = [row for row in rows if not row.gap]
    for reason, alike in by(others, attrgetter("note")).items():
        found.append(f"{few([f'{row.arms} seed {row.seed}' if row.seed else row.arms for row in alike])} {reason}.")
    return found


def few(items: Sequence[str]) -> str:
    """Name a few, count the rest."""
    first = list(items[:4])
    return ", ".join([*first, f"{len(items) - 4} more"] if len(items) > 4 else first)


def joined(*sentences: str) -> str:
    """Return sentences as one text, empty ones left out."""
    return " ".join(filter(None, sentences))
