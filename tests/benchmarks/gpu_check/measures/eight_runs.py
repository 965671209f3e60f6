"""Eight runs on one GPU against one alone: how many images a second, plainly and by NVIDIA's Multi-Process Service."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.runs.protocol.planning import RaceRequest
from engine.store.rows import RunRow
from tests.benchmarks.gpu_check.measures.engines import FAST, engine, finished, states
from tests.benchmarks.gpu_check.parts import NotRun, Outcome, Setting

RUNS = 8
STEPS, TINY_STEPS = 1000, 10
#: Seconds that one alone, and all at once, may take; a part has four minutes.
ALONE_S, TOGETHER_S = 40.0, 75.0
_CONTROL = "nvidia-cuda-mps-control"


def share_one_gpu(setting: Setting) -> Outcome:
    """Train one run, then eight at once, then eight with the service where it can be started."""
    outcome = Outcome()
    runs = 2 if setting.tiny else RUNS
    alone = trained(setting, "alone", 1, ALONE_S)
    together = trained(setting, "together", runs, TOGETHER_S)
    outcome.figures |= {"alone": figures(alone), f"{runs} at once": figures(together)}
    for name, rows in (("one run alone", alone), (f"{runs} runs at once", together)):
        outcome.expect(finished(rows), f"{name}: {states(rows)}")
        outcome.expect({row.device for row in rows} == {setting.device}, f"{name}: not on {setting.device}")
    overlap = at_once(together)
    outcome.expect(overlap or setting.tiny, f"{runs} runs did not train at the same time")
    try:
        with service(setting):
            served = trained(setting, "service", runs, TOGETHER_S)
        outcome.figures[f"{runs} at once with MPS"] = figures(served)
        outcome.expect(finished(served), f"{runs} runs with MPS: {states(served)}")
    except NotRun as reason:
        outcome.figures["with MPS"] = f"not run: {reason}"
    return outcome


def trained(setting: Setting, name: str, seeds: int, seconds: float) -> list[RunRow]:
    """Train a race of one arm with so many seeds in an engine of its own; return its runs."""
    with engine(setting, name) as own:
        steps, settings = (TINY_STEPS, FAST) if setting.tiny else (STEPS, {"probe.images": "0"})
        depths = (8,) if setting.tiny else (20,)
        runs = own.start(RaceRequest(depths, ("A",), "quick", steps=steps, seeds=seeds, settings=settings))
        return own.ended(runs, seconds)


def figures(rows: list[RunRow]) -> dict[str, Any]:
    """Return images a second: the sum of the runs' own rates, and of all from the first start to the last end."""
    spans = [(row.started, row.ended) for row in rows if row.started and row.ended]
    images = sum(row.step * row.config.optim.batch_size for row in rows)
    seconds = max((end for _, end in spans), default=0.0) - min((start for start, _ in spans), default=0.0)
    return {
        "images_a_second": sum(row.images_per_s or 0.0 for row in rows),
        "with_starts_and_ends": images / seconds if spans and seconds > 0 else 0.0,
        "at_once": at_once(rows),
        "states": states(rows),
    }


def at_once(rows: list[RunRow]) -> bool:
    """Whether there was a moment in which all runs trained."""
    spans = [(row.started, row.ended) for row in rows]
    if not all(start and end for start, end in spans):
        return False
    return max(start or 0.0 for start, _ in spans) < min(end or 0.0 for _, end in spans)


@contextmanager
def service(setting: Setting) -> Iterator[None]:
    """Run the service for what is started inside. Raises NotRun where it is not there or does not start.

    It stays in this process's group, and ends with the part whatever happens.
    """
    if not setting.on_gpu:
        raise NotRun("MPS is a service for GPUs")
    if (control := shutil.which(_CONTROL)) is None:
        raise NotRun(f"{_CONTROL} is not installed")
    places = {f"CUDA_MPS_{kind}_DIRECTORY": str(setting.folder / kind.lower()) for kind in ("PIPE", "LOG")}
    for place in places.values():
        Path(place).mkdir()
    os.environ.update(places)
    process = subprocess.Popen([control, "-f"], stdin=subprocess.DEVNULL)
    try:
        time.sleep(2.0)
        if process.poll() is not None:
            raise NotRun(f"{_CONTROL} ended with code {process.returncode}")
        yield
    finally:
        if process.poll() is None:
            subprocess.run([control], input=b"quit\n", check=False, timeout=20)
            process.terminate()
            process.wait(10)
        for name in places:
            os.environ.pop(name, None)
