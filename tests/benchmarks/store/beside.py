"""The same curves in Skipscope, TensorBoard and trackio: to write and open 50 runs, to follow one, bytes on the disk.

    python -m venv VENV && VENV/bin/pip install tensorboard trackio
    python -m tests.benchmarks.store.beside --python VENV/bin/python [--runs 50] [--steps 2000] [--json FILE]

Each tool gets loss and error of every step by its own writer; Skipscope keeps their running means, rate and clock too.
Opening: from the navigation until the picture in a headless Chromium no longer changes. Following: from a write until
the tool's server has the point for its page; how often the page asks is the tool's own matter. The other two
live in an environment of their own, and are no part of the product.
"""

import argparse
import hashlib
import json
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from engine.events import RunState, StepRow
from engine.store.space.disk import read_disk
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.store.generator import curves
from tests.benchmarks.stream.race_page import SIZE
from tests.benchmarks.synthetic_writer import make_race
from tests.conftest import CHROMIUM
from tests.e2e.conftest import Site

#: Seconds without a change of the picture after which a page with curves is complete, and the limit of waiting.
_STILL_S, _LIMIT_S = 1.5, 60.0
#: Points of the live run, one each second.
_LIVE = 8
#: Whether a tool's page has curves.
DRAWN = {
    "skipscope": "() => !!document.querySelector('.ss-plot .scatterlayer .trace path.js-line')",
    "tensorboard": "() => !!document.querySelector('scalar-card')?.innerText.includes('run-0')",
    "trackio": "() => !!document.querySelector('.vega-embed canvas, .vega-embed svg')",
}
FEEDER = Path(__file__).with_name("beside_feeder.py")


def opening(browser: Browser, kind: str, url: str, picture: Path) -> float | None:
    """Return the seconds from the navigation to the last change of a picture with curves; keep the picture."""
    page = browser.new_context(viewport=SIZE).new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    last, changed, found = "", 0.0, None
    while found is None and time.perf_counter() - began < _LIMIT_S:
        taken = time.perf_counter() - began
        is_drawn = page.evaluate(DRAWN[kind])
        seen = hashlib.sha256(page.screenshot(path=picture)).hexdigest()
        if seen != last or not is_drawn:
            last, changed = seen, taken
        elif taken - changed > _STILL_S:
            found = round(changed, 2)
    page.context.close()
    return found


def delays(written: dict[int, float], seen: dict[int, float]) -> dict[str, float]:
    """Return median and largest seconds from write to sight."""
    waits = [seen[step] - at for step, at in written.items() if step in seen]
    if not waits:
        return {"seen": 0}
    return {"follow_s": round(statistics.median(waits), 2), "follow_max_s": round(max(waits), 2), "seen": len(waits)}


# --- Skipscope --------------------------------------------------------------------------------------------------------


def skipscope(folder: Path, tables: np.ndarray, browser: Browser) -> dict[str, float]:
    """Measure Skipscope."""
    workspace = Workspace.at(folder / "skipscope")
    race, runs = make_race(workspace, len(tables), tables.shape[2])
    began = time.perf_counter()
    with Writer(workspace) as writer:
        for run, table in zip(runs, tables, strict=True):
            rows = [StepRow(step, *row) for step, row in enumerate(table.T.tolist(), 1)]
            for start in range(0, len(rows), 10):
                writer.points.record(run, rows[start : start + 10])
    found = {"write_s": round(time.perf_counter() - began, 2)}
    site = Site(workspace)
    site.start()
    try:
        found["open_s"] = opening(browser, "skipscope", f"{site.url}/?race={race}", folder / "skipscope.png")
        found["disk_mb"] = round(read_disk(workspace.path).kinds["database"] / 1e6, 2)
        _, (live,) = make_race(workspace, 1)
        seen: dict[int, float] = {}
        stream = Thread(target=_read_stream, args=(f"{site.url}/live/stream?runs={live}", seen), daemon=True)
        stream.start()
        time.sleep(1.0)
        written = {}
        with Writer(workspace) as writer:
            for step in range(1, _LIVE + 1):
                writer.points.record(live, [StepRow(step, 1.0 / step, 50.0, 1.0, 50.0, 0.1, float(step))])
                written[step] = time.time()
                time.sleep(1.0)
            writer.jobs.move(live, RunState.STOPPED)
        return found | delays(written, seen)
    finally:
        site.close()


