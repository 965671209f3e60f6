"""The sentence that answers on the pages Layers and Gradients: what stands out, in which net and where. Pure.

Only comparable nets count, and nets of several families are not compared. Layers are compared by their ratio to the
middle (the median) of their own net. Of several seeds the sentence is about their geometric mean, and only where each
seed shows the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from math import ceil, exp, isfinite, log, nan
from statistics import fmean, median

from engine.analysis.comparison import MIN_STEP, by
from engine.analysis.layers.probed_net import ARM_KEY, GROWTH, Measured, ProbedNet
from engine.analysis.numbers import in_words, listed
from engine.models.arm_names import by_blocks

#: No sentence before this share of the training: the first steps say little of what a net learns.
MIN_SHARE = 1 / 3
#: A layer stands out from this ratio to the middle of its net: of responses, and of what varies more from step to step.
OUTSTANDING, OTHERS = 2.0, 3.0
#: Each seed must show a stretch that much, or half of its ratio (of the logarithm) where that is less.
EACH_SEED = 1.5
#: All layers within this ratio of the middle: none stands out. Beyond it a layer belongs to one beside it that does.
EVEN = 1.5
#: From here on a ratio counts as twice or half.
TWICE = 1.75
#: A zigzag: so many of the layers turn, and half of the steps between neighbours are at least so large a ratio.
TURNS, STEP_RATIO = 0.8, 1.02
#: A stretch has at least so many layers, and this share of its net: the two layers of a residual block alternate.
MIN_LAYERS, MIN_STRETCH = 2, 0.05
#: The gradient reaches the first layer where it changes less than tenfold; beyond the second it explodes or vanishes.
REACHES, EXPLODES = 10.0, 1000.0
#: A larger logarithm has no finite exponential.
MAX_LOG = 700.0
_TIMES = "twice", "three times", "four times", "five times", "six times", "seven times", "eight times", "nine times"
_SHARES = "half", "a third", "a quarter", "a fifth", "a sixth", "a seventh", "an eighth", "a ninth"
#: The quantities of which a layer can be said to respond.
_RESPONSES = ("response_std", "response_std_within", "response_std_eval")


@dataclass(frozen=True, slots=True)
class Place:
    """Layers or blocks of an arm that a sentence is about, from 0, and the word that marks them in a picture."""

    arm: str
    first: int
    last: int
    word: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence and the place it is about, if it is about one."""

    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Layers of one arm beside each other that stand out, with their ratio to the middle of their net."""

    first: int
    last: int
    count: int
    ratio: float

    def named(self, noun: str) -> str:
        """The layers in words."""
        if self.first == 0:
            return f"the first {noun}s"
        return f"the last {noun}s" if self.last == self.count - 1 else f"{noun}s {self.first + 1} to {self.last + 1}"


def first_compared(nets: Iterable[ProbedNet]) -> int:
    """Return the first step at which layers of these nets are compared."""
    return max(MIN_STEP, ceil(MIN_SHARE * max(net.planned for net in nets)))


def headline(quantity: Measured, step: int, nets: Sequence[ProbedNet]) -> Headline | None:
    """Return what these nets show of a quantity at a step, None without a comparable net that is there.

    None as well for nets of several families: they differ in more than depth and shortcut.
    """
    if (found := _headline(quantity, step, nets)) is None:
        return None
    place = found.place and replace(found.place, word=by_blocks(found.place.word))
    return Headline(by_blocks(found.text), place)


def _headline(quantity: Measured, step: int, nets: Sequence[ProbedNet]) -> Headline | None:
    comparable = [net for net in nets if not net.difference]
    nets = [net for net in comparable if net.last_step >= step]
    if not nets or len({net.family for net in comparable}) > 1:
        return None
    noun = quantity.noun(nets[0].family)
    planned = max(net.planned for net in nets)
    start = first_compared(nets)
    arms = by(nets, ARM_KEY)
    if planned < start:
        few = f"{planned} steps are" if planned > 1 else "One step is"
        return Headline(f"{few} too few to compare what was learned: {start} are needed.")
    if step < start and not (step == 0 and quantity.name == GROWTH):
        subject = "gradients" if quantity.name == GROWTH else f"{noun}s"
        return Headline(f"Training has just begun. The {subject} are compared from step {start:,} on.")
    if quantity.name == GROWTH:
        over = step >= planned and len(nets) == len(comparable)
        when = "Before training, " if step == 0 else "After training, " if over else ""
        return _growth(arms, when, whole=len(nets) == len(comparable))
    if quantity.rounding and (rounded := _rounded(quantity, noun, arms)):
        return rounded
    return (
        _ratios(quantity, noun, arms, whole=len(nets) == len(comparable))
        if quantity.scale == "log"
        else _means(noun, arms)
    )


def _rounded(quantity: Measured, noun: str, arms: Mapping[str, Sequence[ProbedNet]]) -> Headline | None:
    """Return from which layer to the output a net's values are rounding, of the net with the most of them; else None.

    Such values have no ratios.
    """
    tails = {
        arm: min(sum(1 for _ in takewhile(lambda value: value <= quantity.rounding, net.values[::-1])) for net in seeds)
        for arm, seeds in arms.items()
    }
    arm = max(tails, key=tails.__getitem__)
    if not tails[arm]:
        return None
    count = len(arms[arm][0].values)
    first = count - tails[arm]
    where = f"From {noun} {first + 1} on" if first else f"In all {noun}s"
    others = _twins(arm, [name for name, tail in tails.items() if not tail], arms)
    rest = f" That of {listed(others)} is larger at the last {noun}." if others else ""
    word = f"{noun}s {first + 1} to {count}: 0 up to rounding"
    text = f"{where}, the {quantity.label} of {arm} is 0 up to rounding.{rest}"
    return Headline(text, Place(arm, first, count - 1, word))


def _ratios(quantity: Measured, noun: str, arms: Mapping[str, Sequence[ProbedNet]], *, whole: bool) -> Headline | None:
    """Return which layers stand out. Not ``whole``: other nets are not there yet, so those that are have names."""
    profiles = {arm: _profile(seeds) for arm, seeds in arms.items()}
    logs = {arm: [value for value in profile if isfinite(value)] for arm, profile in profiles.items()}
    uneven = {arm: max(map(abs, values)) for arm, values in logs.items() if values}
    if not uneven:
        return None
    about = f"the {quantity.label.split(' ||')[0]}"
    responds = quantity.name in _RESPONSES
    least = log(OUTSTANDING if responds else OTHERS)
    stretches = {arm: found for arm in uneven if (found := _stretch(profiles[arm], arms[arm], least))}
    even = [arm for arm in uneven if uneven[arm] <= log(EVEN)]
    if not stretches:
        if len(even) < len(uneven):
            arm = max(uneven, key=uneven.__getitem__)
            how = "Those" if (turns := _alternates(logs[arm])) else f"Single {noun}s"
            most = f"{how} of {arm} differ most{', from one to the next' if turns else ''}"
            where = "any net" if whole else listed(list(uneven))
            return Headline(
                f"No stretch of {noun}s stands out in {where}. {most}, by a factor of {_factor(uneven[arm])}."
            )
        return Headline(
            _evenly(quantity, noun, {arm: logs[arm] for arm in uneven}, "" if whole else listed(list(uneven)))
        )
    arm = max(stretches, key=lambda name: abs(log(stretches[name].ratio)))
    found = stretches[arm]
    where, size = found.named(noun), _size(found.ratio)
    text = (
        f"{where} of {arm} respond about {size} as strongly as the rest."
        if responds
        else f"in {where} of {arm}, {about} is about {size}{' of' if found.ratio < 1 else ''} that of the rest."
    )
    twins = _twins(arm, even, arms)
    others = f" {_evenly(quantity, noun, {twin: logs[twin] for twin in twins}, listed(twins))}" if twins else ""
    word = f"{where}: {size}{'' if found.ratio > 1 else ' of'} the rest"
    return Headline(f"{text[0].upper()}{text[1:]}{others}", Place(arm, found.first, found.last, word))


def _evenly(quantity: Measured, noun: str, logs: Mapping[str, Sequence[float]], arms: str) -> str:
    """Return within which factor the layers of nets lie in which none stands out, and whether they alternate.

    Args:
        logs: The logarithms of the layers by arm.
        arms: The arms in words, '' for every net.
    """
    about = quantity.label.split(" ||")[0]
    factor = max(1.1, ceil(10 * exp(max(max(values) - min(values) for values in logs.values())) - 1e-6) / 10)
    turning = [arm for arm, values in logs.items() if _alternates(values)]
    zigzag = f", alternating from one {noun} to the next" if len(turning) == len(logs) else ""
    if quantity.name in _RESPONSES:
        even = f"{'in every net ' if not arms else ''}all {noun}s{f' of {arms}' if arms else ''} respond alike"
    else:
        even = f"the {about} of all {noun}s {f'of {arms} ' if arms else 'in every net '}is alike"
    some = f" Those of {listed(turning)} alternate from one to the next." if turning and not zigzag else ""
    return f"{even[0].upper()}{even[1:]} within a factor of {in_words(factor, 2)}{zigzag}.{some}"


def _alternates(values: Sequence[float]) -> bool:
    steps = [after - before for before, after in pairwise(values)]
    turns = [first * second < 0 for first, second in pairwise(steps)]
    return bool(turns) and fmean(turns) >= TURNS and median(map(abs, steps)) >= log(STEP_RATIO)


def _profile(seeds: Sequence[ProbedNet]) -> list[float]:
    """Return the logarithms of an arm's layers relative to the middle of its nets, the mean of its seeds."""
    profiles = [relative for net in seeds if (relative := _relative(net.values))]
    return [fmean(values) for values in zip(*profiles, strict=False)]


