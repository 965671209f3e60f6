"""The benchmark: turns of worker processes, and ratios of their speeds. Torch-free.

Groups train in turns, so that all groups meet the same noise of the machine: the conventional loop with all cores; two
runs of the engine with one thread each, as in a race; one run with all cores. Then a worker alternately measures a step
of the engine and the convolutions of a step. The processes are started by hand: a pool of the standard library gives a
task to any free process, and here each process keeps its net for the turns to come.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import truediv
from typing import Any

from engine.bench.worker import BREAKDOWN, CONVENTIONAL, ENGINE, serve
from engine.bench.workload import Workload
from engine.errors import SkipscopeError


@dataclass(frozen=True, slots=True)
class Plan:
    """The measurement of each group: ``rounds`` turns of ``seconds`` each; workers have ``ready_s`` to begin."""

    rounds: int = 4
    seconds: float = 5.0
    ready_s: float = 120.0


class BenchFailed(SkipscopeError):
    """A worker ended before its answer."""


def measure(
    workload: Workload, device: str, cores: int, plan: Plan, report: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Return the results for one net as in ``bench --json``; ``report`` gets the progress. Raises BenchFailed."""
    report(f"{workload.net}: starting")
    with (
        _worker(CONVENTIONAL, workload, device, cores) as conventional,
        _worker(ENGINE, workload, device, 1) as one,
        _worker(ENGINE, workload, device, 1) as other,
        _worker(ENGINE, workload, device, cores) as single,
    ):
        groups = {"conventional": [conventional], "pair": [one, other], "single": [single]}
        for worker in (conventional, one, other, single):
            worker.answer(plan.ready_s)
        turns: dict[str, list[list[dict[str, float]]]] = {name: [] for name in groups}
        for number in range(plan.rounds):
            for name, group in groups.items():
                report(f"{workload.net}: {name}, turn {number + 1} of {plan.rounds}")
                turns[name].append(_train(group, plan.seconds, plan.ready_s))
    report(f"{workload.net}: the step and its convolutions")
    with _worker(BREAKDOWN, workload, device, 1) as breakdown:
        breakdown.answer(plan.ready_s)
        parts = _train([breakdown], plan.rounds * plan.seconds / 2, plan.ready_s)[0]
    return _figures(workload, turns, parts, cores)


class _Worker:
    def __init__(self, process: Any, connection: Connection, kind: str):
        self._process, self._connection, self._kind = process, connection, kind

    def go(self, seconds: float | None) -> None:
        try:
            self._connection.send(seconds)
        except OSError:
            raise self._ended() from None

    def answer(self, within_s: float) -> Any:
        deadline = time.monotonic() + within_s
        try:
            while not self._connection.poll(0.2):
                if not self._process.is_alive() or time.monotonic() > deadline:
                    raise self._ended()
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._ended() from None

    def _ended(self) -> BenchFailed:
        return BenchFailed(f"the {self._kind} worker ended or hangs; its messages are above")


@contextmanager
def _worker(kind: str, workload: Workload, device: str, threads: int) -> Iterator[_Worker]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, kind, workload, device, threads), name=f"bench-{kind}")
    process.start()
    theirs.close()
    worker = _Worker(process, ours, kind)
    try:
        yield worker
    finally:
        with suppress(BenchFailed):  # the worker may have ended
            worker.go(None)
        process.join(5.0)
        if process.is_alive():
            process.terminate()
            process.join(5.0)


def _train(group: list[_Worker], seconds: float, late_s: float) -> list[Any]:
    for worker in group:
        worker.go(seconds)
    return [worker.answer(seconds + late_s) for worker in group]


def _figures(
    workload: Workload, turns: dict[str, list[list[dict[str, float]]]], parts: dict[str, Any], cores: int
) -> dict[str, Any]:
    speeds = {name: [sum(one["images_per_s"] for one in turn) for turn in group] for name, group in turns.items()}
    # Turn by turn: a slowdown of the machine concerns both sides.
    ratios = {
        f"{name}_throughput_ratio": list(map(truediv, speeds[name], speeds["conventional"]))
        for name in ("pair", "single")
    }
    ratios["step_over_convolutions"] = [step / convolutions for step, convolutions in parts["rounds"]]
    return {
        "net": workload.net,
        **{name: statistics.median(values) for name, values in ratios.items()},
        "probe_share": parts["probe_share"],
        "details": {
            "batch_size": workload.batch_size,
            "turns": len(speeds["pair"]),
            "single_threads": cores,
            "images_per_s": {name: {"median": statistics.median(s), **_range(s)} for name, s in speeds.items()},
            **{name: _range(values) for name, values in ratios.items()},
            "step_ms": 1000 * statistics.median(step for step, _ in parts["rounds"]),
            "convolutions_ms": 1000 * statistics.median(convolutions for _, convolutions in parts["rounds"]),
            "probe_ms": 1000 * parts["probe_s"],
            "memory_mb": {name: max(one["memory_mb"] for one in turns[name][-1]) for name in turns},
        },
    }


def _range(values: list[float]) -> dict[str, float]:
    return {"least": min(values), "most": max(values)}