def _read_stream(url: str, seen: dict[int, float]) -> None:
    with urlopen(url) as answer:
        for line in answer:
            if line.startswith(b"data:"):
                for entry in json.loads(line[5:]).get("p", ()):
                    for step in entry[-1][::3]:
                        seen.setdefault(step, time.time())


# --- the others -------------------------------------------------------------------------------------------------------


def other(python: Path, kind: str, folder: Path, tables: np.ndarray, browser: Browser) -> dict[str, float]:
    """Measure TensorBoard or trackio."""
    place = folder / kind
    place.mkdir()
    data = folder / "curves.npz"
    np.savez(data, curves=tables)
    said = subprocess.run([python, FEEDER, kind, place, data], capture_output=True, text=True, check=True).stdout
    found = {"write_s": round(float(said.split()[-1]), 2)}
    found["disk_mb"] = round(sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6, 2)
    with _server(python, kind, place) as url:
        found["open_s"] = opening(browser, kind, _first_page(kind, url), folder / f"{kind}.png")
        written, seen = {}, {}
        feeder = subprocess.Popen(
            [python, FEEDER, kind, place, "--live", str(_LIVE)], stdout=subprocess.PIPE, text=True
        )
        lines = Thread(target=_read_lines, args=(feeder, written))
        lines.start()
        until = time.monotonic() + 2 * _LIVE + 15
        while time.monotonic() < until and len(seen) < _LIVE:
            for step in _steps(kind, url):
                seen.setdefault(step, time.time())
            time.sleep(0.1)
        feeder.wait()
        lines.join()
    return found | delays(written, seen)


def _read_lines(feeder: subprocess.Popen, written: dict[int, float]) -> None:
    for line in feeder.stdout:
        if line.startswith("point "):
            _, step, at = line.split()
            written[int(step)] = float(at)


@contextmanager
def _server(python: Path, kind: str, place: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = {
        "tensorboard": ["-m", "tensorboard.main", "--logdir", str(place), "--port", str(port), "--load_fast", "false"],
        "trackio": ["-m", "trackio.cli", "show", "--project", "beside", "--host", "127.0.0.1"],
    }[kind]
    environment = {
        "TRACKIO_DIR": str(place),
        "GRADIO_SERVER_PORT": str(port),
        "PATH": "/usr/bin:/bin",
        "HOME": str(place),
    }
    log = place.with_suffix(".log").open("w")
    server = subprocess.Popen([python, *command], stdout=log, stderr=log, env=environment)
    try:
        _await(lambda: urlopen(f"http://127.0.0.1:{port}/").status == 200)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _await(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + _LIMIT_S
    while time.monotonic() < until:
        try:
            if ready():
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not answer")


def _first_page(kind: str, url: str) -> str:
    return f"{url}/#timeseries" if kind == "tensorboard" else f"{url}/?project=beside"


def _steps(kind: str, url: str) -> list[int]:
    """Return the steps of the live run that the tool's server has for its page."""
    try:
        if kind == "tensorboard":
            with urlopen(f"{url}/data/plugin/scalars/scalars?tag=loss&run=live") as answer:
                return [row[1] for row in json.loads(answer.read())]
        asked = json.dumps({"project": "beside", "run": "live"}).encode()
        request = Request(f"{url}/api/get_logs", asked, {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            document = json.loads(answer.read())
        rows = document.get("data", document) if isinstance(document, dict) else document
        return [row["step"] for row in rows if isinstance(row, dict) and "step" in row]
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--tools", default="skipscope,tensorboard,trackio", help="Which, with commas.")
    parser.add_argument("--pictures", type=Path, help="Keep what the browser showed in this folder.")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    tables = np.stack([curves(random, options.steps, 0.05) for _ in range(options.runs)])
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = options.pictures or Path(name)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        figures = {}
        for kind in options.tools.split(","):
            if kind == "skipscope":
                figures[kind] = skipscope(folder, tables, browser)
            else:
                figures[kind] = other(options.python, kind, folder, tables, browser)
        browser.close()
    print(json.dumps({"runs": options.runs, "steps": options.steps, **figures}, indent=1))


if __name__ == "__main__":
    main()