def _relative(values: Sequence[float]) -> list[float]:
    logs = [log(value) if value > 0 and isfinite(value) else nan for value in values]
    middle = median([value for value in logs if isfinite(value)] or [nan])
    return [value - middle for value in logs] if isfinite(middle) else []


def _stretch(profile: Sequence[float], seeds: Sequence[ProbedNet], outstanding: float) -> _Stretch | None:
    """Return the stretch that stands out most: of several the one with the largest ratio.

    Where no layers beside each other stand out alone, those that are uneven count with the one among them that does.
    """
    least = max(MIN_LAYERS, ceil(MIN_STRETCH * len(profile)))
    for bar in (outstanding, log(EVEN)):
        found = [
            _Stretch(first, last, len(profile), exp(fmean(profile[first : last + 1])))
            for sign in (1, -1)
            for first, last in _beyond(bar, [sign * value for value in profile])
            if last - first + 1 >= least and max(sign * value for value in profile[first : last + 1]) >= outstanding
        ]
        if shown := [stretch for stretch in found if _in_each(stretch, seeds)]:
            return max(shown, key=lambda stretch: abs(log(stretch.ratio)))
    return None


def _beyond(bar: float, values: Sequence[float]) -> list[tuple[int, int]]:
    """Return the first and the last place of each run of values of at least ``bar``."""
    above = [value >= bar for value in values]
    firsts = [at for at, one in enumerate(above) if one and not (at and above[at - 1])]
    return [(first, first + len(list(takewhile(bool, above[first:]))) - 1) for first in firsts]


