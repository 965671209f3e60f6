"""From a row in the database to pixels on the screen, in a real browser.

    python -m tests.benchmarks.pixels [--seconds 60] [--training]

A writer appends one step to each of 4 runs twice a second; the page's chart is watched, and for every update the time
from the row's commit to the frame in which Plotly has drawn it is taken (same machine, same clock). ``--training``
lets a quick race of four runs train at the same time. Prints p50 and p95 in ms and the browser's work per update. The
bound of the first issue: p95 at most 400 ms. The browser draws in software here, so its share is pessimistic.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from engine.events import RunState
from tests.app.live.conftest import Bench
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site

PERIOD_S = 0.5
#: Watches the chart: after every draw, which step is newest and when the frame after it began.
WATCH = """() => {
  const plot = document.querySelector('.ss-plot');
  const view = document.querySelector('.ss-race').raceView;
  window.drawn = [];
  plot.on('plotly_afterplot', () => {
    const step = Math.min(...view.runs.map(run => run.series.lastStep));
    requestAnimationFrame(() => setTimeout(() => window.drawn.push([step, Date.now()]), 0));
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--history", type=int, default=300)
    parser.add_argument("--training", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.start_all()
        for run in bench.runs:
            bench.steps(run, 1, options.history)
            # Paused runs are left alone by the engine; the writer does not mind.
            bench.run_states(run, RunState.PAUSED)
        site = Site(bench.workspace)
        site.start()
        try:
            latencies, work = watch(site, bench, options)
        finally:
            bench.writer.close()
            site.close()
    late = sorted(latencies)
    document = {
        "updates": len(late),
        "p50_ms": round(statistics.median(late)),
        "p95_ms": round(late[int(0.95 * (len(late) - 1))]),
        "browser_ms_per_update": round(work / len(late), 1),
        "training": options.training,
    }
    print(json.dumps(document))


def watch(site: Site, bench: Bench, options: argparse.Namespace) -> tuple[list[float], float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{site.url}/?race={bench.race}")
        page.wait_for_function("() => document.querySelector('.ss-race')?.raceView?.chart.drawn")
        if options.training:
            site.race(depths=(20, 56), steps=100_000, settings={})
            time.sleep(15)
        page.evaluate(WATCH)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        before = task_seconds(session)
        written: dict[int, float] = {}
        writer = threading.Thread(target=write, args=(bench, options, written))
        writer.start()
        while writer.is_alive():
            page.wait_for_timeout(200)
        page.wait_for_timeout(1500)
        drawn = page.evaluate("() => window.drawn")
        work = 1000 * (task_seconds(session) - before)
        browser.close()
    first_seen: dict[int, float] = {}
    for step, moment in drawn:
        for earlier in range(max(first_seen, default=options.history) + 1, step + 1):
            first_seen[earlier] = moment
    return [first_seen[step] - 1000 * moment for step, moment in written.items() if step in first_seen], work


def write(bench: Bench, options: argparse.Namespace, written: dict[int, float]) -> None:
    step, end = options.history, time.monotonic() + options.seconds
    while time.monotonic() < end:
        step += 1
        for run in bench.runs:
            bench.steps(run, step, step)
        written[step] = time.time()
        time.sleep(PERIOD_S)


def task_seconds(session) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


if __name__ == "__main__":
    main()
