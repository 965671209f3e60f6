"""One net on two GPUs (replicas=2) against the same net on one: whether it comes to its end, and how fast."""

from dataclasses import replace

import torch

from engine.runs.protocol.planning import RaceRequest
from engine.store.rows import RunRow
from tests.benchmarks.gpu_check.measures.engines import FAST, engine, finished, states
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting

REPLICAS = 2
STEPS, TINY_STEPS = 500, 10
ENDS_S = 80.0


def train_together(setting: Setting) -> Outcome:
    """Train a race of one run without and with replicas. Raises NotRun where there is one GPU."""
    if setting.on_gpu and (count := torch.cuda.device_count()) < REPLICAS:
        raise NotRun(f"{REPLICAS} replicas need as many GPUs; {count} is there")
    outcome = Outcome()
    # Each replica takes a GPU of its own: a run with replicas names none by its number.
    places = {1: setting, REPLICAS: replace(setting, device="cuda" if setting.on_gpu else "cpu")}
    for count, place in places.items():
        row = trained(place, count)
        name = f"replicas_{count}"
        outcome.figures[name] = {"images_a_second": row.images_per_s or 0.0, "state": states([row])}
        outcome.expect(finished([row]), f"replicas={count}: {states([row])}")
        outcome.expect((row.device or "").startswith(place.device), f"replicas={count} trained on {row.device}")
    return outcome


def trained(setting: Setting, count: int) -> RunRow:
    """Train one run; return it at its end."""
    with engine(setting, f"replicas-{count}") as own:
        steps, settings = (TINY_STEPS, FAST) if setting.tiny else (STEPS, {"width": "64", "probe.images": "0"})
        depths = (8,) if setting.tiny else (56,)
        request = RaceRequest(depths, ("A",), steps=steps, settings={**settings, "replicas": f"{count}"})
        return own.ended(own.start(request), ENDS_S)[0]
