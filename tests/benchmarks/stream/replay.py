"""A replay at 100 times, and scrubbing: four runs of 64,000 steps with evaluations, a change and probes.

    python -m tests.benchmarks.stream.replay [--runs 4] [--steps 64000] [--places 40]

Prints how long the server takes for the recording, then of the race page while the whole race plays at 100 times: the
longest task of the browser, its main thread's and its processes' share of a core, draws; then how long the chart takes
to show another place, for single jumps and within a drag. Bounds: longest task 200 ms, half a core, 100 ms (median of
the jumps). The page Layers is measured in the same way.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
from playwright.sync_api import Page

from engine.config import RaceConfig, RunConfig, replace
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.store.generator import curve_of, write_probes, write_training
from tests.benchmarks.stream.race_page import NOTICE, SIZE, watching

PROBES = 60
#: When a page has drawn the recording, by its path.
READY = {
    "": "(v => v?.chart.drawn && v.recorded)(document.querySelector('.ss-race')?.raceView)",
    "layers": "(v => v?.painted && v.recorded)(document.querySelector('.sp-probes')?.probeView)",
}
#: Counts what was drawn; ``seen`` resolves at the next drawing.
WATCH = """() => {
  window.draws = 0;
  window.seen = () => new Promise((done) => { window.told = done; });
  const plot = document.querySelector('.ss-plot, .sp-profile');
  plot.on('plotly_afterplot', () => { window.draws += 1; window.told?.(performance.now()); });
}"""
#: Jumps to a share of the whole as the bar does, and says how long until the chart shows it, in ms.
JUMP = """async (share) => {
  const bar = document.querySelector('.ss-player-bar'), began = performance.now(), seen = window.seen();
  bar.value = String(Math.round(share * Number(bar.max)));
  bar.dispatchEvent(new Event('input'));
  const late = new Promise((done) => setTimeout(() => done(null), 3000));
  const at = await Promise.race([seen, late]);
  return at === null ? null : at - began;
}"""
#: Drags the bar through the whole in two seconds, an event in every frame; says how long the first event that was not
#: yet drawn had waited for each drawing, in ms.
DRAG = """async () => {
  const bar = document.querySelector('.ss-player-bar'), began = performance.now(), waits = [];
  let asked = null;
  const plot = document.querySelector('.ss-plot, .sp-profile');
  plot.on('plotly_afterplot', () => { if (asked !== null) waits.push(performance.now() - asked); asked = null; });
  while (performance.now() - began < 2000) {
    await new Promise(requestAnimationFrame);
    bar.value = String(Math.round(Number(bar.max) * (performance.now() - began) / 2000));
    asked ??= performance.now();
    bar.dispatchEvent(new Event('input'));
  }
  await new Promise((done) => setTimeout(done, 500));
  return waits;
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=64_000)
    parser.add_argument("--places", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, race, runs = written(Path(folder) / "workspace", options.runs, options.steps)
        with watching(workspace) as (site, browser):
            address = f"{site.url}/live/recording?runs={','.join(map(str, runs))}"
            figures: dict[str, Any] = {"recording_ms": [timed(address) for _ in range(3)]}
            figures["recording_kb"] = round(len(urlopen(address).read()) / 1000)
            print(json.dumps(figures))
            for path, ready in READY.items():
                page = browser.new_context(viewport=SIZE).new_page()
                page.add_init_script(NOTICE)
                page.goto(f"{site.url}/{path}?race={race}&replay=1&at=0&speed=100")
                page.wait_for_function(f"() => {ready}", timeout=90_000)
                page.wait_for_timeout(1500)
                page.evaluate(WATCH)
                print(json.dumps({"page": path or "race", **played(page), **scrubbed(page, options.places)}))
                page.close()


def written(folder: Path, runs: int, steps: int) -> tuple[Workspace, int, list[int]]:
    """Write one race of finished runs; return its workspace, its number and its runs."""
    workspace = Workspace.at(folder).prepare()
    depths = (20, 56) if runs <= 4 else (20, 32, 44, 56)
    config = RaceConfig(
        preset="quick", depths=depths, shortcuts=("none", "A"), seeds=max(1, runs // (2 * len(depths))),
        run=replace(RunConfig(), {"optim.steps": steps}),
    )  # fmt: skip
    with Writer(workspace) as writer:
        race, ids = writer.races.submit(config)
        for run, planned in zip(ids, config.runs(), strict=True):
            write_training(writer, run, curve_of(0, run, planned, steps), time.time() - 86_400)
            write_probes(writer, run, planned, PROBES)
    return workspace, race, ids


def timed(url: str) -> int:
    """Return the ms of an answer."""
    began = time.perf_counter()
    with urlopen(url) as answer:
        answer.read()
    return round(1000 * (time.perf_counter() - began))


def played(page: Page) -> dict[str, Any]:
    """Play the whole and return what that took."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(
        "() => { window.longTasks = []; window.draws = 0; document.querySelector('.ss-player-play').click(); }"
    )
    before, began, cpu = task_s(session), time.monotonic(), browser_s()
    while page.evaluate("() => document.querySelector('.ss-player-play').textContent") != "▶":
        page.wait_for_timeout(500)
    took = time.monotonic() - began
    tasks, draws = page.evaluate("() => [window.longTasks, window.draws]")
    return {
        "played_s": round(took, 1), "longest_task_ms": round(max(tasks, default=0)), "long_tasks": len(tasks),
        "main_thread": round((task_s(session) - before) / took, 2), "processes": round((browser_s() - cpu) / took, 2),
        "draws": draws,
    }  # fmt: skip


def scrubbed(page: Page, places: int) -> dict[str, Any]:
    """Jump to places in an order that goes to and fro, then drag."""
    waits = []
    for place in range(places):
        waits.append(page.evaluate(JUMP, (place * 0.382) % 1))
        page.wait_for_timeout(350)
    found = [wait for wait in waits if wait is not None]
    page.evaluate("() => { window.longTasks = []; }")
    drag = page.evaluate(DRAG)
    tasks = page.evaluate("() => window.longTasks")
    return {
        "jumps": len(found), "jump_ms": round(statistics.median(found)), "slowest_jump_ms": round(max(found)),
        "drag_draws": len(drag), "drag_ms": round(statistics.median(drag)), "slowest_drag_ms": round(max(drag)),
        "longest_drag_task_ms": round(max(tasks, default=0)),
    }  # fmt: skip


def task_s(session: Any) -> float:
    """Return the seconds of all tasks of the page's main thread so far."""
    return next(
        row["value"] for row in session.send("Performance.getMetrics")["metrics"] if row["name"] == "TaskDuration"
    )


def browser_s() -> float:
    """Return the processor seconds of all processes of the browser so far."""
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name():
            times = process.cpu_times()
            used += times.user + times.system
    return used


if __name__ == "__main__":
    main()
