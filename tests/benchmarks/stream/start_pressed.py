"""From the press of Start to the first points of all four arms on the screen, in a real browser.

    python -m tests.benchmarks.stream.start_pressed [--rounds 3]

Each round takes an empty workspace: cold (the page is opened and Start is pressed as soon as it is there, while the
engine may still be starting), then warm (a second race with the engine up). Bounds of the first issue: 10 s and 4 s.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from engine.store.workspace import Workspace
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site, open_setup, wait_view

DRAWN = (
    "v.runs.length === 4 && v.ids === '{ids}' && v.runs.every(r => r.series.train.step.length > 0) && v.revision > 0"
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            site = Site(Workspace(Path(folder) / "workspace"))
            try:
                print(json.dumps(measure(site)), flush=True)
            finally:
                site.close()


def measure(site: Site) -> dict[str, float]:
    site.start(engine=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(site.url)
        cold = press(page, "Start the quick race", "1,2,3,4")
        page.get_by_role("button", name="Pause all").click()
        wait_view(page, "v.runs.every(r => r.card.state === 'paused')")
        open_setup(page)
        warm = press(page, "Start race of 4 runs", "5,6,7,8")
        browser.close()
    return {"cold_s": round(cold, 2), "warm_s": round(warm, 2)}


def press(page: Page, name: str, ids: str) -> float:
    button = page.get_by_role("button", name=name)
    button.wait_for()
    began = time.monotonic()
    button.click()
    wait_view(page, DRAWN.format(ids=ids), 60)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
