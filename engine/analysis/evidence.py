"""On what a verdict rests, in words: steps, seeds, rates, which error, what was left out, what is waited for.

Pure: no I/O, no streamlit, no engine.
"""

from collections.abc import Sequence

from engine.analysis.comparison import MIN_STEP, ComparedRun, Pair, common_step
from engine.analysis.interval import CONFIDENCE
from engine.analysis.numbers import grouped
from engine.analysis.verdict import Finding, Judgement, RaceErrors
from engine.events import BROKEN, HALTED

#: How each error is drawn.
DRAWN = {"running": "running training error (dashed)", "clean": "clean training error (open marks)"}


def evidence(runs: Sequence[ComparedRun], judgement: Judgement, errors: RaceErrors) -> str:
    """Return after how many steps, from how many seeds, at which rates, and in which error all of this was found."""
    found = judgement.findings
    seeds, most = len({run.seed for run in runs}), max(finding.training.seeds for finding in found)
    count = f"{most} of {seeds} seeds" if most < seeds else f"{seeds} seed{'' if seeds == 1 else 's'}"
    fewer = [f"{finding.training.seeds} for {finding.deep.arm}" for finding in found if finding.training.seeds < most]
    count += f" ({_listed(fewer)})" if fewer else ""
    if most > 1:
        count += f", {100 * CONFIDENCE:g} % intervals"
        count += f" (Holm over {judgement.comparisons} comparisons)" if judgement.comparisons > 1 else ""
    rates = _rates([run for finding in found for run in finding.runs])
    error = DRAWN["clean" if errors.at_end else "running"]
    left_out = "; runs that broke or halted early are left out" if any(one.left_out for one in found) else ""
    return f"After {grouped(common_step(runs))} steps, {count}, {rates}; {error}{left_out}."


def edges(found: Sequence[Finding]) -> str:
    """Name the arms whose best rate is the smallest or the largest that was tried."""
    both = [run for finding in found for run in (finding.shallow, finding.deep)]
    names = list(dict.fromkeys(run.arm for run in both if run.tuned and run.at_edge))
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"{_listed(names)} {verb} best at the edge of the rates tried: a better one may lie outside."


def too_early(possible: Sequence[Pair], *, seeds_named: bool) -> str:
    """Say what is waited for: the runs of the pair of each shortcut type that is nearest to its first comparison."""
    if all(min(pair.deep.total_steps, pair.shallow.total_steps) < MIN_STEP for pair in possible):
        return f"Runs of fewer than {MIN_STEP} steps are not compared."
    nearest: dict[str, Pair] = {}
    for pair in possible:
        best = nearest.setdefault(pair.deep.shortcut, pair)
        if _readiness(pair) > _readiness(best):
            nearest[pair.deep.shortcut] = pair
    waited, paused = [], []
    for run in (run for pair in nearest.values() for run in (pair.shallow, pair.deep)):
        seed = f"seed {run.seed}, " if seeds_named else ""
        if run.step >= MIN_STEP:
            continue
        if run.state == "paused":
            paused.append(f"{_name(run, seeds_named)} paused at step {run.step}")
        elif run.state in ("queued", "starting"):
            waited.append(f"{run.arm} ({seed}{run.state})")
        else:
            waited.append(f"{run.arm} ({seed}step {run.step})")
    reasons = [f"waiting for {_listed(waited)}"] if waited else []
    reasons += [_listed(paused)] if paused else []
    return f"Too early to compare, which takes {MIN_STEP} steps of both depths: {'; '.join(reasons)}."


def _readiness(pair: Pair) -> tuple[bool, int]:
    return "paused" not in (pair.deep.state, pair.shallow.state), pair.step


def _rates(taken: Sequence[ComparedRun]) -> str:
    rates = sorted({run.lr for run in taken})
    warm = {rate: {r.depth for r in taken if r.warmup_lr == rate} for rate in sorted({r.warmup_lr or 0 for r in taken})}
    warm.pop(0, None)
    depths = {run.depth for run in taken}
    starts = [
        f"{'all arms' if found == depths else f'{_listed(list(map(str, sorted(found))))} layers'} start at {rate:g}"
        for rate, found in warm.items()
    ]
    if all(run.tuned for run in taken):
        ends = rates if len(rates) == 1 else (rates[0], rates[-1])
        words = f"learning rates tuned per arm ({' to '.join(f'{rate:g}' for rate in ends)})"
    elif len(rates) > 1:
        words = f"learning rates {rates[0]:g} to {rates[-1]:g}"
    elif starts:
        words = f"learning rate {rates[0]:g}"
    else:
        return f"one learning rate ({rates[0]:g}) for all"
    return f"{words} ({', '.join(starts)})" if starts else words


def notes(runs: Sequence[ComparedRun]) -> str:
    """Name every run that ended early, and every one that was changed while it trained."""
    several = several_seeds(runs)
    alike: dict[tuple[str, ...], list[ComparedRun]] = {}
    for run in runs:
        if run.changed:
            alike.setdefault(run.changed, []).append(run)
    changed = [
        f"{'all runs' if len(runs) == len(found) > 1 else _listed([_name(run, several) for run in found])} "
        f"({', '.join(keys)})"
        for keys, found in alike.items()
    ]
    words = []
    for run in runs:
        if run.state in BROKEN or (run.state in HALTED and run.step < run.total_steps):
            state = run.state if run.state != "lost" else "was lost"
            words.append(f"{_name(run, several)} {state} at step {grouped(run.step)}")
    return joined(
        [
            f"Changed while training: {'; '.join(changed)}." if changed else "",
            f"{_listed(words, ' ended early')}." if words else "",
        ]
    )


def several_seeds(runs: Sequence[ComparedRun]) -> bool:
    """Return whether a run has to be named with its seed."""
    return len({run.seed for run in runs}) > 1


def _name(run: ComparedRun, seeds_named: bool) -> str:
    return f"{run.arm} (seed {run.seed})" if seeds_named else run.arm


def _listed(words: Sequence[str], what: str = "") -> str:
    """Name a few, count the rest."""
    shown = list(words[:4])
    if len(words) > 4:
        shown.append(f"{len(words) - 4} more{what}")
    return ", ".join(shown)


def joined(sentences: Sequence[str]) -> str:
    """Return sentences as one text, empty ones left out."""
    return " ".join(filter(None, sentences))
