"""The engine's own training loop of ``python -m engine bench`` in the tree of PYTHONPATH, 0.4.0 or newer.

    PYTHONPATH=TREE python tests/benchmarks/training/engine_speed.py DEPTH THREADS

Says ``ready``, then answers each line with a number of seconds on standard input with images per second; its end ends
the process. ``tests.benchmarks.pairs`` lets two trees train in turns by it.
"""

import sys
import time
from contextlib import suppress
from importlib import import_module

import torch

#: Modules of loop and workload, the newest names first.
NAMES = (
    ("engine.bench.engine_loop", "engine.bench.workload", "Workload"),
    ("engine.bench.ours", "engine.bench.task", "Task"),
)
WARM_STEPS = 5


def main() -> None:
    depth, threads = map(int, sys.argv[1:3])
    torch.set_num_threads(threads)
    for loop, place, kind in NAMES:
        with suppress(ModuleNotFoundError):
            steps = import_module(loop).engine_steps(getattr(import_module(place), kind)(depth), "cpu", threads)
            break
    for _ in range(WARM_STEPS):
        next(steps)
    print("ready", flush=True)
    for line in sys.stdin:
        began, images, seconds = time.perf_counter(), 0, float(line)
        while time.perf_counter() - began < seconds:
            images += next(steps)
        print(images / (time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
