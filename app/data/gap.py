"""The sentence that states the degradation gap of a race, and never more than the data say.

degradation gap = training error(deeper) - training error(shallower) within one shortcut type, in points: the running
training error (mean of the last 50 steps) while the race trains, the clean training error (fixed un-augmented subset,
eval mode) once every compared run has finished. The deepest arm of a shortcut type is compared with its shallowest,
seed by seed. A pair takes part once both of its runs have reached step 50; all figures of one sentence are those of the
largest step that every run taking part has reached. Pure: no I/O, no streamlit, no engine.
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
#: How each error is drawn.
DRAWN = {"running": "running training error (dashed)", "clean": "clean training error (open marks)"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one run stands. ``lr`` is the base learning rate, ``warmup_lr`` the one it starts at, if any; ``changed``
    names what was changed in it while it trained, ``tuned`` says that the base rate is the best of a grid for its arm.

    ``error`` values come separately, in percent.
    """

    run: int
    arm: str
    depth: int
    shortcut: str
    seed: int
    lr: float
    state: str
    step: int
    total_steps: int
    warmup_lr: float | None = None
    changed: tuple[str, ...] = ()
    tuned: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """The deepest and the shallowest arm of one shortcut type with the same seed."""

    deep: Standing
    shallow: Standing

    @property
    def step(self) -> int:
        """The largest step that both have reached."""
        return min(self.deep.step, self.shallow.step)


def pairs(runs: Sequence[Standing]) -> list[Pair]:
    """Return the pairs that take part now or later, by shortcut type and seed.

    Broken runs take no part; neither do those that halted before step 50.
    """
    sound = [
        run
        for run in runs
        if run.state not in BROKEN and not (run.state in HALTED and run.step < min(EARLIEST_STEP, run.total_steps))
    ]
    found = []
    for shortcut in dict.fromkeys(run.shortcut for run in sound):
        of_type = {(run.depth, run.seed): run for run in sound if run.shortcut == shortcut}
        low, high = min(depth for depth, _ in of_type), max(depth for depth, _ in of_type)
        if low < high:
            seeds = sorted({seed for _, seed in of_type})
            both = [(of_type.get((high, seed)), of_type.get((low, seed))) for seed in seeds]
            found += [Pair(deep, shallow) for deep, shallow in both if deep and shallow]
    return found


def taking_part(runs: Sequence[Standing]) -> list[Pair]:
    """Return the pairs whose runs have both reached step 50."""
    return [pair for pair in pairs(runs) if pair.step >= EARLIEST_STEP]


def compared(runs: Sequence[Standing]) -> list[Standing]:
    """Return the runs that take part."""
    return [run for pair in taking_part(runs) for run in (pair.shallow, pair.deep)]


def common_step(runs: Sequence[Standing]) -> int:
    """Return the largest step that all compared runs have reached, 0 when nothing is compared."""
    return min((pair.step for pair in taking_part(runs)), default=0)


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
    possible, taken = pairs(runs), taking_part(runs)
    if not possible:
        return _join(["No shortcut type has two depths left to compare.", notes])
    if not taken:
        return _join([_too_early(possible, several_seeds=_several_seeds(runs)), notes])
    figured = [pair for pair in taken if pair.deep.run in errors and pair.shallow.run in errors]
    if not figured:
        return _join(["No figures to compare yet.", notes])
    seeds = len({run.seed for run in runs})
    clauses, most = _clauses(figured, errors, seeds)
    first, rest = clauses[0], clauses[1:]
    kind = DRAWN["clean" if clean else "running"]
    words = "; ".join([f"{first[0]} in {kind}{first[1]}", *("".join(clause) for clause in rest)])
    count = f"{most} of {seeds} seeds" if most < seeds else f"{seeds} seed{'' if seeds == 1 else 's'}"
    rates = _rates([run for pair in figured for run in (pair.deep, pair.shallow)])
    return _join([f"After {_grouped(common_step(runs))} steps, {count}, {rates}: {words}.", notes])


