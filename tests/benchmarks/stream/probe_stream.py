"""What the pages of the probes cost: bytes per column and per minute, the history, first paint, the slider's answer.

    python -m tests.benchmarks.stream.probe_stream [--browser /usr/bin/chromium]

Starts the app server on a free loopback port and a temporary workspace, fills it with the synthetic probes of plain-110
and A-110 over 64,000 steps (506 columns), and follows two more nets of that depth live. Without a browser, only bytes.
"""

import json
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import click

from app.live.layers.messages import DRAWN, LAYOUTS
from engine.probes.registry import QUANTITIES
from engine.store.workspace import Workspace
from tests.benchmarks.stream.stream_cost import running_server
from tests.benchmarks.synthetic_probes import SyntheticRace

STEPS, LIVE_COLUMNS, PER_SECOND = 64_000, 40, 2.0
BUDGET_KIB = 60
SHOWN = {name: [layout["quantity"], *layout["always"]] for name, layout in LAYOUTS.items()}
#: Every quantity that the pages can ask for: a value per layer, block or stage.
SHOWN["all quantities"] = [
    row.name for row in QUANTITIES.values() if row.per in (*DRAWN, "stage") and "cifar" in row.families
]


def streamed(port: int, race: SyntheticRace, quantities: list[str], first: int) -> tuple[int, int]:
    """Write ``LIVE_COLUMNS`` columns while one looks on; return (bytes of the stream, columns that came)."""
    query = f"runs={','.join(map(str, race.runs))}&quantities={','.join(quantities)}"
    history = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/live/probes/history?{query}", timeout=20))
    stream = urllib.request.urlopen(
        f"http://127.0.0.1:{port}/live/probes/stream?{query}&since={history['cursor']}", timeout=20
    )
    found = {"bytes": 0, "columns": 0}

    def listen() -> None:
        for line in stream:
            found["bytes"] += len(line)
            if line.startswith(b"data:"):
                found["columns"] += len(json.loads(line[5:]).get("b", []))

    threading.Thread(target=listen, daemon=True).start()
    for index in range(first, first + LIVE_COLUMNS):
        race.column(index)
        time.sleep(1 / PER_SECOND)
    time.sleep(1.5)
    return found["bytes"], found["columns"]


def in_browser(port: int, race: int, executable: str) -> None:
    """Print when the page shows its profiles, counted from the navigation and from the component's own start."""
    from playwright.sync_api import sync_playwright

    view = "document.querySelector('.sp-probes')?.probeView"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/layers?race={race}")
        page.wait_for_function(f"() => {view}?.painted", timeout=30_000)
        first, began = page.evaluate(
            f"() => [{view}.painted, performance.getEntriesByType('resource')"
            ".find(e => /probe_view/.test(e.name)).startTime]"
        )
        click.echo(
            f"first paint, new browser: {first:.0f} ms after the navigation,"
            f" {first - began:.0f} ms of it the component's own"
        )
        page.get_by_role("link", name="Gradients").click()
        page.wait_for_function("() => location.pathname === '/gradients'")
        page.wait_for_timeout(1500)
        clicked = page.evaluate("() => performance.now()")
        page.get_by_role("link", name="Layers").click()
        page.wait_for_function(f"() => {view}?.data.layout === 'layers' && {view}.painted", timeout=30_000)
        click.echo(f"first paint, from another page: {page.evaluate(f'() => {view}.painted') - clicked:.0f} ms")
        page.wait_for_timeout(1500)
        took = page.evaluate(
            f"async () => {{ const v = {view}, took = []; for (let at = 0; at < 480; at += 16) {{"
            " const began = performance.now(); v.timeline.look(at);"
            " await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
            " took.push(performance.now() - began); } return took.sort((a, b) => a - b); }"
        )
        click.echo(
            f"slider to the next frame: median {took[len(took) // 2]:.0f} ms, worst of {len(took)} {took[-1]:.0f} ms"
        )
        browser.close()


@click.command(context_settings={"show_default": True})
@click.option("--browser", default="", help="A Chromium to measure paint and slider with.")
def main(browser: str) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.at(Path(folder) / "workspace")
        recorded = SyntheticRace(workspace, (110,), ("none", "A"), STEPS)
        recorded.fill()
        live = SyntheticRace(workspace, (110,), ("none", "A"), STEPS)
        with running_server(workspace.path) as (port, _):
            runs = ",".join(map(str, recorded.runs))
            for name, quantities in SHOWN.items():
                began = time.perf_counter()
                url = f"http://127.0.0.1:{port}/live/probes/history?runs={runs}&quantities={','.join(quantities)}&n=600"
                size = len(urllib.request.urlopen(url, timeout=30).read())
                took = time.perf_counter() - began
                click.echo(
                    f"{name}: history of 2 x {len(recorded.planned)} columns"
                    f" {size / 1024:.0f} KiB in {1000 * took:.0f} ms"
                )
            first = 0
            for name, quantities in SHOWN.items():
                size, columns = streamed(port, live, quantities, first)
                first += LIVE_COLUMNS
                each = size / columns
                click.echo(
                    f"{name}: {each:.0f} bytes per column and run ({columns} columns);"
                    f" {BUDGET_KIB} KiB a minute are {BUDGET_KIB * 1024 / each:.0f} columns a minute"
                )
            if browser:
                in_browser(port, recorded.race, browser)


if __name__ == "__main__":
    main()
