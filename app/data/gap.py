"""The sentence that states the degradation gap of a race, and never more than the data say.

degradation gap = training error(deeper) - training error(shallower) within one shortcut type, in points, at one step
that all compared runs have reached: the running training error (mean of the last 50 steps) while the race trains, the
clean training error (fixed un-augmented subset, eval mode) once every compared run has finished. The deepest arm of a
shortcut type is compared with its shallowest, seed by seed. Pure: no I/O, no streamlit, no engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

#: Below this step the running mean has not even filled its window.
EARLIEST_STEP = 50
#: Runs in these states do not take part: their last figures are not those of a training that works.
BROKEN = ("diverged", "failed")
#: Runs in these states go no further by themselves; they take part with what they have.
HALTED = ("stopped", "lost")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one run stands. ``lr`` is the base learning rate, ``error`` values come separately, in percent."""

    run: int
    arm: str
    depth: int
    shortcut: str
    seed: int
    lr: float
    state: str
    step: int
    total_steps: int


def compared(runs: Sequence[Standing]) -> list[Standing]:
    """Return the runs that take part: of a shortcut type with two depths or more, its deepest and its shallowest.

    Broken runs take no part; neither do halted ones that ended before step 50 while others went on.
    """
    most = max((run.step for run in runs), default=0)
    sound = [
        run
        for run in runs
        if run.state not in BROKEN
        and not (run.state in HALTED and run.step < EARLIEST_STEP <= most and run.step < run.total_steps)
    ]
    taken = []
    for shortcut in dict.fromkeys(run.shortcut for run in sound):
        depths = {run.depth for run in sound if run.shortcut == shortcut}
        if len(depths) > 1:
            ends = {min(depths), max(depths)}
            taken += [run for run in sound if run.shortcut == shortcut and run.depth in ends]
    return taken


def common_step(runs: Sequence[Standing]) -> int:
    """Return the largest step that all compared runs have reached, 0 when nothing is compared."""
    return min((run.step for run in compared(runs)), default=0)


def at_the_end(runs: Sequence[Standing]) -> bool:
    """Return whether every compared run has finished, all with the same number of steps: clean errors then count."""
    taken = compared(runs)
    return bool(taken) and all(run.state == "finished" for run in taken) and len({run.step for run in taken}) == 1


def statement(runs: Sequence[Standing], errors: Mapping[int, float], *, clean: bool) -> str:
    """Return one or two true sentences.

    ``errors``: training error in percent of every compared run at ``common_step(runs)``; ``clean`` says which error
    it is. A run without a figure takes no part.
    """
    if not runs:
        return ""
    notes = _notes(runs)
    depths = {shortcut: {r.depth for r in runs if r.shortcut == shortcut} for shortcut in {r.shortcut for r in runs}}
    if all(len(found) < 2 for found in depths.values()):
        return _join(["One depth per shortcut type: there is no degradation gap to state.", notes])
    taken, step = compared(runs), common_step(runs)
    if not taken:
        return _join(["No shortcut type has two depths left to compare.", notes])
    if step < EARLIEST_STEP:
        return _join([f"Too early to compare: step {step} of at least {EARLIEST_STEP} by every run.", notes])
    clauses, seeds = _clauses(taken, errors)
    if not clauses:
        return _join(["No figures to compare yet.", notes])
    kind = "clean" if clean else "running"
    first, rest = clauses[0], clauses[1:]
    words = "; ".join([f"{first[0]} in {kind} training error{first[1]}", *("".join(clause) for clause in rest)])
    count = f"{seeds} seed{'' if seeds == 1 else 's'}"
    return _join([f"After {_grouped(step)} steps, {count}, {_rates(taken)}: {words}.", notes])


def _clauses(taken: Sequence[Standing], errors: Mapping[int, float]) -> tuple[list[tuple[str, str]], int]:
    """Return (comparison, range over seeds) per shortcut type, and the largest number of seeds in one of them."""
    pairs: dict[str, tuple[Standing, Standing, list[float]]] = {}
    for shortcut in dict.fromkeys(run.shortcut for run in taken):
        of_type = [run for run in taken if run.shortcut == shortcut]
        low, high = min(run.depth for run in of_type), max(run.depth for run in of_type)
        by_seed = {(run.depth, run.seed): run for run in of_type if run.run in errors}
        gaps, last = [], None
        for seed in sorted({run.seed for run in of_type}):
            shallow, deep = by_seed.get((low, seed)), by_seed.get((high, seed))
            if shallow and deep:
                gaps.append(errors[deep.run] - errors[shallow.run])
                last = (deep, shallow)
        if last:
            pairs[shortcut] = (*last, gaps)
    most = max((len(gaps) for *_, gaps in pairs.values()), default=0)
    clauses = []
    for deep, shallow, gaps in pairs.values():
        spread = f" (mean; {min(gaps):.1f} to {max(gaps):.1f})" if len(gaps) > 1 else ""
        if len(gaps) < most:
            spread += f" ({len(gaps)} of {most} seeds)"
        points = "" if clauses else " points"
        clauses.append((f"{deep.arm} is {_apart(fmean(gaps), points)} {shallow.arm}", spread))
    return clauses, most


def _apart(gap: float, points: str) -> str:
    if abs(gap) < 0.05:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"


def _rates(taken: Sequence[Standing]) -> str:
    rates = sorted({run.lr for run in taken})
    if len(rates) == 1:
        return f"one learning rate ({rates[0]:g}) for all arms"
    return f"learning rates {rates[0]:g} to {rates[-1]:g}"


def _notes(runs: Sequence[Standing]) -> str:
    """Name every run that takes no part or holds the others back."""
    seeds = len({run.seed for run in runs}) > 1
    words = []
    for run in runs:
        name = f"{run.arm} (seed {run.seed})" if seeds else run.arm
        if run.state in BROKEN or (run.state in HALTED and run.step < run.total_steps):
            words.append(f"{name} {run.state if run.state != 'lost' else 'was lost'} at step {_grouped(run.step)}")
    return f"{_listed(words)}." if words else ""


def _listed(words: Sequence[str]) -> str:
    """Name a few, count the rest."""
    shown = list(words[:4])
    if len(words) > 4:
        shown.append(f"{len(words) - 4} more ended early")
    return ", ".join(shown)


def _grouped(number: int) -> str:
    return f"{number:,}"


def _join(sentences: Sequence[str]) -> str:
    return " ".join(filter(None, sentences))
