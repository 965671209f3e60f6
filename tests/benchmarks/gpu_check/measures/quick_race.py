"""The quick race from its start to pixels: an engine on the device, the page, and a browser if there is one."""

import statistics
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from engine.events import ENDED
from engine.runs.protocol.planning import RaceRequest
from tests.benchmarks.gpu_check.measures.engines import FAST, Engine, engine, finished, states
from tests.benchmarks.gpu_check.parts import Outcome, Setting

#: Long enough for updates to be seen while it trains.
STEPS, TINY_STEPS = 1500, 60
ENDS_S = 150.0


def follow_race(setting: Setting) -> Outcome:
    """Train the quick race, look at it in a browser meanwhile, follow it to its end."""
    outcome = Outcome()
    steps = TINY_STEPS if setting.tiny else STEPS
    request = RaceRequest((8, 14) if setting.tiny else (20, 56), ("none", "A"), steps=steps, settings=small(setting))
    began = time.monotonic()
    if reason := no_browser():
        with engine(setting, "workspace") as own:
            runs = own.start(request)
            outcome.figures |= judged(own, runs, began, outcome) | {"pixels": f"not looked at: {reason}"}
        return outcome
    from tests.benchmarks.stream.race_page import SIZE, opened, watching

    with engine(setting, "workspace") as own, watching(own.workspace) as (site, browser):
        began = time.monotonic()
        runs = own.start(request)
        race = own.rows(runs)[0].race
        page, first_ms = opened(browser.new_context(viewport=SIZE), f"{site.url}/?race={race}")
        outcome.figures["page_to_first_curve_ms"] = first_ms
        outcome.figures |= seen_steps(own, runs, page)
        outcome.figures |= judged(own, runs, began, outcome)
        drawn = outcome.figures["last_step_drawn"]
        outcome.expect(drawn == steps, f"the page drew {drawn} of {steps} steps")
    return outcome


def small(setting: Setting) -> dict[str, str]:
    """Return the settings of a rehearsal, none for the quick race itself."""
    return {**FAST, "probe.images": "8"} if setting.tiny else {}


def no_browser() -> str:
    """Return why no page can be looked at, '' where one can."""
    if find_spec("playwright") is None:
        return "playwright is not installed"
    from tests.conftest import CHROMIUM

    return "" if CHROMIUM else "no Chromium is there"


def judged(own: Engine, runs: list[int], began: float, outcome: Outcome) -> dict[str, Any]:
    """Follow the race to its end; return figures of its runs."""
    rows = own.ended(runs, ENDS_S)
    outcome.expect(finished(rows), f"the quick race: {states(rows)}")
    outcome.expect({row.device for row in rows} == {own.device}, f"not all of it trained on {own.device}")
    return {
        "seconds_to_the_end": time.monotonic() - began,
        "images_a_second": {row.arm: row.images_per_s or 0.0 for row in rows},
        "share_of_evaluation": max(row.evaluation_share or 0.0 for row in rows),
        "share_of_probes": max(row.probe_share or 0.0 for row in rows),
        "precision": rows[0].precision or "",
        "device": rows[0].device or "",
    }


def seen_steps(own: Engine, runs: list[int], page: Any) -> dict[str, float]:
    """Watch rows and pixels until all runs have ended and their last step is drawn."""
    from tests.benchmarks.stream.pixels import WATCH

    stored: dict[int, float] = {}
    over = threading.Event()
    watcher = threading.Thread(target=_note_rows, args=(own, runs, stored, over.is_set))
    page.evaluate(WATCH)
    watcher.start()
    deadline = time.monotonic() + ENDS_S
    while watcher.is_alive() and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    over.set()
    watcher.join()
    page.wait_for_timeout(2000)
    drawn = page.evaluate("() => window.drawn")
    last = page.evaluate(
        "() => Math.min(...document.querySelector('.ss-race').raceView.runs.map(run => run.series.lastStep))"
    )
    return {"last_step_drawn": last, **lateness(stored, [(int(step), moment) for step, moment in drawn])}


def _note_rows(own: Engine, runs: list[int], stored: dict[int, float], is_over: Callable[[], bool]) -> None:
    while not is_over():
        rows = own.rows(runs)
        stored.setdefault(min(row.step for row in rows), 1000 * time.time())
        if all(row.state in ENDED for row in rows):
            return
        time.sleep(0.01)


def lateness(stored: dict[int, float], drawn: list[tuple[int, float]]) -> dict[str, float]:
    """Return how many ms after a row the page had drawn its step: the middle of all, and 19 of 20.

    Args:
        stored: when each step was first seen in the database, in ms.
        drawn: which step was newest after each drawing, and when.
    """
    late = [
        next((moment for at, moment in drawn if at >= step and moment >= since), None)
        for step, since in stored.items()
        if step > 0
    ]
    pairs = zip(late, (since for step, since in stored.items() if step > 0), strict=True)
    waits = sorted(moment - since for moment, since in pairs if moment is not None)
    if not waits:
        return {"updates_seen": 0}
    return {
        "updates_seen": len(waits), "row_to_pixels_p50_ms": statistics.median(waits),
        "row_to_pixels_p95_ms": waits[min(len(waits) - 1, int(0.95 * len(waits)))],
    }  # fmt: skip
