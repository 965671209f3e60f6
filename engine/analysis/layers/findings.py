"""What the layers of nets show at one step, in words: means over the layers, and how the gradient grows. Pure.

Source: He et al. 2015, arXiv:1512.03385, finding 1 of Fig. 7: residual nets are quieter than their plain twins, deeper
residual nets quieter still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import fmean, geometric_mean

from engine.analysis.comparison import by
from engine.analysis.layers.headline import Headline, first_compared, headline
from engine.analysis.layers.probed_net import ARM_KEY, GROWTH, RESPONSES, Measured, ProbedNet
from engine.analysis.numbers import steady
from engine.config.families import FAMILIES

#: Means that differ by a smaller share are called equal.
MARGIN = 0.005
#: The gradient stays level between these factors per layer.
LEVEL = (0.995, 1.005)
#: A net with a stage beyond these factors per layer changes by no single factor.
SINGLE = (0.1, 10.0)


@dataclass(frozen=True, slots=True)
class LayerFinding:
    """What is said at one step: an opening, a clause for each arm, and what closes it about the comparable arms.

    ``arms`` are by ``ProbedNet.arm_key``; ``headline`` is what stands on top, about the comparable arms.
    """

    opening: str
    arms: Mapping[str, str]
    closing: str = ""
    headline: Headline | None = None

    @property
    def text(self) -> str:
        """The finding as one text."""
        return " ".join(filter(None, (self.opening, f"{', '.join(self.arms.values())}.", self.closing)))


def layer_finding(quantity: Measured, step: int, nets: Sequence[ProbedNet]) -> LayerFinding | None:
    """Return what these nets show of a quantity at a step, None without a value of any."""
    if quantity.name == GROWTH:
        growths = {arm: _growth([net.values for net in seeds]) for arm, seeds in by(nets, ARM_KEY).items()}
        return LayerFinding("", growths, headline=headline(quantity, step, nets)) if growths else None
    # A net that is not there yet has nothing to compare at this step.
    nets = [net for net in nets if net.last_step >= step and isfinite(net.mean)]
    if not nets:
        return None
    means = {
        arm: f"{seeds[0].name} {steady(fmean(net.mean for net in seeds))}" for arm, seeds in by(nets, ARM_KEY).items()
    }
    nouns = dict.fromkeys(f"{quantity.noun(net.family)}s" for net in nets)
    opening = f"Mean over the {' or '.join(nouns)} at step {step:,}:"
    closing = _figure_7(nets, step) if quantity.name == RESPONSES else ""
    return LayerFinding(opening, means, closing, headline(quantity, step, nets))


def _figure_7(nets: Sequence[ProbedNet], step: int) -> str:
    # The claim is about nets with batch norm, in which every response std is 1 at the start.
    nets = [net for net in nets if not net.difference and FAMILIES[net.family].batch_normed]
    if not nets or step < first_compared(nets):
        return ""
    residual = [net for net in nets if not net.plain]
    pairs = [(n, other) for n in residual for other in nets if (n.family, n.seed) == (other.family, other.seed)]
    twins = [_is_below(net, other) for net, other in pairs if other.plain and net.depth == other.depth]
    deeper = [
        _is_below(net, other) for net, other in pairs if net.shortcut == other.shortcut and net.depth > other.depth
    ]
    claims = (
        ("a residual net responds more weakly than the plain net of its depth", twins),
        ("a deeper residual net responds more weakly than a shallower one", deeper),
    )
    seen = [f"{claim} (here {_counted(pairs)})" for claim, pairs in claims if pairs]
    return f"Fig. 7 of the paper: {'; '.join(seen)}." if seen else ""


def _is_below(net: ProbedNet, other: ProbedNet) -> bool:
    return net.mean < (1 - MARGIN) * other.mean


def _counted(pairs: Sequence[bool]) -> str:
    return f"in {sum(pairs)} of {len(pairs)} pair{'' if len(pairs) == 1 else 's'} of nets"


def _growth(seeds: Sequence[Sequence[float]]) -> str:
    """Return how the gradient grows in the nets of one arm; values as factors per layer towards the input."""
    whole, *stages = (
        geometric_mean(values) if all(value > 0 for value in values) else nan for values in zip(*seeds, strict=False)
    )
    if not isfinite(whole):
        return "the growth has no finite value"
    listed = ", ".join(map(_factor, stages))
    if not all(SINGLE[0] < stage < SINGLE[1] for stage in stages):
        return f"changes by no single factor (stages {listed})"
    verb = "grows" if whole > LEVEL[1] else "shrinks" if whole < LEVEL[0] else "stays level,"
    nets = [values[0] for values in seeds]
    spread = f"; {len(seeds)} seeds: {_factor(min(nets))} to {_factor(max(nets))}" if len(seeds) > 1 else ""
    return f"{verb} ×{whole:.2f} per layer towards the input (stages {listed}{spread})"


def _factor(value: float) -> str:
    if not isfinite(value):
        return "not finite"
    return f"×{value:.1g}" if value < 0.1 else f"×{value:.2f}"
