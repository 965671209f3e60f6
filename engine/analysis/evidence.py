"""On what a verdict rests, in words: steps, seeds, rates, which error, what was left out, what is waited for. Pure."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from engine.analysis.comparison import MIN_STEP, ComparedRun, Pair, by, common_step
from engine.analysis.interval import CONFIDENCE
from engine.analysis.verdict import Finding, Judgement, RaceErrors
from engine.events import BROKEN, HALTED

_CHANGED, _RECIPE = attrgetter("changed"), attrgetter("recipe")


def evidence(runs: Sequence[ComparedRun], judgement: Judgement, errors: RaceErrors) -> str:
    """Return after how many steps, from how many seeds, at which rates, and in which error all of this was found."""
    findings = judgement.findings
    seeds, most = len({run.seed for run in runs}), max(finding.training.seeds for finding in findings)
    count = f"{most} of {seeds} seeds" if most < seeds else f"{seeds} seed{'' if seeds == 1 else 's'}"
    fewer = [f"{each.training.seeds} for {each.deep.arm}" for each in findings if each.training.seeds < most]
    count += f" ({_listed(fewer)})" if fewer else ""
    if most > 1:
        count += f", {100 * CONFIDENCE:g} % intervals"
        count += f" (Holm over {judgement.comparisons} comparisons)" if judgement.comparisons > 1 else ""
    rates = _rates([run for finding in findings for run in finding.runs])
    error = "clean training error (open marks)" if errors.at_end else "running training error (dashed)"
    left_out = "; runs that broke or halted early are left out" if any(finding.left_out for finding in findings) else ""
    return f"After {common_step(runs):,} steps, {count}, {rates}; {error}{left_out}."


def edges(findings: Sequence[Finding]) -> str:
    """Name the arms whose best rate is the smallest or the largest that was tried."""
    both = (run for finding in findings for run in (finding.shallow, finding.deep))
    names = list(dict.fromkeys(run.arm for run in both if run.tuned and run.at_edge))
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"{_listed(names)} {verb} best at the edge of the rates tried: a better one may lie outside."


def too_early(possible: Sequence[Pair], *, seeds_named: bool) -> str:
    """Say what is waited for: the runs of the pair of each shortcut type that is nearest to its first comparison."""
    if all(pair.planned < MIN_STEP for pair in possible):
        return f"Runs of fewer than {MIN_STEP} steps are not compared."
    nearest = [
        # A pair of which no run is paused comes first; of two the one that is further.
        max(of_type, key=lambda pair: ("paused" not in [run.state for run in pair], pair.step))
        for of_type in by(possible, lambda pair: pair.deep.shortcut).values()
    ]
    waited, paused = [], []
    for run in (run for pair in nearest for run in reversed(pair) if run.step < MIN_STEP):
        if run.state == "paused":
            paused.append(f"{_name(run, seeds_named)} paused at step {run.step}")
        else:
            seed = f"seed {run.seed}, " if seeds_named else ""
            state = run.state if run.state in ("queued", "starting") else f"step {run.step}"
            waited.append(f"{run.arm} ({seed}{state})")
    reasons = [f"Waiting for {_listed(waited)}"] if waited else []
    reasons += [_listed(paused)] if paused else []
    return f"Warming up: the comparison starts at step {MIN_STEP} of both depths. {'; '.join(reasons)}."


def _rates(runs: Sequence[ComparedRun]) -> str:
    rates = sorted({run.lr for run in runs})
    depths = {run.depth for run in runs}
    warm = by((run for run in runs if run.warmup_lr), lambda run: run.warmup_lr or 0)
    starts = [
        f"{'all arms' if own == depths else f'{_listed(list(map(str, sorted(own))))} layers'} start at {rate:g}"
        for rate, own in sorted((rate, {run.depth for run in of_rate}) for rate, of_rate in warm.items())
    ]
    if all(run.tuned for run in runs):
        ends = rates if len(rates) == 1 else (rates[0], rates[-1])
        summary = f"learning rates tuned per arm ({' to '.join(f'{rate:g}' for rate in ends)})"
    elif len(rates) > 1:
        summary = f"learning rates {rates[0]:g} to {rates[-1]:g}"
    elif starts:
        summary = f"learning rate {rates[0]:g}"
    else:
        return f"one learning rate ({rates[0]:g}) for all"
    return f"{summary} ({', '.join(starts)})" if starts else summary


def notes(runs: Sequence[ComparedRun]) -> str:
    """Name every run that ended early, and every one that is an arm of its own, with its difference."""
    several = several_seeds(runs)
    changed, recipes = (_differing(runs, difference, several) for difference in (_CHANGED, _RECIPE))
    ended = [
        f"{_name(run, several)} {run.fate}"
        for run in runs
        if run.state in BROKEN or (run.state in HALTED and run.step < run.total_steps)
    ]
    return joined(
        f"Changed while training: {changed}." if changed else "",
        f"Of another recipe: {recipes}." if recipes else "",
        f"{_listed(ended, ' ended early')}." if ended else "",
    )


def _differing(runs: Sequence[ComparedRun], difference: Callable[[ComparedRun], tuple[str, ...]], several: bool) -> str:
    """Name the runs with one kind of difference, those that differ alike together."""
    return "; ".join(
        f"{'all runs' if len(runs) == len(alike) > 1 else _listed([_name(run, several) for run in alike])} "
        f"({', '.join(words)})"
        for words, alike in by(runs, difference).items()
        if words
    )


def several_seeds(runs: Sequence[ComparedRun]) -> bool:
    """Return whether a run has to be named with its seed."""
    return len({run.seed for run in runs}) > 1


def _name(run: ComparedRun, seeds_named: bool) -> str:
    return f"{run.arm} (seed {run.seed})" if seeds_named else run.arm


def _listed(items: Sequence[str], what: str = "") -> str:
    """Name a few, count the rest."""
    first = list(items[:4])
    if len(items) > 4:
        first.append(f"{len(items) - 4} more{what}")
    return ", ".join(first)


def joined(*sentences: str) -> str:
    """Return sentences as one text, empty ones left out."""
    return " ".join(filter(None, sentences))
