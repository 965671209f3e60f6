"""A benchmark of this tree and of another version's, in alternating pairs: their figures, and the ratios in each pair.

    python -m tests.benchmarks.pairs bench|pixels|stream_cost --against DIR [--pairs 10] [--first 0] [--lines FILE]

``DIR`` is a checkout of the other version, 0.4.0 or newer. The order within the pairs changes from one to the next.
With ``--lines`` each measurement is added to a file, and the ratios are those of all pairs in it: a long series can be
made in pieces (``--first 5`` begins with the sixth pair). A ratio is this tree's figure divided by the other's.
``bench`` trains the engine's own loop of ``python -m engine bench`` without the conventional one beside it.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engine.paths import PROJECT

#: Seconds of one measurement.
SECONDS = {"bench": 3.0, "pixels": 12.0, "stream_cost": 3.0}
#: The module of a benchmark, and its name in versions before the benchmarks had folders.
MODULES = {
    "pixels": ("tests.benchmarks.stream.pixels", "tests.benchmarks.pixels"),
    "stream_cost": ("tests.benchmarks.stream.stream_cost", "tests.benchmarks.stream_cost"),
}
LOOP = Path(__file__).with_name("training") / "engine_speed.py"
#: Nets and threads of ``bench``: a run of a race has one thread, a run alone all cores.
WORKLOADS = [(depth, threads) for threads in (1, os.cpu_count() or 1) for depth in (20, 56)]

Figures = Mapping[str, float]
#: Measures one tree once.
Measure = Callable[[Path], Figures]


def pairs(trees: list[Path], numbers: range, measure: Measure) -> Iterator[dict[str, Any]]:
    """Measure the trees in turn; yield a document for each measurement."""
    for number in numbers:
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            figures = dict(measure(trees[place]))
            yield {"pair": number, "tree": ("this", "other")[place], "load": round(os.getloadavg()[0], 1), **figures}


def summary(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return for each figure least, median and largest value of both trees, and of the ratios within the pairs."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in ("pair", "tree", "load"):
                found.setdefault(name, {}).setdefault(line["tree"], {})[line["pair"]] = value
    result = {}
    for name, trees in found.items():
        this, other = trees.get("this", {}), trees.get("other", {})
        ratios = [this[pair] / other[pair] for pair in this.keys() & other.keys() if other[pair]]
        if ratios:
            result[name] = {
                "this": _spread(list(this.values())),
                "other": _spread(list(other.values())),
                "ratio": _spread(ratios),
                "pairs": len(ratios),
            }
    return result


def _spread(values: list[float]) -> list[float]:
    return [round(of(values), 3) for of in (min, statistics.median, max)]


def figures_in(text: str) -> dict[str, float]:
    """Return the numbers of a benchmark's output: one JSON document, or lines such as ``what: name 1.5, other 2``."""
    if text.lstrip().startswith("{"):
        document = json.loads(text)
        return {key: value for key, value in document.items() if type(value) in (int, float)}
    found = {}
    for line in text.splitlines():
        what, _, rest = line.rpartition(": ")
        # Other lines are the server's words.
        for name, number in re.findall(r"(?:^|, )(\w+) ([\d.e+-]+)(?=, |$)", rest) if what else ():
            found[f"{what}: {name}"] = float(number)
    return found


def module_figures(name: str, seconds: float, bytecode: str) -> Measure:
    """Return what measures a tree by one of its own scripts."""

    def measure(tree: Path) -> Figures:
        module = next(each for each in MODULES[name] if tree.joinpath(*each.split(".")).with_suffix(".py").exists())
        done = subprocess.run(
            [sys.executable, "-m", module, "--seconds", f"{seconds:g}"], cwd=tree, env=_environment(tree, bytecode),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        )  # fmt: skip
        return figures_in(done.stdout)

    return measure


class Loops:
    """Trainings of one workload, a process for each tree, which train in turns."""

    def __init__(self, trees: list[Path], workload: tuple[int, int], bytecode: str):
        self._stack, self._processes = ExitStack(), {}
        depth, threads = workload
        self._name = f"resnet-{depth}, {threads} threads"
        for tree in trees:
            process = subprocess.Popen(
                [sys.executable, str(LOOP), str(depth), str(threads)], cwd=tree, text=True,
                env=_environment(tree, bytecode), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            self._stack.enter_context(process)
            self._processes[tree] = process
        for process in self._processes.values():
            assert process.stdout.readline().strip() == "ready", "a training did not begin"

    def images_per_s(self, tree: Path, seconds: float) -> Figures:
        """Let one tree train."""
        process = self._processes[tree]
        process.stdin.write(f"{seconds}\n")
        process.stdin.flush()
        return {f"{self._name}: images_per_s": float(process.stdout.readline())}

    def close(self) -> None:
        """End both."""
        self._stack.close()


def _environment(tree: Path, bytecode: str) -> dict[str, str]:
    # Neither tree is written to, and both find their compiled sources from the second measurement on.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(tree), "PYTHONPYCACHEPREFIX": bytecode, "DISPLAY": ""}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("benchmark", choices=SECONDS)
    parser.add_argument("--against", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="of one measurement")
    parser.add_argument("--lines", type=Path, help="add the measurements to this file, and take all of it together")
    options = parser.parse_args()
    trees, seconds = [PROJECT, options.against.resolve()], options.seconds or SECONDS[options.benchmark]
    numbers = range(options.first, options.first + options.pairs)
    lines: list[dict[str, Any]] = []

    def take(series: Iterator[dict[str, Any]]) -> None:
        for line in series:
            lines.append(line)
            print(json.dumps(line), flush=True)
            if options.lines:
                with options.lines.open("a", encoding="utf-8") as file:
                    file.write(f"{json.dumps(line)}\n")

    with tempfile.TemporaryDirectory() as bytecode:
        if options.benchmark == "bench":
            for workload in WORKLOADS:
                loops = Loops(trees, workload, bytecode)
                take(pairs(trees, numbers, lambda tree, loops=loops: loops.images_per_s(tree, seconds)))
                loops.close()
        else:
            take(pairs(trees, numbers, module_figures(options.benchmark, seconds, bytecode)))
    if options.lines:
        lines = [json.loads(line) for line in options.lines.read_text(encoding="utf-8").splitlines()]
    print(json.dumps(summary(lines), indent=1))


if __name__ == "__main__":
    main()
