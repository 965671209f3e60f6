"""The process of a worker, which trains for the seconds of each message."""

import resource
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from engine.bench.workload import Workload, wait

CONVENTIONAL, ENGINE, BREAKDOWN = "conventional", "engine", "breakdown"
_WARM_STEPS = 3


def serve(connection: Connection, kind: str, workload: Workload, device: str, threads: int) -> None:
    """Run one worker: send ``ready``, then answer each number of seconds with measurements; None ends the worker."""
    import torch

    torch.set_num_threads(threads)
    if kind == BREAKDOWN:
        _serve_breakdown(connection, workload, device, threads)
        return
    steps = _steps(kind, workload, device, threads)
    for _ in range(_WARM_STEPS):
        next(steps)
    connection.send("ready")
    while (seconds := connection.recv()) is not None:
        wait(device)
        since, images = time.perf_counter(), 0
        while time.perf_counter() - since < seconds:
            images += next(steps)
        wait(device)
        speed = images / (time.perf_counter() - since)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # peak
        connection.send({"images_per_s": speed, "memory_mb": memory})


def _steps(kind: str, workload: Workload, device: str, threads: int) -> Iterator[int]:
    if kind == CONVENTIONAL:
        from engine.bench.conventional import conventional_steps

        return conventional_steps(workload, device)
    from engine.bench.engine_loop import engine_steps

    return engine_steps(workload, device, threads)


def _serve_breakdown(connection: Connection, workload: Workload, device: str, threads: int) -> None:
    from engine.bench.engine_loop import StepBreakdown

    breakdown = StepBreakdown(workload, device, threads)
    for _ in range(_WARM_STEPS):
        breakdown.step()
        breakdown.convolutions()
    breakdown.probe()
    connection.send("ready")
    while (seconds := connection.recv()) is not None:
        since, rounds = time.perf_counter(), []
        while time.perf_counter() - since < seconds:
            rounds.append((breakdown.step(), breakdown.convolutions()))
        probe = breakdown.probe()
        step = sorted(step for step, _ in rounds)[len(rounds) // 2]
        connection.send({"rounds": rounds, "probe_s": probe, "probe_share": breakdown.probe_share(step, probe)})
