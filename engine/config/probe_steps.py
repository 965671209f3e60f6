"""The steps after which a run is probed: dense at the start, then every k. Torch-free.

k depends on the run's length and batch sizes, never on the machine's speed: the columns of all arms line up.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from engine.config.run import RunConfig

#: Always probed: the first changes are fast.
FIRST_STEPS = (0, 1, 2, 5, 10, 20)
#: Of a net whose probe takes as long as several of its steps.
FEWER_FIRST_STEPS = {"mlp": (0, 1, 5, 20)}
#: Cost of a probe in training steps, per probe image and training image (tests/benchmarks). A step of an MLP is short,
#: so a probe takes as long as several.
COST = {"cifar": 5.0, "imagenet": 5.0, "vit": 6.5, "mlp": 20.0}
#: Columns of a run at most, more than a screen shows.
MAX_COLUMNS = 500
#: Steps -> allowed share of the time for probes; between them on a logarithmic scale.
_SHARES = ((300, 0.10), (2_000, 0.03))


def probe_steps(config: RunConfig, further_ends: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the steps after which the run is probed, ascending, 0 = at initialisation; empty without probes.

    The last step is always probed. Every k-th step is, except just before the last step and close to the first steps.

    Args:
        further_ends: ends of the run's extensions, ascending. An extension keeps the steps up to the old end. Behind
            the old end k is that of a run of the new length, and a step just behind the old end is left out.
    """
    probe, steps = config.probe, config.optim.steps
    if not probe.images:
        return ()
    dense = FEWER_FIRST_STEPS.get(config.model.family, FIRST_STEPS)
    chosen = {step for step in dense if step < steps}
    for before, end in pairwise((0, steps, *further_ends)):
        every = probe.every or _derived(end, COST[config.model.family] * probe.images / config.optim.batch_size)
        regular = [step for step in range(every, end, every) if step > before and 2 * (end - step) >= every]
        early = [before] if before else [step for step in dense if step < steps]
        room = 2 if before else 4
        chosen |= {end, *(step for step in regular if all(room * abs(step - other) >= every for other in early))}
    return tuple(sorted(chosen))


def _derived(steps: int, cost: float) -> int:
    (short, most), (long, least) = _SHARES
    place = math.log(max(steps, short) / short) / math.log(long / short)
    share = most + (least - most) * min(1.0, place)
    allowed = share * steps / max(1e-9, cost) - len(FIRST_STEPS)
    columns = min(MAX_COLUMNS, max(1, math.floor(allowed)))
    return math.ceil(steps / columns)
