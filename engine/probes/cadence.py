"""After which steps a run is probed: dense at the start, then every k, equal for all arms of a race. Torch-free.

k follows from the length of the run and the sizes of its batches alone, never from how fast a machine is, so that the
columns of all arms line up.
"""

import math

from engine.config import RunConfig

#: Always probed: what happens first happens fast.
FIRST_STEPS = (0, 1, 2, 5, 10, 20)
#: Cost of a probe in training steps per image of its batch and image of the training batch (tests/benchmarks).
COST = 5.0
#: Columns of a run at most: more than a screen has room for.
MOST_COLUMNS = 500
#: Steps -> share of the time that probes may take; between them on a logarithmic scale.
_SHARES = ((300, 0.10), (2_000, 0.03))


def probe_steps(config: RunConfig) -> tuple[int, ...]:
    """Return the steps after which the run is probed, ascending, 0 = at initialisation; empty without probes.

    The last step is always one of them. Of every k-th step those are left out that would fall just before it, and those
    close to one of the first steps.
    """
    probe, steps = config.probe, config.optim.steps
    if not probe.images:
        return ()
    every = probe.every or _derived(steps, probe.images / config.optim.batch_size)
    first = {step for step in FIRST_STEPS if step < steps}
    regular = {
        step
        for step in range(every, steps, every)
        if 2 * (steps - step) >= every and all(4 * abs(step - early) >= every for early in first)
    }
    return tuple(sorted(first | regular | {steps}))


def _derived(steps: int, images_ratio: float) -> int:
    allowed = _share(steps) * steps / max(1e-9, COST * images_ratio) - len(FIRST_STEPS)
    columns = min(MOST_COLUMNS, max(1, math.floor(allowed)))
    return math.ceil(steps / columns)


def _share(steps: int) -> float:
    (short, most), (long, least) = _SHARES
    place = math.log(max(steps, short) / short) / math.log(long / short)
    return most + (least - most) * min(1.0, place)
