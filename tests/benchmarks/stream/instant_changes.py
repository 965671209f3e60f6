"""From a change on the page Instant to the finished curves of all nets on the screen, in a real browser.

    python -m tests.benchmarks.stream.instant_changes [--changes 20] [--seconds-idle 1]

Twenty single changes by the keyboard, each after the one before has ended; then one second of rest, and how busy all
processes are after it; then one drag over 30 values. Bounds: 2 s in the median, 3 s at worst, on two quiet cores; at
most two races more than one for the drag. The split says where the time goes, the CPU seconds what a change
costs on a machine that has other work too.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from engine.store.connection import connect
from engine.store.workspace import Workspace
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site

VIEW = "document.querySelector('.si-instant')?.instantView"
OVER = f"before => {VIEW}?.shown && {VIEW}.shown.race > before && {VIEW}.shown.over"
#: Thirty values, 30 ms apart, as a hand drags.
DRAG = """async () => {
  const input = document.querySelector('.si-strength input');
  for (let step = 0; step < 30; step += 1) {
    input.value = String(step % 2 ? 20 - step / 2 : step / 2);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 30));
  }
}"""
PATIENCE_MS = 600_000


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--seconds-idle", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Workspace(Path(folder) / "workspace"))
        site.start()
        try:
            print(json.dumps(measure(site, options.changes, options.seconds_idle), indent=1))
        finally:
            site.close()


def measure(site: Site, changes: int, idle_s: float) -> dict:
    """Return what the changes, the rest and the drag cost."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{site.url}/instant")
        cold = changed(page, lambda: page.get_by_role("button", name="Train four nets").click())
        slider = page.get_by_role("slider", name="Strength of the shortcut")
        slider.focus()
        before = cpu_seconds(site)
        times, parts = [], []
        for _ in range(changes):
            began = time.time()
            times.append(changed(page, lambda: page.keyboard.press("ArrowLeft")))
            parts.append(split(site, began, began + times[-1]))
        cost = {name: round((spent - before.get(name, 0.0)) / changes, 2) for name, spent in cpu_seconds(site).items()}
        time.sleep(1)
        rested = sum(cpu_seconds(site).values())
        time.sleep(idle_s)
        busy = (sum(cpu_seconds(site).values()) - rested) / idle_s
        first = submitted(site)
        seen = page.evaluate(f"{VIEW}.race.race")
        page.evaluate(DRAG)
        page.wait_for_function(f"() => !{VIEW}.latest.busy && {VIEW}.race.over", timeout=PATIENCE_MS, polling=50)
        assert page.evaluate(f"{VIEW}.race.race") > seen
        browser.close()
    return {
        "cold_s": round(cold, 2), "median_s": round(statistics.median(times), 2), "worst_s": round(max(times), 2),
        "all_s": [round(value, 2) for value in times],
        "median_split_s": {name: round(statistics.median(part[name] for part in parts), 2) for name in parts[0]},
        "cpu_s_per_change": cost, "cores_busy_after_1s": round(busy, 3),
        "races_of_one_drag": submitted(site) - first, "load": [round(value, 1) for value in os.getloadavg()],
    }  # fmt: skip


def changed(page: Page, act) -> float:
    """Return the seconds from an act to the finished curves on the screen."""
    page.wait_for_function(f"() => {VIEW}?.controls && {VIEW}.feed.source", timeout=PATIENCE_MS)
    before = page.evaluate(f"{VIEW}.race?.race ?? 0")
    began = time.monotonic()
    act()
    page.wait_for_function(OVER, arg=before, timeout=PATIENCE_MS, polling=20)
    seconds = time.monotonic() - began
    print(f"{seconds:.2f} s", file=sys.stderr, flush=True)
    return seconds


def submitted(site: Site) -> int:
    """Return how many races were ever started."""
    connection = connect(site.workspace, readonly=True)
    number: int = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'races'").fetchone()[0]
    connection.close()
    return number


def split(site: Site, began: float, shown: float) -> dict[str, float]:
    """Return the seconds of the newest race: to its row, its starts, its last end, its curves on the screen."""
    connection = connect(site.workspace, readonly=True)
    submitted, first, last, ended = connection.execute(
        "SELECT races.created, min(started), max(started), max(ended) FROM runs JOIN races ON races.id = race"
        " WHERE race = (SELECT max(id) FROM races) GROUP BY race"
    ).fetchone()
    connection.close()
    return {
        "to_submit": submitted - began, "to_first_start": first - submitted, "to_last_start": last - first,
        "to_train": ended - last, "to_show": shown - ended,
    }  # fmt: skip


def cpu_seconds(site: Site) -> dict[str, float]:
    """Return the CPU seconds so far of server, browser, and engine with its workers, also of those that have ended."""
    engine, server = site.control.engine.status().pid, site.process
    assert engine is not None
    assert server is not None
    # The engine, too, descends from this process.
    browser = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    families = {"server": [psutil.Process(server.pid)], "browser": browser, "engine": [psutil.Process(engine)]}
    families["engine"] += families["engine"][0].children(recursive=True)
    return {name: sum(map(_spent, family)) for name, family in families.items()}


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


if __name__ == "__main__":
    main()
