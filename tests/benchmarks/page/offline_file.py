"""How soon the file of a race shows its picture: opened from the disk in Chromium, in a new browser each time.

    python -m tests.benchmarks.page.offline_file FILE.html [--times 6] [--width 1280] [--height 900]

Prints, in seconds from the start of the navigation, median and longest of all openings. ``picture_s``: curves and
conclusion are there. ``chart_s``: plotly.js has put the chart in the picture's place. Bound: a picture within 1.5 s.
Ends with 1 where the median is beyond it.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM

BOUND_S = 1.5
#: Seconds that an opening may take, and between two looks at it.
_LAST_S, _LOOK_S = 60.0, 0.1
#: Looks at each frame; what a frame has counts once the frame is over.
_WATCH = """
window.seenAt = {};
(function look() {
  const when = (name, there) => {
    if (!there || name in seenAt) return;
    seenAt[name] = null;
    setTimeout(() => (seenAt[name] = performance.now() / 1000));
  };
  const drawn = [...document.querySelectorAll("svg:not(.main-svg)")].some(
    (svg) => svg.clientWidth > 200 && svg.querySelectorAll("path").length > 3,
  );
  when("picture_s", drawn && document.querySelector(".ss-gap")?.innerText.trim());
  when("chart_s", document.querySelector(".js-plotly-plot .main-svg .scatterlayer path"));
  requestAnimationFrame(look);
})();
"""


def opened(file: Path, width: int, height: int) -> dict[str, float]:
    """Open the file in a browser of its own; return the seconds to its picture and to its chart."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            page = browser.new_context(offline=True, viewport={"width": width, "height": height}).new_page()
            page.add_init_script(_WATCH)
            page.goto(file.resolve().as_uri(), wait_until="commit")
            return _seen(page)
        finally:
            browser.close()


def _seen(page: Page) -> dict[str, float]:
    last = time.monotonic() + _LAST_S
    while True:
        # The file's policy forbids Playwright's own way of waiting.
        seen = page.evaluate("() => window.seenAt ?? {}")
        if all(seen.get(name) for name in ("picture_s", "chart_s")):
            return dict(seen)
        if time.monotonic() > last:
            raise SystemExit(f"not within {_LAST_S:g} s: {seen}; is it the file of a race?")
        time.sleep(_LOOK_S)


def main() -> int:
    """Print the figures as JSON; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=6)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    asked = parser.parse_args()
    if not asked.file.is_file():
        parser.error(f"there is no file {asked.file}; `python -m engine export --format html` makes one")
    all_seen = [opened(asked.file, asked.width, asked.height) for _ in range(asked.times)]
    figures = {
        name: {"median": round(statistics.median(values), 2), "longest": round(max(values), 2)}
        for name in ("picture_s", "chart_s")
        if (values := [seen[name] for seen in all_seen])
    }
    print(json.dumps({"bytes": asked.file.stat().st_size, "load": round(os.getloadavg()[0], 1), **figures}, indent=1))
    return int(figures["picture_s"]["median"] > BOUND_S)


if __name__ == "__main__":
    sys.exit(main())
