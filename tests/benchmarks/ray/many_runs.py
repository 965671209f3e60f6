"""Many queued runs on a cluster of nodes on this machine: what the desk and the engine take, and what the page shows.

    python -m tests.benchmarks.ray.many_runs [--runs 64] [--at-once 16] [--steps 150]

Starts a head and four nodes, the app with this launcher, and a page in Chromium on one race of so many runs of depth 8.
Prints processor time of the desk and the engine as shares of a core, over all and over the busiest 5 s, and how far the
page is behind the record: seconds from a look at the record until the page has all of its steps. Nodes and page share
the machine, so the longest is that of the moment at which all workers load torch; ``at_s`` says when it was.
Bounds: all runs finish, at most ``--at-once`` at a time, the desk takes less than half a core.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from engine.events import ALIVE, FINAL, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.benchmarks.stream.race_page import SIZE
from tests.benchmarks.stream.stream_cost import free_port
from tests.clusters.surroundings import cluster, of_cluster, surroundings
from tests.conftest import CHROMIUM
from tests.e2e.conftest import view

BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: The bound of the desk, in its busiest slice.
DESK_CORES = 0.5
NODES, DESK, SLICE_S, LOOK_S, LIMIT_S = 4, "ray::DeskActor", 5.0, 1.0, 1800.0
SETTINGS = {"width": "4", "pool": "4", "probe.every": "50", "eval_every": "50"}


class Meter:
    """Processor time of a process, over all and in its busiest slice."""

    def __init__(self, process: psutil.Process):
        self._process, self._begun = process, time.monotonic()
        self._first = self._last = self._cpu()
        self._since, self.busiest = self._begun, 0.0

    def look(self) -> None:
        if (now := time.monotonic()) - self._since >= SLICE_S:
            cpu = self._cpu()
            self.busiest = max(self.busiest, (cpu - self._last) / (now - self._since))
            self._last, self._since = cpu, now

    def cores(self) -> dict[str, float]:
        over_all = (self._cpu() - self._first) / (time.monotonic() - self._begun)
        return {"mean": round(over_all, 3), "busiest": round(self.busiest, 3)}

    def _cpu(self) -> float:
        return sum(self._process.cpu_times()[:2])


@contextmanager
def served(workspace: Workspace, address: str, environment: dict[str, str]):
    """Yield the address of an app whose engine is on the cluster."""
    port = free_port()
    command = [sys.executable, "-m", "app", "--no-browser", "--port", str(port), "--workspace", str(workspace.path)]
    with subprocess.Popen([*command, "--launcher", "ray", "--address", address], cwd=PROJECT, env=environment) as app:
        try:
            until(lambda: Control(workspace).engine.status().state == "alive", 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait(60)
            Control(workspace).engine.shutdown()


def until(met, seconds: float):
    deadline = time.monotonic() + seconds
    while not (found := met()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:g} s")
        time.sleep(0.1)
    return found


def watched(workspace: Workspace, page, meters: dict[str, Meter], at_once: int) -> dict:
    """Look on until all runs have ended."""
    most, behind, begun = 0, [], time.monotonic()
    while True:
        with Reader(workspace) as reader:
            rows = reader.runs.all()
        most = max(most, sum(row.state in ALIVE for row in rows))
        began, told = time.monotonic(), sum(row.step for row in rows)
        until(lambda told=told: view(page, "v.runs.reduce((sum, run) => sum + run.series.lastStep, 0)") >= told, 60)
        behind.append((round(time.monotonic() - began, 2), round(began - begun)))
        for meter in meters.values():
            meter.look()
        if all(row.state in FINAL for row in rows):
            break
        if time.monotonic() - begun > LIMIT_S:
            raise SystemExit(f"not within {LIMIT_S:g} s: {Counter(row.state for row in rows)}")
        time.sleep(LOOK_S)
    return {
        "finished": sum(row.state == RunState.FINISHED for row in rows), "at_once": most, "bound_at_once": at_once,
        "page_behind_s": {
            "median": statistics.median(seconds for seconds, _ in behind),
            "p95": sorted(behind)[int(0.95 * (len(behind) - 1))][0], "longest": max(behind)[0], "at_s": max(behind)[1],
        },
        **{f"{name}_cores": meter.cores() for name, meter in meters.items()},
    }  # fmt: skip


def main() -> int:
    """Print the figures as JSON; return 1 where one is beyond its bound."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, surroundings(Path(folder)) as environment:
        workspace = Workspace.at(Path(folder) / "workspace").prepare()
        request = RaceRequest((8,), ("none", "A"), seeds=options.runs // 2, steps=options.steps, settings=SETTINGS)
        with (
            cluster(environment, NODES, options.at_once // NODES) as address,
            served(workspace, address, environment) as url,
            sync_playwright() as playwright,
            closing(playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER)) as browser,
        ):
            race, _ = Control(workspace).start_race(plan_race(request, workspace))
            page = browser.new_context(viewport=SIZE).new_page()
            page.goto(f"{url}/?race={race}")
            until(lambda: view(page, f"v.runs.length === {options.runs}"), 60)
            (desk,) = until(
                lambda: [each for each in of_cluster(environment["RAY_TMPDIR"]) if each.cmdline()[:1] == [DESK]], 60
            )
            with Reader(workspace) as reader:
                engine = psutil.Process(reader.presence.engine().pid)
            found = watched(workspace, page, {"desk": Meter(desk), "engine": Meter(engine)}, options.at_once)
            found["curves"] = view(page, "v.runs.filter((run) => run.series.lastStep > 0).length")
            browser_state = view(page, "v.runs.every(({ card }) => card.state === 'finished')")
    print(json.dumps({**vars(options), "load": round(os.getloadavg()[0], 1), **found, "page_finished": browser_state}))
    is_within = found["finished"] == options.runs and found["at_once"] <= options.at_once and browser_state
    return int(not is_within or found["desk_cores"]["busiest"] >= DESK_CORES)


if __name__ == "__main__":
    sys.exit(main())