def _in_each(stretch: _Stretch, seeds: Sequence[ProbedNet]) -> bool:
    """Return whether each seed shows the stretch, in the same direction."""
    each = [relative[stretch.first : stretch.last + 1] for net in seeds if (relative := _relative(net.values))]
    sign, whole = (1, log(stretch.ratio)) if stretch.ratio > 1 else (-1, -log(stretch.ratio))
    return all(sign * fmean(values) >= min(log(EACH_SEED), whole / 2) for values in each)


def _size(ratio: float) -> str:
    """Return a ratio in words, rounded: ``1.6 times``, ``three times``, ``a third``."""
    larger = max(ratio, 1 / ratio)
    if larger < TWICE:
        return f"{in_words(larger, 2)} times" if ratio > 1 else "two thirds"
    whole = round(larger)
    if whole - 2 < len(_TIMES):
        return (_TIMES if ratio > 1 else _SHARES)[whole - 2]
    return f"{in_words(whole, 2)} times" if ratio > 1 else f"1/{in_words(whole, 2)}"


def _means(noun: str, arms: Mapping[str, Sequence[ProbedNet]]) -> Headline | None:
    means = {arm: fmean(known) for arm, seeds in arms.items() if (known := [n.mean for n in seeds if isfinite(n.mean)])}
    if not means:
        return None
    high, low = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    words = {arm: f"{arm}, {in_words(means[arm], 2)}" for arm in (high, low)}
    if high == low:
        return Headline(f"Mean over the {noun}s: {words[high]}.")
    return Headline(f"Largest mean over the {noun}s: {words[high]}. Smallest: {words[low]}.")


