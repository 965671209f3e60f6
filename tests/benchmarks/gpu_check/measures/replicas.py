"""One net on two GPUs (replicas=2): the numbers of two halves in one process, and the speed beside one GPU."""

from dataclasses import dataclass
from dataclasses import replace as changed

import torch
from torch import Tensor

from engine.config import RunConfig, replace
from engine.data.images import ImageSet, load_images
from engine.events import Split
from engine.hardware.device import choose
from engine.runs.protocol.planning import RaceRequest
from engine.store.reader import Reader
from engine.store.rows import RunRow
from engine.training.checkpoint import load
from tests.benchmarks.gpu_check.measures.agreement import BOUNDS, distance
from tests.benchmarks.gpu_check.measures.engines import FAST, engine, finished, states
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting
from tests.engine.training.ranks import in_one_process

REPLICAS = 2
STEPS, TINY_STEPS = 500, 10
ENDS_S = 80.0
#: A net whose rounding errors stay small, as in part 2, trained for a few updates in 32 bits.
COMPARED = RaceRequest(
    (8,), ("A:order=full-pre",), steps=20,
    settings=FAST | {"precision": "fp32", "lr": "0.1", "replicas": f"{REPLICAS}"},
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A run with replicas at its end. ``config`` names the threads of all replicas."""

    config: RunConfig
    images: ImageSet
    losses: Tensor
    weights: dict[str, Tensor]


def train_together(setting: Setting) -> Outcome:
    """Train a race of one run without and with replicas, then compare numbers. Raises NotRun where there is one GPU."""
    if setting.on_gpu and (count := torch.cuda.device_count()) < REPLICAS:
        raise NotRun(f"{REPLICAS} replicas need as many GPUs; {count} is there")
    outcome = Outcome()
    # Each replica takes a GPU of its own: a run with replicas names none by its number.
    places = {1: setting, REPLICAS: changed(setting, device="cuda" if setting.on_gpu else "cpu")}
    for count, place in places.items():
        row = trained(place, count)
        name = f"replicas_{count}"
        outcome.figures[name] = {"images_a_second": row.images_per_s or 0.0, "state": states([row])}
        outcome.expect(finished([row]), f"replicas={count}: {states([row])}")
        outcome.expect((row.device or "").startswith(place.device), f"replicas={count} trained on {row.device}")
    compare(setting, together(places[REPLICAS], outcome), outcome)
    return outcome


def trained(setting: Setting, count: int) -> RunRow:
    """Train one run; return it at its end."""
    with engine(setting, f"replicas-{count}") as own:
        steps, settings = (TINY_STEPS, FAST) if setting.tiny else (STEPS, {"width": "64", "probe.images": "0"})
        depths = (8,) if setting.tiny else (56,)
        request = RaceRequest(depths, ("A",), steps=steps, settings={**settings, "replicas": f"{count}"})
        return own.ended(own.start(request), ENDS_S)[0]


def together(setting: Setting, outcome: Outcome) -> Trained | None:
    """Train the net that is compared; None for a run that does not finish."""
    with engine(setting, "compared") as own:
        (row,) = own.ended(own.start(COMPARED), ENDS_S)
        outcome.expect(finished([row]), f"the run that is compared: {states([row])}")
        if not finished([row]):
            return None
        with Reader(own.workspace) as reader:
            losses = torch.from_numpy(reader.points.series(row.id, Split.TRAIN).columns["loss"]).double()
        weights = load(own.workspace.checkpoint(row.id, row.step))["model"]
        config = replace(row.config, {"threads": row.threads})
        return Trained(config, load_images(config.data, own.workspace.path), losses, weights)


def compare(setting: Setting, found: Trained | None, outcome: Outcome) -> None:
    """Expect the numbers of a simple loop that takes the halves of each batch in turn.

    On the CPU they are the same in every bit when replicas trained on it. A GPU's may differ by the bound of part 2.
    """
    if found is None:
        return
    for device in dict.fromkeys((setting.device, "cpu")):
        bound = BOUNDS[32] if setting.on_gpu else 0.0
        own = choose(replace(found.config, {"device": device, "threads": found.config.rank_threads}))
        expected = in_one_process(found.config, found.images.to(own.torch_device), own, REPLICAS)
        halves = [weight.double().cpu() for weight in expected["weights"].values()]
        weights = distance(halves, [found.weights[name].double() for name in expected["weights"]])
        losses = distance([torch.tensor(expected["losses"], dtype=torch.float64)], [found.losses])
        outcome.figures[f"two halves in one process on {device}"] = {"weights": weights, "losses": losses}
        # Written so that a distance that is no number breaks the bound.
        held = weights <= bound and losses <= bound
        words = f"replicas differ from two halves on {device} by {max(weights, losses):.1e} (at most {bound:g})"
        outcome.expect(held, words)
