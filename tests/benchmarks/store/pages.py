"""How a workspace of thousands of runs opens: server, race page, page "Runs", a long race; and how fast rows come in.

    python -m tests.benchmarks.store.pages WORKSPACE [--turns 3] [--json FILE]

``WORKSPACE`` is one of ``tests.benchmarks.store.generator``. Bounds on two cores: the page starts within 3 s (the
first page of a new server, until its curves are drawn), "Runs" within 1 s of the press on its name, a race within 2 s,
and 50,000 rows a second come in by batches of 100. The browser draws in software here.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from engine.config import RaceConfig
from engine.events import StepRow
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.stream.race_page import SIZE, opened, watching

#: Rows of a batch, and batches of the measurement.
BATCH, BATCHES = 100, 1000
#: The press on "Runs" in the navigation; the table appears in the page that stands.
PRESS = """() => {
  window.pressed = performance.now();
  [...document.querySelectorAll('a')].find((link) => link.href.endsWith('/runs')).click();
}"""
TABLE = "() => document.querySelector('[data-testid=stDataFrame] canvas')"
BOUNDS = {"page_start_ms": 3000, "runs_page_ms": 1000, "race_ms": 2000, "rows_per_s": 50_000}


def ingestion(workspace: Workspace) -> float:
    """Return how many rows a second one writer records in batches; the runs are deleted afterwards."""
    with Writer(workspace) as writer:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        batches = [
            [StepRow(s, 2.5 / s, 78.125, 1 / (s + 2), 700 / (s + 9), 0.1, s / 7) for s in range(first, first + BATCH)]
            for first in range(1, BATCH * BATCHES, BATCH)
        ]
        began = time.perf_counter()
        for batch in batches:
            writer.points.record(run, batch)
        took = time.perf_counter() - began
        writer.jobs.delete(run)
    return BATCH * BATCHES / took


def longest_race(workspace: Workspace) -> int:
    """Return the race with most points."""
    with Reader(workspace) as reader:
        rows = reader.run_list.rows()
    return max(rows, key=lambda row: row.step).race


def table_opened(context, url: str) -> float:
    """Open the page "Runs"; return the ms from the navigation to its table."""
    page = context.new_page()
    page.goto(url, wait_until="commit")
    page.wait_for_function(TABLE, timeout=90_000, polling=20)
    took = page.evaluate("() => performance.now()")
    page.close()
    return took


def table_pressed(context, url: str) -> float:
    """Press "Runs" on the race page; return the ms from the press to the table."""
    page, _ = opened(context, url)
    page.wait_for_timeout(1000)
    page.evaluate(PRESS)
    page.wait_for_function(TABLE, timeout=90_000, polling=20)
    took = page.evaluate("() => performance.now() - window.pressed")
    page.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    workspace = Workspace.at(options.workspace)
    figures = {"rows_per_s": round(ingestion(workspace))}
    race = longest_race(workspace)
    with watching(workspace) as (site, browser):
        context = browser.new_context(viewport=SIZE)
        page, figures["page_start_ms"] = opened(context, site.url)
        page.close()
        # The first visit of "Runs" reads its list, the others find it.
        presses = [table_pressed(context, site.url) for _ in range(options.turns)]
        figures |= {"runs_page_first_ms": round(presses[0]), "runs_page_ms": round(statistics.median(presses))}
        visits = [table_opened(context, f"{site.url}/runs") for _ in range(options.turns)]
        figures["runs_by_address_ms"] = round(statistics.median(visits))
        races = []
        for _ in range(options.turns):
            page, took = opened(context, f"{site.url}/?race={race}")
            races.append(took)
            page.close()
        figures["race_ms"] = round(statistics.median(races))
    figures["page_start_ms"] = round(figures["page_start_ms"])
    text = json.dumps({**figures, "bounds": BOUNDS}, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