def _growth(arms: Mapping[str, Sequence[ProbedNet]], when: str, *, whole: bool) -> Headline | None:
    """Return how far the gradient gets; the values are factors per layer towards the input, of the whole net first."""
    factors = {arm: _mean_factor([net.values[0] for net in seeds]) for arm, seeds in arms.items()}
    totals = {arm: log(each) * (arms[arm][0].layers - 1) for arm, each in factors.items() if isfinite(each)}
    if not totals:
        return None
    arm = max(totals, key=lambda name: abs(totals[name]))
    total = totals[arm]
    if abs(total) <= log(REACHES):
        # Always the same net, the one in doubt: who changes most by a little differs from step to step.
        arm = max(totals, key=lambda name: (arms[name][0].depth, arms[name][0].plain))
        nets = listed(list(totals)) if not whole else "every net" if len(totals) > 1 else arm
        text = f"the gradient reaches the first layer of {nets}: there it is within tenfold of that at the last."
    else:
        far = abs(total) > log(EXPLODES)
        verb = ("explodes" if far else "grows") if total > 0 else ("vanishes" if far else "shrinks")
        text = (
            f"the gradient of {arm} {verb}: at the first layer it is {_fold(total)} that at the last. "
            f"That is a factor of {in_words(factors[arm])} per layer."
        )
    place = Place(arm, 0, 0, f"first layer of {arm}: {_fold(totals[arm])} the last layer")
    others = ""
    if abs(total) > log(REACHES) and (twins := _twins(arm, totals, arms)):
        most = _factor(max(abs(totals[name]) for name in twins))
        others = f" In {listed(twins)} it changes by at most a factor of {most}."
    text = when + text
    return Headline(f"{text[0].upper()}{text[1:]}{others}", place)


def _twins(arm: str, others: Iterable[str], arms: Mapping[str, Sequence[ProbedNet]]) -> list[str]:
    """Return those of the other arms that have the arm's depth and are plain where it is not."""
    first = arms[arm][0]
    return [name for name in others if arms[name][0].depth == first.depth and arms[name][0].plain is not first.plain]


def _mean_factor(factors: Sequence[float]) -> float:
    if not all(0 < factor < float("inf") for factor in factors):
        return nan
    return exp(fmean(map(log, factors)))


def _factor(total: float) -> str:
    return in_words(exp(min(abs(total), MAX_LOG)), 2)


def _fold(total: float) -> str:
    """Return the exponential of a number as so many times, or as a share: ``12,000 times``, ``1/40 of``."""
    return f"1/{_factor(total)} of" if total < -log(REACHES) else f"{in_words(exp(min(total, MAX_LOG)), 2)} times"
