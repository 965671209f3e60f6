"""From a row in the database to pixels on the screen, in a real browser.

    python -m tests.benchmarks.stream.pixels [--seconds 60] [--runs 8] [--training]

A writer appends one step to each of 8 runs twice a second; the page's chart is watched, and for every update the time
from the row's commit to the frame in which Plotly has drawn it is taken (same machine, same clock). ``--training``
lets a quick race of four runs train at the same time. Prints p50 and p95 in ms, the browser's work per update, and the
bytes that the stream sends in 10 s without news. Bounds: p50 200 ms, p95 350 ms, no byte but a comment that keeps the
connection. The browser draws in software here, so its share is pessimistic.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Page

from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.stream.race_page import SIZE, opened, watching, work_of, written_race
from tests.benchmarks.synthetic_writer import row

PERIOD_S = 0.5
SILENCE_S = 10
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
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--history", type=int, default=300)
    parser.add_argument("--training", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, race, runs = written_race(Path(folder), options.runs, options.history)
        with watching(workspace) as (site, browser):
            page, _ = opened(browser.new_context(viewport=SIZE), f"{site.url}/?race={race}")
            page.wait_for_timeout(3000)
            silent = silence(page)
            if options.training:
                site.race(depths=(20, 56), steps=100_000, settings={})
                time.sleep(15)
            late, work = watched(page, workspace, runs, options)
    document = {
        "updates": len(late),
        "p50_ms": round(statistics.median(late)),
        "p95_ms": round(late[int(0.95 * (len(late) - 1))]),
        **work,
        "bytes_in_silence": silent,
        "training": options.training,
        "bounds": {"p50_ms": 200, "p95_ms": 350, "bytes_in_silence": 0},
    }
    print(json.dumps(document))


def silence(page: Page) -> int:
    """Return the bytes of the stream's messages in a while without news."""
    count = "() => document.querySelector('.ss-race').raceView.feed.bytes"
    before = page.evaluate(count)
    page.wait_for_timeout(1000 * SILENCE_S)
    return page.evaluate(count) - before


def watched(
    page: Page, workspace: Workspace, runs: list[int], options: argparse.Namespace
) -> tuple[list[float], dict[str, float]]:
    """Write for a while; returns the ms from each step's commit to its pixels, ascending, and the browser's work."""
    page.evaluate(WATCH)
    written: dict[int, float] = {}

    def busy() -> None:
        writer = threading.Thread(target=write, args=(workspace, runs, options, written))
        writer.start()
        while writer.is_alive():
            page.wait_for_timeout(200)
        page.wait_for_timeout(1500)

    work = work_of(page, busy)
    first_seen: dict[int, float] = {}
    for step, moment in page.evaluate("() => window.drawn"):
        for earlier in range(max(first_seen, default=options.history) + 1, step + 1):
            first_seen[earlier] = moment
    return sorted(first_seen[step] - 1000 * moment for step, moment in written.items() if step in first_seen), work


def write(workspace: Workspace, runs: list[int], options: argparse.Namespace, written: dict[int, float]) -> None:
    """Append a step to every run at a time, and note when all are committed."""
    step, end = options.history, time.monotonic() + options.seconds
    with Writer(workspace) as writer:
        while time.monotonic() < end:
            step += 1
            for run in runs:
                writer.points.record(run, [row(run, step, step * PERIOD_S)])
            written[step] = time.time()
            time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
