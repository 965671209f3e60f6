"""The curves and metrics of the constructed lab, from the results so far.

Each arm shows the rate with the lowest final clean training error, the mean over the seeds with all rates. A diverged
training has no error and counts as the worst.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.constructed import plan
from engine.labs.constructed.plan import ARMS, CONTRAST, GROWN, PLAIN, Arm, ArmTask, arm_of, budget
from engine.labs.constructed.training import Track
from engine.labs.seed_curves import finite, means
from engine.labs.tasks import Finding, Results

#: The two ways of making a net deep, as curves of the panels ``change`` and ``jump``.
_WAYS = {PLAIN: "plain", "A": "residual"}
#: Points of the training loss: averaged for a metric, and shown before the insertion.
_LAST, _SHOWN_BEFORE = 5, 8


class Shown:
    """Names and computes the findings of a job."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._budget = budget(settings)
        self._end = self._budget.before + self._budget.after

    def best_rate(self, kind: str, done: Results) -> float:
        """Return the shown rate of an arm; the first of the grid before any result."""
        rates = self._rates(kind, done)
        return min(rates, key=lambda rate: (mean(rates[rate]), rate)) if rates else self._budget.rates[0]

    def repair_rate(self, done: Results) -> float:
        """Return the best rate of the first seed's grown net, the rate of all levels of noise."""
        seed = self._budget.seeds[0]
        tried = [rate for rate in self._budget.rates if ArmTask("arm", GROWN, seed, rate).name in done]
        return min(tried, key=lambda rate: (self._final(GROWN, seed, rate, done), rate))

    def growing(self, task: ArmTask, kind: str, track: Track, done: Results) -> Iterator[CurveUpdated]:
        """Yield the curve of a training in progress."""
        if not track["steps"]:
            return
        first = task.seed == self._budget.seeds[0]
        if task.role == "source":
            names = [CurveName(kind, part=_seed(task.seed)), *[CurveName(kind)] * first]
            yield from (CurveUpdated("training", name, list(track["steps"]), list(track["running"])) for name in names)
        elif task.role == "arm":
            yield self._tried(task, track)
        else:
            yield self._repaired(task.value, track, done)

    def inserted(self, arm: Arm, change: Mapping[str, Any]) -> Iterator[MetricReported]:
        """Yield the measured metrics of an insertion."""
        prefix = "inserted" if arm.shortcut == PLAIN else "inserted_residual"
        names = {"change": "", "raw": "_train_raw", "settled": "_settled", "train": "_train", "others": "_train_others"}
        for key, name in names.items():
            if key in change:
                yield MetricReported(f"{prefix}_output_change{name}", float(change[key]))

    def jumping(self, arm: Arm, change: Mapping[str, Any]) -> Iterator[CurveUpdated]:
        """Yield the measured effect of noise in the new layers."""
        noises = list(change["noises"][: len(change["jumps"])])
        for panel, key in (("jump", "loss"), ("change", "change")):
            yield CurveUpdated(panel, CurveName(_WAYS[arm.shortcut]), noises, [jump[key] for jump in change["jumps"]])

    def after(self, task: ArmTask, done: Results) -> Iterator[Finding]:
        """Yield the findings that the result of a task changed."""
        if task.role == "source":
            arm = next(arm for arm in self._budget.arms if arm.source.name == task.about)
            yield from self.growing(task, arm.kind, done[task.name]["track"], done)
            return
        arm = arm_of(task.about)
        if task.role == "insertion":
            if task.seed == self._budget.seeds[0]:
                yield from self._insertion(arm, done[task.name])
        elif task.role == "repair":
            yield self._repaired(task.value, done[task.name], done)
            yield from self._losses(done)
        else:
            yield self._tried(task, done[task.name])
            yield from self._curves(arm, done)
            yield from self._errors(done)

    # --- insertion and noise ----------------------------------------------------------------------------------------

    def _insertion(self, arm: Arm, change: Mapping[str, Any]) -> Iterator[Finding]:
        yield from self.inserted(arm, change)
        yield from self.jumping(arm, change)
        if arm.shortcut == PLAIN:
            losses = dict(zip(change["noises"], (jump["loss"] for jump in change["jumps"]), strict=True))
            yield MetricReported("loss_at_insertion", losses[0.0])
            yield MetricReported("loss_at_insertion_noisy", losses[self._noisy])

    @property
    def _noisy(self) -> float:
        """The level of noise shown beside none."""
        return self._settings["noise"] or CONTRAST

    def _repaired(self, noise: float, track: Track, done: Results) -> CurveUpdated:
        source = self._source(arm_of(GROWN), self._budget.seeds[0], done)
        before = source["steps"][-_SHOWN_BEFORE:], source["loss"][-_SHOWN_BEFORE:]
        name = CurveName(GROWN, "noise", noise)
        return CurveUpdated("repair", name, before[0] + track["steps"], before[1] + track["loss"])

    def _losses(self, done: Results) -> Iterator[MetricReported]:
        chosen, seed = self._settings["noise"], self._budget.seeds[0]
        if ArmTask("arm", GROWN, seed, self._budget.rates[-1]).name not in done:
            return
        own = ArmTask("arm", GROWN, seed, self.repair_rate(done)).name
        for name, noise in (("loss_after", 0.0), ("loss_after_noisy", self._noisy)):
            track = done.get(own if noise == chosen else ArmTask("repair", GROWN, seed, noise).name)
            if track is not None:
                yield MetricReported(name, mean(track["loss"][-_LAST:]) if track["loss"] else math.nan)

    # --- arms -------------------------------------------------------------------------------------------------------

    def _tried(self, task: ArmTask, track: Track) -> CurveUpdated:
        part = _seed(task.seed) if len(self._budget.seeds) > 1 else ""
        name = CurveName(task.about, "rate", task.value, part=part)
        if not track["steps"]:  # diverged before its first point
            return CurveUpdated("tried", name, [self._budget.before], [math.nan])
        return CurveUpdated("tried", name, list(track["steps"]), list(track["running"]))

    def _curves(self, arm: Arm, done: Results) -> Iterator[CurveUpdated]:
        rate = self.best_rate(arm.kind, done)
        seeds = [seed for seed in self._budget.seeds if ArmTask("arm", arm.kind, seed, rate).name in done]
        wholes = {seed: self._whole(arm, seed, rate, done) for seed in seeds}
        axes = {"training": ("steps", "running"), "distance": ("watched", "distance")}
        for panel in ("training", "clean", "test", "distance"):
            x, y = axes.get(panel, ("marks", panel))
            lines = {seed: (whole[x], whole[y]) for seed, whole in wholes.items() if whole[y]}
            yield from _bundle(panel, arm.kind, lines)
        rates = self._rates(arm.kind, done)
        lines = {
            seed: (list(rates), [finite(self._final(arm.kind, seed, one, done)) for one in rates])
            for seed in self._seeds_with_rates(arm.kind, done)
        }
        yield from _bundle("rates", arm.kind, lines)
        if arm.kind == GROWN:
            first = done[ArmTask("arm", GROWN, self._budget.seeds[0], self.repair_rate(done)).name]
            yield self._repaired(self._settings["noise"], first, done)

    def _whole(self, arm: Arm, seed: int, rate: float, done: Results) -> dict[str, list[float]]:
        """Return both phases of an arm as one track; ``watched`` are the updates with a ``distance``."""
        source, track = self._source(arm, seed, done), done[ArmTask("arm", arm.kind, seed, rate).name]
        whole = {key: source[key] + track[key] for key in ("steps", "running", "marks", "clean", "test", "distance")}
        watched = (source["steps"] if source["distance"] else []) + (track["steps"] if track["distance"] else [])
        return whole | {"watched": watched}

    def _source(self, arm: Arm, seed: int, done: Results) -> Track:
        track: Track = done[ArmTask("source", arm.source.name, seed).name]["track"]
        return track

    def _errors(self, done: Results) -> Iterator[MetricReported]:
        errors, edges = {}, 0
        for arm in ARMS:
            started = bool(self._rates(arm.kind, done))
            if arm in self._budget.arms and not started:
                continue
            rate = self.best_rate(arm.kind, done)
            finals = [self._final(arm.kind, seed, rate, done) for seed in self._seeds_with_rates(arm.kind, done)]
            errors[arm.kind] = mean(finals) if started and finals else math.nan
            yield MetricReported(f"{arm.key}_training_error", errors[arm.kind])
            yield MetricReported(f"{arm.key}_training_error_spread", stdev(finals) if len(finals) > 1 else math.nan)
            yield MetricReported(f"{arm.key}_rate", rate if started else math.nan)
            edges += started and len(self._budget.rates) > 1 and rate in (self._budget.rates[0], self._budget.rates[-1])
        yield MetricReported("arms_with_rate_at_edge", float(edges))
        yield MetricReported("seeds", float(len(self._seeds_with_rates(GROWN, done))))
        for name, worse, better in (
            ("gap", plan.SCRATCH, GROWN), ("residual_gap", plan.RESIDUAL_SCRATCH, plan.RESIDUAL_GROWN),
        ):  # fmt: skip
            if worse in errors and better in errors:
                yield MetricReported(name, errors[worse] - errors[better])
        yield from self._losses(done)

    def _seeds_with_rates(self, kind: str, done: Results) -> list[int]:
        """Return the seeds that compare an arm's rates: those with all rates, else the one in progress."""
        tried = {
            seed: sum(ArmTask("arm", kind, seed, rate).name in done for rate in self._budget.rates)
            for seed in self._budget.seeds
        }
        whole = [seed for seed, count in tried.items() if count == len(self._budget.rates)]
        return whole or [seed for seed, count in tried.items() if count][:1]

    def _rates(self, kind: str, done: Results) -> dict[float, list[float]]:
        """Return the final clean training errors of an arm by rate, for the compared seeds."""
        errors: dict[float, list[float]] = {}
        for rate in self._budget.rates:
            for seed in self._seeds_with_rates(kind, done):
                if ArmTask("arm", kind, seed, rate).name in done:
                    errors.setdefault(rate, []).append(self._final(kind, seed, rate, done))
        return errors

    def _final(self, kind: str, seed: int, rate: float, done: Results) -> float:
        """Return the final clean training error in percent; infinite for a diverged training."""
        track = done[ArmTask("arm", kind, seed, rate).name]
        return track["clean"][-1] if track["marks"] and track["marks"][-1] == self._end else math.inf


def _seed(seed: int) -> str:
    return f"seed {seed}"


def _bundle(
    panel: str, kind: str, lines: Mapping[int, tuple[Sequence[float], Sequence[float]]]
) -> Iterator[CurveUpdated]:
    """Yield the curve of each seed, and their mean over the points of all seeds."""
    if not lines:
        return
    for seed, (x, y) in lines.items():
        yield CurveUpdated(panel, CurveName(kind, part=_seed(seed)), list(x), list(y))
    length = min(len(x) for x, _ in lines.values())
    x = next(iter(lines.values()))[0]
    yield CurveUpdated(panel, CurveName(kind), list(x[:length]), means(y[:length] for _, y in lines.values()))