def _clauses(figured: Sequence[Pair], errors: Mapping[int, float], seeds: int) -> tuple[list[tuple[str, str]], int]:
    """Return (comparison, range over seeds) per shortcut type, and the largest number of seeds in one of them."""
    by_type: dict[str, list[Pair]] = {}
    for pair in figured:
        by_type.setdefault(pair.deep.shortcut, []).append(pair)
    most = max(map(len, by_type.values()))
    clauses = []
    for of_type in by_type.values():
        gaps = [errors[pair.deep.run] - errors[pair.shallow.run] for pair in of_type]
        spread = f" (mean; {min(gaps):.1f} to {max(gaps):.1f})" if len(gaps) > 1 else ""
        if len(gaps) < most:
            spread += f" ({len(gaps)} of {seeds} seeds)"
        points = "" if clauses else " points"
        clauses.append((f"{of_type[0].deep.arm} is {_apart(fmean(gaps), points)} {of_type[0].shallow.arm}", spread))
    return clauses, most


def _too_early(possible: Sequence[Pair], *, several_seeds: bool) -> str:
    """Say what is waited for: the runs of the pair of each shortcut type that is nearest to its first comparison."""
    if all(min(pair.deep.total_steps, pair.shallow.total_steps) < EARLIEST_STEP for pair in possible):
        return f"Runs of fewer than {EARLIEST_STEP} steps are not compared."
    nearest: dict[str, Pair] = {}
    for pair in possible:
        best = nearest.setdefault(pair.deep.shortcut, pair)
        if _readiness(pair) > _readiness(best):
            nearest[pair.deep.shortcut] = pair
    waited, paused = [], []
    for run in (run for pair in nearest.values() for run in (pair.shallow, pair.deep)):
        seed = f"seed {run.seed}, " if several_seeds else ""
        if run.step >= EARLIEST_STEP:
            continue
        if run.state == "paused":
            paused.append(f"{_name(run, several_seeds)} paused at step {run.step}")
        elif run.state in ("queued", "starting"):
            waited.append(f"{run.arm} ({seed}{run.state})")
        else:
            waited.append(f"{run.arm} ({seed}step {run.step})")
    reasons = [f"waiting for {_listed(waited)}"] if waited else []
    reasons += [_listed(paused)] if paused else []
    return f"Too early to compare, which takes {EARLIEST_STEP} steps of both depths: {'; '.join(reasons)}."


def _readiness(pair: Pair) -> tuple[bool, int]:
    return "paused" not in (pair.deep.state, pair.shallow.state), pair.step


def _apart(gap: float, points: str) -> str:
    if abs(gap) < 0.05:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"


def _rates(taken: Sequence[Standing]) -> str:
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
        changed = any("lr" in run.changed for run in taken)
        return f"one learning rate ({rates[0]:g}{', at first' if changed else ''}) for all arms"
    return f"{words} ({', '.join(starts)})" if starts else words


def _notes(runs: Sequence[Standing]) -> str:
    """Name every run that ended early, and every one that was changed while it trained."""
    several = _several_seeds(runs)
    alike: dict[tuple[str, ...], list[Standing]] = {}
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
            words.append(f"{_name(run, several)} {state} at step {_grouped(run.step)}")
    return _join(
        [
            f"Changed while training: {'; '.join(changed)}." if changed else "",
            f"{_listed(words, ' ended early')}." if words else "",
        ]
    )


def _several_seeds(runs: Sequence[Standing]) -> bool:
    return len({run.seed for run in runs}) > 1


def _name(run: Standing, several_seeds: bool) -> str:
    return f"{run.arm} (seed {run.seed})" if several_seeds else run.arm


def _listed(words: Sequence[str], what: str = "") -> str:
    """Name a few, count the rest."""
    shown = list(words[:4])
    if len(words) > 4:
        shown.append(f"{len(words) - 4} more{what}")
    return ", ".join(shown)


def _grouped(number: int) -> str:
    return f"{number:,}"


def _join(sentences: Sequence[str]) -> str:
    return " ".join(filter(None, sentences))
