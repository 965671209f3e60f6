"""From the landing page to the first curves on the screen, in a real browser, of one tree or of two in turn.

    python -m tests.benchmarks.stream.start_pressed [--rounds 3] [--against DIR] [--up 10]

Each round takes an empty workspace: cold (the page is opened as soon as the server answers, and Start is pressed as
soon as it is there, while the engine may still be starting), then warm (a second race with the engine up). A curve is
there when its line has a length in the picture, so every version is asked the same. ``--against`` names a checkout of
another version; each round then is a pair, and the order changes from pair to pair. One round before them is not
counted: in it Python compiles the sources. Bounds: 10 s cold, 4 s warm.

What a version does before its server answers is no part of ``landing_s``. So the ``start_to_...`` figures count from
the start of the process, as who starts the app waits. With ``--up S`` each round has a second server, whose page is
opened so many seconds after its first answer, as a room opens it: the ``up_...`` figures.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from engine.paths import PROJECT
from tests.conftest import CHROMIUM

#: Race on the screen, by the numbers of its runs.
RUNS = "document.querySelector('.ss-race')?.raceView?.ids ?? ''"
#: Whether so many nets of another race than ``before`` have a line in the picture; each net has a colour of its own.
DRAWN = f"""([before, nets]) => {{
  if ([before, ''].includes({RUNS})) return false;
  if (!document.querySelector('.ss-race').raceView.runs.some(({{ series }}) => series.train.step.length)) return false;
  const lines = [...document.querySelectorAll('.ss-race .js-plotly-plot path.js-line')];
  const drawn = lines.filter((line) => line.checkVisibility() && line.getTotalLength() > 0);
  return new Set(drawn.map((line) => getComputedStyle(line).stroke)).size >= nets;
}}"""
ARMS = 4
#: The figures of a visit to a server that has been up for a while.
UP = ("landing_s", "landing_to_first_s", "landing_to_all_s", "cold_first_s")
#: No version measures its own speed meanwhile.
QUIET = {"DISPLAY": "", "SKIPSCOPE_TIMING": "asked"}
PATIENCE_S = 120.0


def main() -> None:
    """Print one line for each round of each tree, then medians and, of pairs, the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, metavar="DIR")
    parser.add_argument("--up", type=float, default=10.0, metavar="S", help="0 for no second server")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first round")
    options = parser.parse_args()
    trees = [PROJECT, *([options.against.resolve()] if options.against else [])]
    rounds: dict[Path, list[dict[str, float]]] = {tree: [] for tree in trees}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as bytecode:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for number in range(options.first - 1, options.first + options.rounds):
            for tree in trees if number % 2 == 0 else reversed(trees):
                figures = visited(browser, tree, bytecode)
                if number >= options.first:
                    if options.up:
                        later = visited(browser, tree, bytecode, options.up)
                        figures |= {f"up_{name}": later[name] for name in UP}
                    rounds[tree].append(figures)
                    load = round(os.getloadavg()[0], 1)
                    print(json.dumps({"round": number, "tree": tree.name, **figures, "load": load}), flush=True)
        browser.close()
    medians = [
        {key: statistics.median(each[key] for each in rounds[tree]) for key in rounds[tree][0]} for tree in trees
    ]
    for tree, figures in zip(trees, medians, strict=True):
        print(json.dumps({"median": tree.name, **figures}))
    if options.against:
        own, other = medians
        print(json.dumps({"ratio": {key: round(own[key] / other[key], 3) for key in own}}))


@contextmanager
def served(tree: Path, bytecode: str) -> Iterator[str]:
    """Serve an empty workspace by the app of a tree; yield its address. Server and engine are gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "workspace")
        environment = {**os.environ, **QUIET, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
        command = [sys.executable, "-m", "app", "--no-browser", "--port", str(port), "--workspace", workspace]
        server = subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.DEVNULL)
        try:
            while not _answers(port):
                assert server.poll() is None, "the server has ended"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
            shutdown = [sys.executable, "-m", "engine", "--workspace", workspace, "shutdown"]
            subprocess.run(shutdown, cwd=tree, env=environment, check=False, capture_output=True)


def _answers(port: int) -> bool:
    with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    return False


def visited(browser: Browser, tree: Path, bytecode: str, up_s: float = 0.0) -> dict[str, float]:
    """Start a server of a tree, visit it when it has been up for so many seconds, and return the figures of both."""
    started = time.monotonic()
    with served(tree, bytecode) as url:
        time.sleep(up_s)
        answers = time.monotonic() - started
        figures = measure(browser, url)
    began = {"landing_s": answers + figures["landing_s"], "first_s": answers + figures["landing_to_first_s"]}
    return figures | {f"start_to_{name}": round(seconds, 2) for name, seconds in began.items()}


def measure(browser: Browser, url: str) -> dict[str, float]:
    """Return the seconds until the landing page is there, and from each press to the first curve and to all."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    began = time.monotonic()
    page.goto(url)
    page.get_by_role("button", name="Start the quick race").wait_for()
    landing = time.monotonic() - began
    cold = press(page, "Start the quick race")
    page.get_by_role("button", name="Pause all").click()
    page.wait_for_function("() => document.querySelector('.ss-chip')?.dataset.kind === 'paused'", polling=50)
    if (opens := page.get_by_role("button", name="New race", exact=True)).count():
        opens.click()  # the set-up lies in a side bar that is folded
    warm = press(page, re.compile("^(Start|Queue) race of 4 runs"))
    context.close()
    figures = {"landing_s": landing, "cold_first_s": cold[0], "cold_s": cold[1]}
    figures |= {"landing_to_first_s": landing + cold[0], "landing_to_all_s": landing + cold[1]}
    figures |= {"warm_first_s": warm[0], "warm_s": warm[1]}
    return {name: round(seconds, 2) for name, seconds in figures.items()}


def press(page: Page, name: str | re.Pattern) -> tuple[float, float]:
    """Return the seconds from a press of a button to the first curve of the race that it starts, and to all."""
    before = page.evaluate(RUNS)
    button = page.get_by_role("button", name=name)
    button.wait_for()
    began = time.monotonic()
    button.click()
    seconds = []
    for nets in (1, ARMS):
        page.wait_for_function(DRAWN, arg=[before, nets], polling=20)
        seconds.append(time.monotonic() - began)
    return seconds[0], seconds[1]


if __name__ == "__main__":
    main()
