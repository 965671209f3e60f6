"""The race page as the benchmarks look at it: a server, a browser, when the curves were drawn and what that cost."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from engine.events import Evaluated, Split
from engine.store.points_view import PACKED
from engine.store.reader import Reader
from engine.store.tables.points import add_blocks
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.synthetic_writer import make_race
from tests.benchmarks.synthetic_writer import row as step_row
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site

SIZE = {"width": 1440, "height": 900}
#: Evaluations of a written run, as many as a trained one of any length has.
EVALUATIONS = 40
FLUSH = 5
#: Notes in the page when the frame with the first curve began, and the one with the chart, in ms since the navigation.
NOTICE = """
const notice = (selector, name) => {
  const look = () => document.querySelector(selector)
    ? setTimeout(() => { window[name] = performance.now(); }, 0) : requestAnimationFrame(look);
  requestAnimationFrame(look);
};
notice('.ss-preview path + path, .ss-plot .scatterlayer .trace path.js-line', 'firstCurve');
notice('.ss-plot .scatterlayer .trace path.js-line', 'firstChart');
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: 'longtask', buffered: true });
"""
DRAWS = """() => {
  window.draws = 0;
  document.querySelector('.ss-plot').on('plotly_afterplot', () => { window.draws += 1; });
}"""


def written_race(folder: Path, runs: int, steps: int) -> tuple[Workspace, int, list[int]]:
    """Write a race whose runs took turns, a few steps each, as they do while they train; returns it and its runs."""
    workspace = Workspace.at(folder)
    race, ids = make_race(workspace, runs, steps)
    with Writer(workspace) as writer, Reader(workspace) as reader:
        for row in reader.runs.all(race):
            if row.id not in ids:
                writer.jobs.delete(row.id)
    with Writer(workspace) as writer:
        with writer.transaction() as connection:
            for start in range(1, steps + 1, FLUSH):
                for run in ids:
                    rows = [step_row(run, step, step / 8) for step in range(start, min(start + FLUSH, steps + 1))]
                    table = np.array([[getattr(row, name) for name in PACKED] for row in rows])
                    add_blocks(connection, run, start, table.T)
            values = [(steps, steps / 8, run) for run in ids]
            connection.executemany("UPDATE runs SET step = ?, seconds = ? WHERE id = ?", values)
        for run in ids:
            evaluations = [
                Evaluated(steps * part // EVALUATIONS, split, 1.0, 80 - part, 1000, steps * part / EVALUATIONS / 8, 0.1,
                          "running")
                for part in range(1, EVALUATIONS + 1)
                for split in (Split.TRAIN_CLEAN, Split.TEST_SUBSET)
            ]  # fmt: skip
            writer.points.record(run, evaluations=evaluations)
    return workspace, race, ids


@contextmanager
def watching(workspace: Workspace) -> Iterator[tuple[Site, Browser]]:
    """Start the server and a browser, and end both."""
    site = Site(workspace)
    site.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            yield site, browser
            browser.close()
    finally:
        site.close()


def opened(context: BrowserContext, url: str) -> tuple[Page, float]:
    """Open the race page; returns it and the ms from the navigation to the first curve."""
    page = context.new_page()
    page.add_init_script(NOTICE)
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.firstChart", timeout=90_000)
    return page, page.evaluate("() => window.firstCurve")


def first_paints(browser: Browser, url: str, turns: int) -> dict[str, float]:
    """Return the medians over the turns: of a context that was never there, and of one that has the files cached."""
    new, warm = [], []
    for _ in range(turns):
        context = browser.new_context(viewport=SIZE)
        page, took = opened(context, url)
        new.append(took)
        page.close()
        page, took = opened(context, url)
        warm.append(took)
        context.close()
    return {
        "first_paint_new_ms": round(statistics.median(new)),
        "first_paint_warm_ms": round(statistics.median(warm)),
        "first_paints_ms": [[round(took) for took in new], [round(took) for took in warm]],
    }


def drawn_points(page: Page) -> dict[str, int]:
    """Return how many points Plotly was given, and how many steps they stand for."""
    return page.evaluate(
        """() => {
          const plot = document.querySelector('.ss-plot');
          const view = document.querySelector('.ss-race').raceView;
          const sum = (count) => view.runs.reduce((all, { series }) => all + count(series), 0);
          return {
            traces: plot.data.length,
            points_in_traces: plot.data.reduce((sum, trace) => sum + trace.x.length, 0),
            points_drawn: sum((series) => series.drawn().step.length + series.evaluations),
            steps_in_store: sum((series) => series.total),
          };
        }"""
    )


def work_of(page: Page, busy: Callable[[], None]) -> dict[str, float]:
    """Let ``busy`` happen while the page looks on; returns the browser's work per draw and its share of a core.

    ``browser_ms_per_draw`` is time on the clock in the page's tasks, ``cpu_ms_per_draw`` what its main thread computed:
    on a busy machine the first is larger.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(DRAWS)
    page.evaluate("() => { window.longTasks = []; }")
    before = metrics(session)
    busy()
    after = metrics(session)
    draws, tasks = page.evaluate("() => [window.draws, window.longTasks]")
    work = 1000 * (after["TaskDuration"] - before["TaskDuration"])
    return {
        "draws": draws,
        "browser_ms_per_draw": round(work / max(1, draws), 1),
        "cpu_ms_per_draw": round(1000 * (after["ThreadTime"] - before["ThreadTime"]) / max(1, draws), 1),
        "browser_share": round(work / 1000 / (after["Timestamp"] - before["Timestamp"]), 3),
        "longest_task_ms": round(max(tasks, default=0)),
    }


def metrics(session: CDPSession) -> dict[str, float]:
    """Return Chromium's own figures of a page by name; ``Performance.enable`` must have been sent."""
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
