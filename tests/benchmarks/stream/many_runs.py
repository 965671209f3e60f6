"""Many curves at once: 50 runs of 2,000 steps on the race page, and what an update costs the browser then.

    python -m tests.benchmarks.stream.many_runs [--runs 50] [--steps 2000] [--seconds 20] [--turns 5]

Prints the time from the navigation to the first curve (in a browser that was never there, and in one with the files
cached), how many points are drawn of how many, and the browser's work per update while every run makes two steps a
second. Bounds: first curve within 2 s, at most 20,000 points drawn, at most 150 ms of work per update. The browser
draws in software here, so its share is pessimistic.
"""

import argparse
import json
import tempfile
import threading
from pathlib import Path

from tests.benchmarks.stream.race_page import SIZE, drawn_points, first_paints, opened, watching, work_of, written_race
from tests.benchmarks.synthetic_writer import write_points


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace, race, runs = written_race(Path(folder), options.runs, options.steps)
        with watching(workspace) as (site, browser):
            url = f"{site.url}/?race={race}"
            figures = first_paints(browser, url, options.turns)
            page, _ = opened(browser.new_context(viewport=SIZE), url)
            page.wait_for_timeout(1000)
            figures |= drawn_points(page)

            def busy() -> None:
                writer = threading.Thread(
                    target=write_points, args=(workspace, runs, options.seconds),
                    kwargs={"first_step": options.steps + 1},
                )  # fmt: skip
                writer.start()
                while writer.is_alive():
                    page.wait_for_timeout(200)

            figures |= work_of(page, busy)
            figures |= {f"{key}_after": value for key, value in drawn_points(page).items()}
    bounds = {"first_paint_ms": 2000, "points_drawn": 20_000, "browser_ms_per_draw": 150}
    print(json.dumps({"runs": options.runs, "steps": options.steps, **figures, "bounds": bounds}, indent=1))


if __name__ == "__main__":
    main()
