"""Long runs on the race page: 8 runs of 64,000 steps, one of them with a spike of a single step.

    python -m tests.benchmarks.stream.long_history [--runs 8] [--steps 64000] [--turns 5]

Prints how long the server takes to read and thin the history, the time from the navigation to the first curve (in a
browser that was never there, and in one with the files cached), and for zooms that halve again and again around the
spike: steps drawn inside, the time until the finer points are there, and whether the spike is among them. Bounds: first
curve within 2 s, the spike at every zoom.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page

from engine.events import Split, StepRow
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.stream.race_page import SIZE, drawn_points, first_paints, opened, watching, written_race

SPIKE = 1e4
#: Looks at the part around a step as the chart's own zoom does, and waits until the server's finer points are drawn.
ZOOM = """async ([from, to]) => {
  const view = document.querySelector('.ss-race').raceView, { series } = view.runs[0];
  const before = series.detail, began = performance.now();
  view.view.zoom = { x: [from, to] };
  const late = () => performance.now() - began > 10000;
  while (series.detail === before && !late()) await new Promise((done) => setTimeout(done, 5));
  const took = performance.now() - began, points = series.drawn();
  const inside = points.step.filter((step) => step >= from && step <= to).length;
  return { from, to, inside, ms: Math.round(took), spike: Math.max(...points.loss) };
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=64_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, race, runs = written_race(Path(folder), options.runs, options.steps)
        at = round(0.618 * options.steps)
        put_spike(workspace, runs[0], at)
        with watching(workspace) as (site, browser):
            read = [seconds(f"{site.url}/live/history?runs={','.join(map(str, runs))}") for _ in range(options.turns)]
            figures = {"history_ms": round(1000 * statistics.median(read))}
            figures |= first_paints(browser, f"{site.url}/?race={race}", options.turns)
            page, _ = opened(browser.new_context(viewport=SIZE), f"{site.url}/?race={race}")
            page.wait_for_timeout(1000)
            figures |= drawn_points(page)
            zooms = zoomed(page, at, options.steps)
    seen = all(zoom["spike"] == SPIKE for zoom in zooms)
    print(json.dumps({"runs": options.runs, "steps": options.steps, **figures, "spike_at_every_zoom": seen}, indent=1))
    for zoom in zooms:
        print(json.dumps(zoom))


def put_spike(workspace: Workspace, run: int, step: int) -> None:
    """Give one step of a run an enormous loss: its block is recorded again."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        sql = "SELECT id, step, steps FROM point_blocks WHERE run = ? AND split = 'train' AND step <= ?"
        block = reader.rows(f"{sql} ORDER BY step DESC LIMIT 1", run, step)[0]
        last = block["step"] + block["steps"] - 1
        columns = reader.points.series(run, Split.TRAIN, (block["step"], last)).columns
        rows = [StepRow(int(values[0]), *values[1:]) for values in zip(*columns.values(), strict=True)]
        with writer.transaction() as connection:
            connection.execute("DELETE FROM point_blocks WHERE id = ?", (block["id"],))
        writer.points.record(run, [row._replace(loss=SPIKE) if row.step == step else row for row in rows])


def seconds(url: str) -> float:
    """Return how long an answer takes."""
    began = time.perf_counter()
    with urlopen(url, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - began


def zoomed(page: Page, at: int, steps: int) -> list[dict]:
    """Zoom in around a step by halves, and out again."""
    widths = [steps / 2]
    while widths[-1] > 60:
        widths.append(widths[-1] / 2)
    return [page.evaluate(ZOOM, [at - width / 2, at + width / 2]) for width in [*widths, *reversed(widths[:-1:3])]]


if __name__ == "__main__":
    main()
