"""A live race that is left for its recording, and found again: every drawn frame of the way in Chromium."""

import pytest

from tests.e2e.conftest import SLOW, view, wait_view
from tests.e2e.pace.waiting import becomes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Frames until the chart follows: one or two where the machine is at rest.
MAX_LATE = 5
ZOOM = {"x": [0, 40], "y": [20, 100]}
#: Of each frame: ranges, how many curves have a line, the last drawn step, whether it plays, the number of the drawing.
WATCH = """() => {
  const v = document.querySelector('.ss-race').raceView, plot = document.querySelector('.ss-plot');
  window.frames = [];
  window.watching = true;
  const look = () => {
    const { xaxis, yaxis } = plot._fullLayout;
    const lines = [...plot.querySelectorAll('.scatterlayer .js-line')].filter((line) => line.getAttribute('d'));
    const steps = plot.data.flatMap(({ meta, x }) => (meta === 'running' ? [x.at(-1) ?? 0] : []));
    const seen = !document.querySelector('.ss-skeleton').checkVisibility();
    window.frames.push({
      ranges: JSON.stringify([xaxis.range, yaxis.range]), lines: seen ? lines.length : 0,
      step: Math.max(0, ...steps), recorded: v.recorded, drawing: v.chart.revision,
    });
    if (window.watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
SEEN = "() => { window.watching = false; return window.frames; }"


def kept(page) -> list[dict]:  # at once: what was kept of each frame, which is over
    """Return what was seen since ``WATCH``."""
    return page.evaluate(SEEN)


def late(frames: list[dict]) -> list[int]:
    """Return for each turn how many frames had the old drawing."""
    found = []
    for place in range(1, len(frames)):
        if frames[place]["recorded"] != frames[place - 1]["recorded"]:
            drawing = frames[place - 1]["drawing"]
            found.append(next(n for n, frame in enumerate(frames[place:]) if frame["drawing"] > drawing))
    return found


@pytest.mark.long
def test_no_frame_of_the_way_is_empty_or_shows_another_range(site, open_page):
    race, _ = site.race(steps=SLOW)
    page = open_page(f"{site.url}/?race={race}")
    wait_view(page, "v.chart.drawn && v.runs.length === 2 && v.runs.every(r => r.series.lastStep > 10)")
    page.evaluate(f"() => {{ document.querySelector('.ss-race').raceView.view.zoom = {ZOOM}; }}")
    page.wait_for_function("() => document.querySelector('.ss-plot')._fullLayout.xaxis.range[1] === 40")
    page.evaluate(WATCH)
    for _ in range(3):
        page.locator(".ss-replay").click()
        wait_view(page, "v.recorded")
        page.wait_for_timeout(700)
        page.get_by_role("button", name="Back to live").click()
        wait_view(page, "!v.recorded")
        page.wait_for_timeout(700)
    frames = kept(page)
    assert len(frames) > 50
    assert {frame["ranges"] for frame in frames} == {frames[0]["ranges"]}
    lines = [frame["lines"] for frame in frames]
    assert min(lines) >= lines[0] > 0, lines
    steps = [frame["step"] for frame in frames]
    assert steps == sorted(steps), "a turn never takes a step back"
    turns = late(frames)
    assert len(turns) == 6
    assert max(turns) <= MAX_LATE, turns
    becomes(lambda: view(page, "v.view.zoom"), ZOOM)
