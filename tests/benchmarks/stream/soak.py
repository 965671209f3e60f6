"""A long look: 8 runs are written at 2 Hz and a viewer watches. Does the memory of server and browser stay flat?

    python -m tests.benchmarks.stream.soak [--minutes 60] [--runs 8] [--hz 2]

Every minute one line: resident memory of the server, JavaScript heap of the page after a forced collection, points that
the page holds. The runs have a history already, so that it holds about as many as it ever will: they rise until it asks
for a thinned history again, and fall. Therefore the verdict, the last line, compares peaks: the highest of the last
third of the look with that of the first third, without its first five minutes. At most 10 % more is flat.
"""

import argparse
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession

from tests.benchmarks.stream.race_page import SIZE, metrics, opened, watching, written_race
from tests.benchmarks.synthetic_writer import write_points

HISTORY = 4_000
FLAT = 0.10
WARM_UP_MIN = 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--hz", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, race, runs = written_race(Path(folder), options.runs, HISTORY)
        with watching(workspace) as (site, browser):
            page, _ = opened(browser.new_context(viewport=SIZE), f"{site.url}/?race={race}")
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable")
            server = psutil.Process(site.process.pid)
            writer = threading.Thread(
                target=write_points, args=(workspace, runs, 60 * options.minutes + 5, options.hz),
                kwargs={"first_step": HISTORY + 1, "staggered": True}, daemon=True,
            )  # fmt: skip
            writer.start()
            taken = []
            for minute in range(options.minutes + 1):
                if minute:
                    page.wait_for_timeout(60_000)
                rss, heap = server.memory_info().rss / 1e6, heap_mb(session)
                held = page.evaluate(
                    "() => document.querySelector('.ss-race').raceView.runs.reduce((sum, run) =>"
                    " sum + run.series.drawn().step.length, 0)"
                )
                taken.append((rss, heap))
                say(f"{minute:3d} min  server {rss:7.1f} MB  page {heap:6.1f} MB  points {held}")
            writer.join(30)
    verdict(taken)


def heap_mb(session: CDPSession) -> float:
    """Return the page's JavaScript heap after a forced collection."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    return metrics(session)["JSHeapUsedSize"] / 1e6


def verdict(taken: list[tuple[float, float]]) -> None:
    """Print by how much server and page have grown, and whether that is flat."""
    settled = taken[min(WARM_UP_MIN, len(taken) // 5) :]
    third = max(1, len(settled) // 3)
    server, page = (max(column[-third:]) / max(column[:third]) - 1 for column in zip(*settled, strict=True))
    word = "flat" if max(server, page) <= FLAT else "GROWS"
    say(f"{word}: server {server:+.1%}, page {page:+.1%} (bound {FLAT:+.0%})")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
