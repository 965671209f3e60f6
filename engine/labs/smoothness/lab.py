"""The lab ``smoothness``: loss and gradient along a step, with and without batch norm, plain and residual.

Tasks for each kind of net: a training at every learning rate of the grid with the first seed, then a training at the
best rate for each seed, with measures along the gradient every few updates. All kinds share batches and draws.
"""

import math
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.config import DataConfig, OptimConfig, RunConfig
from engine.events import CurveName, CurveUpdated, MetricReported
from engine.hardware.device import Device
from engine.labs.seed_curves import geometric
from engine.labs.small_images import embedded_images, model_config
from engine.labs.smoothness.plan import KINDS, ONE_RATE, rates_of
from engine.labs.smoothness.step_range import LENGTHS, Band, Descent
from engine.labs.spec import metric_key
from engine.labs.tasks import Finding, Measuring, Results, State, Task, TaskLab

#: Last updates in the loss that decides between rates, and in the final loss.
_LAST = 10
#: Updates between two interim curves.
_SHOWN_EVERY = 5
#: The length of one learning rate among ``LENGTHS``.
_AT_RATE = LENGTHS.index(1.0)

#: A measured training by name: rate, steps and bands, at its end the loss.
Followed = dict[str, Any]


class SmoothnessLab(TaskLab[Task]):
    """One job of the lab; see ``TaskLab``. A trial results in its final loss, a measured training in lists."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        self._rates = rates_of(self.settings)
        steps, moments = self.settings["steps"], self.settings["moments"]
        self._moments = frozenset(1 + place * steps // moments for place in range(moments))
        self._images = embedded_images()

    def plan(self) -> Sequence[Task]:
        """Return the tasks, kind by kind."""
        tasks = []
        for kind in KINDS:
            if self.settings["rates"] != ONE_RATE:
                tasks += [Task(_trial(kind, rate), f"{kind}: learning rate {rate:g}") for rate in self._rates]
            tasks += [Task(_measured(kind, seed), f"{kind}: along the gradient, seed {seed}") for seed in self.seeds]
        return tasks

    def measure(self, task: Task, done: Results) -> Measuring:
        """Do one training."""
        kind, _, what = task.name.partition(": ")
        word, _, value = what.partition(" ")
        if word == "rate":
            return (yield from self._trained(kind, float(value), done))
        return (yield from self._followed(kind, int(value), self._best(kind, done)))

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the findings that the task changed."""
        kind, _, what = task.name.partition(": ")
        if what.startswith("rate"):
            yield self._rate_curve(kind, done)
            return
        yield from self._curves(kind, done)
        if all(_measured(kind, seed) in done for seed in self.seeds):
            yield from self._metrics(kind, done)
        if len(done) == len(self.plan()):
            edges = [kind for kind in KINDS if self._at_edge(kind, done)]
            yield MetricReported("kinds_at_the_edge_of_the_grid", float(len(edges)))

    # --- trainings ----------------------------------------------------------------------------------------------

    def _descent(self, kind: str, rate: float, seed: int) -> Descent:
        settings, images = self.settings, self._images
        run = RunConfig(
            model=model_config(images, settings["depth"], KINDS[kind], settings["width"]),
            data=DataConfig(name=images.name, crop=0),
            optim=OptimConfig(lr=rate, batch_size=settings["batch"], steps=settings["steps"]), seed=seed,
        )  # fmt: skip
        return Descent(run, images, self.device.torch_device)

    def _trained(self, kind: str, rate: float, done: Results) -> Generator[CurveUpdated, None, float]:
        losses: list[float] = []
        for step, loss in self._descent(kind, rate, self.seeds[0]).steps(self.settings["steps"]):
            losses.append(loss)
            if step % _SHOWN_EVERY == 0:
                yield self._rate_curve(kind, {**done, _trial(kind, rate): _late(losses, step)})
        return _late(losses, self.settings["steps"])

    def _followed(self, kind: str, seed: int, rate: float) -> Generator[CurveUpdated, None, Followed]:
        followed: Followed = {"rate": rate, "steps": [], "bands": []}
        descent, losses = self._descent(kind, rate, seed), []
        for step, loss in descent.steps(self.settings["steps"]):
            losses.append(loss)
            if step in self._moments:
                for part in descent.band(step, rate):
                    if part is not None:
                        followed["steps"].append(step)
                        followed["bands"].append(list(part))
                    yield from self._band_curves(kind, [followed])
            elif step % _SHOWN_EVERY == 0:
                yield from self._band_curves(kind, [followed])
        return {**followed, "loss": _late(losses, self.settings["steps"])}

    def _best(self, kind: str, done: Results) -> float:
        """Return the rate with the lowest loss; the smallest one without a finite loss."""
        if self.settings["rates"] == ONE_RATE:
            return self._rates[0]
        return min(self._rates, key=lambda rate: (done[_trial(kind, rate)], rate))

    def _at_edge(self, kind: str, done: Results) -> bool:
        best = self._best(kind, done)
        return len(self._rates) > 1 and best in (min(self._rates), max(self._rates))

    # --- curves and numbers -------------------------------------------------------------------------------------

    def _rate_curve(self, kind: str, done: Results) -> CurveUpdated:
        tried = [rate for rate in sorted(self._rates) if _trial(kind, rate) in done]
        return CurveUpdated("rates", CurveName(kind), tried, [done[_trial(kind, rate)] for rate in tried])

    def _band_curves(self, kind: str, seeds: Sequence[Followed]) -> Iterator[CurveUpdated]:
        """Yield the bands over the steps of all seeds: the widest range, the geometric means of the lines."""
        count = min(len(one["steps"]) for one in seeds)
        if not count:
            return
        steps = seeds[0]["steps"][:count]
        bands = [[Band(*one["bands"][place]) for one in seeds] for place in range(count)]
        lines = {
            "loss": [[band.loss for band in here] for here in bands],
            "gradient": [[band.changes[_AT_RATE] for band in here] for here in bands],
        }
        spreads = {
            "loss": [[loss for band in here for loss in (band.loss, *band.losses)] for here in bands],
            "gradient": [[change for band in here for change in band.changes] for here in bands],
        }
        for panel, line in lines.items():
            for part, read, values in (("", _mean, line), ("low", min, spreads[panel]), ("high", max, spreads[panel])):
                yield CurveUpdated(panel, CurveName(kind, part=part), steps, list(map(read, values)))
        yield CurveUpdated("beta", CurveName(kind), steps, [_mean([band.beta for band in here]) for here in bands])
        rates = [one["rate"] for one in seeds]
        sharp = [_mean([rate * band.beta for rate, band in zip(rates, here, strict=True)]) for here in bands]
        yield CurveUpdated("stability", CurveName(kind), steps, sharp)

    def _curves(self, kind: str, done: Results) -> Iterator[CurveUpdated]:
        seeds = [seed for seed in self.seeds if _measured(kind, seed) in done]
        followed = [done[_measured(kind, seed)] for seed in seeds]
        yield from self._band_curves(kind, followed)
        for seed, one in zip(seeds, followed, strict=True):
            betas = [Band(*band).beta for band in one["bands"]]
            name = CurveName(kind, part=f"seed {seed}")
            yield CurveUpdated("beta", name, one["steps"], betas)
            yield CurveUpdated("stability", name, one["steps"], [one["rate"] * beta for beta in betas])
        if self.settings["rates"] == ONE_RATE:
            yield CurveUpdated("rates", CurveName(kind), self._rates, [_mean([one["loss"] for one in followed])])

    def _metrics(self, kind: str, done: Results) -> Iterator[MetricReported]:
        followed = [done[_measured(kind, seed)] for seed in self.seeds]
        bands = [(one["rate"], Band(*band)) for one in followed for band in one["bands"]]
        metrics = {
            "beta": _mean([band.beta for _, band in bands]),
            "rate_times_beta": _mean([rate * band.beta for rate, band in bands]),
            "gradient_change": _mean([band.changes[_AT_RATE] for _, band in bands]),
            "loss_range": _mean([max(band.losses) / min(band.losses) for _, band in bands]),
            "rate": float(followed[0]["rate"]),
            "final_loss": _mean([one["loss"] for one in followed]),
        }
        yield from (MetricReported(f"{metric_key(kind)}_{name}", value) for name, value in metrics.items())


def _trial(kind: str, rate: float) -> str:
    return f"{kind}: rate {rate!r}"


def _measured(kind: str, seed: int) -> str:
    return f"{kind}: seed {seed}"


def _late(losses: Sequence[float], steps: int) -> float:
    """Return the mean loss of the last updates; infinity for a training that ended early."""
    last = losses[-_LAST:]
    ended = len(losses) < steps or not all(map(math.isfinite, last))
    return math.inf if ended or not last else math.fsum(last) / len(last)


def _mean(values: Iterable[float]) -> float:
    return geometric(values, diverged=math.inf)
